/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/pool.h"

#include <string.h>

#include "base/xml.h"
#include "model/scalars.h"

#define SYSTEM_IMAGES "/var/lib/libvirt/images"

void
gpuvm_pool_free(gpuvm_pool *pool)
{
    if (!pool)
        return;
    if (pool->pool)
        gpuvm_virt.StoragePoolFree(pool->pool);
    g_free(pool->name);
    g_free(pool->path);
    g_free(pool);
}

char *
gpuvm_pool_default_path(const gpuvm_connection *connection, const char *name)
{
    bool own = connection && g_str_has_suffix(connection->uri, "/session");

    return own ? g_build_filename(g_get_user_data_dir(), "libvirt", "images", name, NULL)
               : g_build_filename(SYSTEM_IMAGES, name, NULL);
}

/* Learns the pool's directory; refuses one that has none. */
static bool
look_at_pool(gpuvm_pool *pool, GError **error)
{
    static const char *const kinds[] = {"dir", "fs", "netfs", NULL};
    g_autofree char *xml = gpuvm_virt.StoragePoolGetXMLDesc(pool->pool, 0);
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *kind = NULL;

    if (!xml)
        return gpuvm_virt_failed(error, "cannot read storage pool '%s'", pool->name);
    doc = gpuvm_xml_parse(xml, strlen(xml), "storage pool", error);
    if (!doc)
        return false;
    const xmlNode *root = xmlDocGetRootElement(doc);
    kind = gpuvm_xml_attr(root, "type");
    pool->path = gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(root, "target"), "path"));
    if (pool->path && kind && g_strv_contains(kinds, kind))
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST,
                "storage pool '%s' is of type %s: its volumes are not files\n"
                "name a pool that is a directory: --pool NAME",
                pool->name, kind ? kind : "unknown");
    return false;
}

/* Another process may have started it in the meantime. */
static bool
start_pool(gpuvm_pool *pool, GError **error)
{
    g_autoptr(GError) failed = NULL;

    if (gpuvm_virt.StoragePoolIsActive(pool->pool) == 1 || gpuvm_virt.StoragePoolCreate(pool->pool, 0) == 0)
        return true;
    gpuvm_virt_failed(&failed, "cannot start storage pool '%s'", pool->name);
    if (gpuvm_virt.StoragePoolIsActive(pool->pool) == 1)
        return true;
    g_propagate_error(error, g_steal_pointer(&failed));
    return false;
}

/* The pool as it is; *@ret_pool is NULL when there is none. */
static bool
find_pool(gpuvm_connection *connection, const char *name, gpuvm_pool **ret_pool, GError **error)
{
    g_autoptr(gpuvm_pool) pool = g_new0(gpuvm_pool, 1);

    pool->connection = connection;
    pool->name = g_strdup(name);
    pool->pool = gpuvm_virt.StoragePoolLookupByName(connection->conn, name);
    if (!pool->pool && gpuvm_virt_error() == VIR_ERR_NO_STORAGE_POOL) {
        *ret_pool = NULL;
        return true;
    }
    if (!pool->pool)
        return gpuvm_virt_failed(error, "cannot look up storage pool '%s'", name);
    if (!look_at_pool(pool, error))
        return false;
    *ret_pool = g_steal_pointer(&pool);
    return true;
}

char *
gpuvm_pool_path_of(gpuvm_connection *connection, const char *name, GError **error)
{
    g_autoptr(gpuvm_pool) pool = NULL;

    if (!find_pool(connection, name, &pool, error))
        return NULL;
    return pool ? g_steal_pointer(&pool->path) : gpuvm_pool_default_path(connection, name);
}

bool
gpuvm_pool_open(gpuvm_connection *connection, const char *name, gpuvm_pool **ret_pool, GError **error)
{
    g_autoptr(gpuvm_pool) pool = NULL;

    if (!find_pool(connection, name, &pool, error) || (pool && !start_pool(pool, error)))
        return false;
    *ret_pool = g_steal_pointer(&pool);
    return true;
}

/* The name of a pool that is made is that of its directory, too. */
static bool
check_name(const char *name, GError **error)
{
    g_autofree char *right = NULL, *why = NULL, *hint = NULL;

    if (gpuvm_scalar_name.parse(name, &right, &why, &hint))
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_USAGE,
                "there is no storage pool '%s', and none can be made: %s\n%s", name, why, hint);
    return false;
}

static bool
make_pool(gpuvm_connection *connection, const char *name, GError **error)
{
    g_autofree char *path = gpuvm_pool_default_path(connection, name);
    xmlNode *root = xmlNewNode(NULL, (const xmlChar *)"pool");
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    g_autofree char *xml = NULL;
    virStoragePoolPtr made;
    bool built;

    xmlDocSetRootElement(doc, root);
    gpuvm_xml_set(root, "type", "dir");
    gpuvm_xml_add(root, "name", name);
    gpuvm_xml_add(gpuvm_xml_add(root, "target", NULL), "path", path);
    xml = gpuvm_xml_print(root);
    made = gpuvm_virt.StoragePoolDefineXML(connection->conn, xml, 0);
    if (!made)
        return gpuvm_virt_failed(error, "cannot make storage pool '%s' in %s", name, path);
    /* another process may have made and started it in the meantime */
    built = gpuvm_virt.StoragePoolBuild(made, 0) == 0 || gpuvm_virt_error() == VIR_ERR_OPERATION_INVALID ||
            gpuvm_virt_failed(error, "cannot make storage pool '%s' in %s", name, path);
    if (built)
        gpuvm_virt.StoragePoolSetAutostart(made, 1);
    else
        gpuvm_virt.StoragePoolUndefine(made);
    gpuvm_virt.StoragePoolFree(made);
    return built;
}

gpuvm_pool *
gpuvm_pool_ensure(gpuvm_connection *connection, const char *name, GError **error)
{
    gpuvm_pool *pool = NULL;

    if (!gpuvm_pool_open(connection, name, &pool, error) || pool)
        return pool;
    if (!check_name(name, error) || !make_pool(connection, name, error) ||
        !gpuvm_pool_open(connection, name, &pool, error))
        return NULL;
    if (!pool)
        gpuvm_virt_failed(error, "cannot look up storage pool '%s'", name);
    return pool;
}

void
gpuvm_pool_refresh(gpuvm_pool *pool)
{
    gpuvm_virt.StoragePoolRefresh(pool->pool, 0);
}

uint64_t
gpuvm_pool_room(gpuvm_pool *pool)
{
    virStoragePoolInfo info;

    return gpuvm_virt.StoragePoolGetInfo(pool->pool, &info) == 0 ? info.available : UINT64_MAX;
}
