/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/assets.h"

#include <string.h>

#include "host/domain.h"

static void
learn_network(virNetwork *network, gpuvm_asset *asset)
{
    g_autofree char *xml = gpuvm_virt.NetworkGetXMLDesc(network, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "network", NULL) : NULL;

    gpuvm_asset_learn_network(asset, doc ? xmlDocGetRootElement(doc) : NULL);
}

static void
look_at_network(gpuvm_connection *connection, gpuvm_asset *asset)
{
    virNetwork *network = gpuvm_virt.NetworkLookupByName(connection->conn, asset->name);

    if (!network) {
        asset->exists = gpuvm_virt_error() == VIR_ERR_NO_NETWORK ? 0 : GPUVM_UNKNOWN;
        return;
    }
    asset->exists = 1;
    asset->active = gpuvm_virt.NetworkIsActive(network);
    learn_network(network, asset);
    gpuvm_virt.NetworkFree(network);
}

static char *
path_of(virStorageVol *volume)
{
    g_autofree char *xml = gpuvm_virt.StorageVolGetXMLDesc(volume, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "volume", NULL) : NULL;
    const xmlNode *target = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "target") : NULL;

    return gpuvm_xml_text(gpuvm_xml_child(target, "path"));
}

static void
look_in_pool(virStoragePool *pool, gpuvm_asset *asset, const char *name)
{
    virStorageVol *volume;

    asset->active = gpuvm_virt.StoragePoolIsActive(pool);
    if (asset->active != 1)
        return;
    volume = gpuvm_virt.StorageVolLookupByName(pool, name);
    if (!volume && gpuvm_virt_error() != VIR_ERR_NO_STORAGE_VOL)
        return;
    asset->exists = volume != NULL;
    if (!volume)
        return;
    asset->path = path_of(volume);
    gpuvm_virt.StorageVolFree(volume);
}

static void
look_at_volume(gpuvm_connection *connection, gpuvm_asset *asset)
{
    g_auto(GStrv) parts = g_strsplit(asset->name, "/", 2);
    virStoragePool *pool = gpuvm_virt.StoragePoolLookupByName(connection->conn, parts[0]);

    if (pool) {
        look_in_pool(pool, asset, parts[1]);
        gpuvm_virt.StoragePoolFree(pool);
    } else if (gpuvm_virt_error() == VIR_ERR_NO_STORAGE_POOL) {
        asset->exists = 0;
    }
}

static void
look_at_domain(gpuvm_connection *connection, gpuvm_asset *asset)
{
    g_autoptr(gpuvm_domain) domain = NULL;

    if (gpuvm_domain_find(connection, asset->name, &domain, NULL))
        asset->exists = domain != NULL;
}

void
gpuvm_assets_look(gpuvm_connection *connection, const GPtrArray *assets, guint first)
{
    for (guint i = first; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_NETWORK)
            look_at_network(connection, asset);
        else if (asset->kind == GPUVM_ASSET_VOLUME)
            look_at_volume(connection, asset);
        else if (asset->kind == GPUVM_ASSET_DOMAIN)
            look_at_domain(connection, asset);
    }
    if (connection->local)
        gpuvm_assets_look_at_files("", assets, first);
}

static char *
find_volume(void *connection, const char *name)
{
    g_autoptr(gpuvm_asset) asset = gpuvm_asset_new(GPUVM_ASSET_VOLUME, NULL, name);

    look_at_volume(connection, asset);
    return g_steal_pointer(&asset->path);
}

void
gpuvm_assets_identify_running(gpuvm_connection *connection, gpuvm_facts *facts)
{
    if (connection->local)
        gpuvm_assets_identify("", facts, find_volume, connection);
}

/* Starts network @name; *@ret_started says whether it was not started by another process in the meantime. */
static bool
start_network(gpuvm_connection *connection, const char *name, bool *ret_started, GError **error)
{
    virNetwork *network = gpuvm_virt.NetworkLookupByName(connection->conn, name);
    bool right;

    *ret_started = network && gpuvm_virt.NetworkCreate(network) == 0;
    right = *ret_started || gpuvm_virt_failed(error, "cannot start network '%s'", name);
    if (!right && network && gpuvm_virt.NetworkIsActive(network) == 1) {
        g_clear_error(error);
        right = true;
    }
    if (network)
        gpuvm_virt.NetworkFree(network);
    return right;
}

bool
gpuvm_assets_start_networks(gpuvm_connection *connection, const GPtrArray *assets,
                            void (*started)(void *data, const char *name), void *data, GError **error)
{
    for (guint i = 0; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];
        bool began = false;

        if (asset->kind != GPUVM_ASSET_NETWORK || asset->active != 0)
            continue;
        if (!start_network(connection, asset->name, &began, error))
            return false;
        asset->active = 1;
        if (began)
            started(data, asset->name);
    }
    return true;
}
