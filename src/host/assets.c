/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/assets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"

#define INTERFACES "/sys/class/net"

/* 1 or 0; GPUVM_UNKNOWN when it may not be looked at. */
static int
path_exists(const char *root, const char *path)
{
    g_autofree char *at = g_strconcat(root, path, NULL);
    struct stat status;

    if (stat(at, &status) == 0)
        return 1;
    return errno == ENOENT || errno == ENOTDIR ? 0 : GPUVM_UNKNOWN;
}

void
gpuvm_assets_look_at_files(const char *root, const GPtrArray *assets)
{
    for (guint i = 0; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_FILE)
            asset->exists = path_exists(root, asset->name);
        else if (asset->kind == GPUVM_ASSET_INTERFACE && gpuvm_file_exists(root, INTERFACES))
            asset->exists = gpuvm_file_exists(root, INTERFACES "/%s", asset->name);
    }
}

/* A network with <forward mode='hostdev'> takes a PCI function for each interface: one that no plan has seen. */
static int
passes_devices(virNetwork *network)
{
    g_autofree char *xml = gpuvm_virt.NetworkGetXMLDesc(network, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "network", NULL) : NULL;

    return !doc ||
           gpuvm_xml_attr_is(gpuvm_xml_child(xmlDocGetRootElement(doc), "forward"), "mode", "hostdev");
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
    asset->passes_devices = passes_devices(network);
    gpuvm_virt.NetworkFree(network);
}

static void
look_in_pool(virStoragePool *pool, gpuvm_asset *asset, const char *name)
{
    virStorageVol *volume;

    asset->active = gpuvm_virt.StoragePoolIsActive(pool);
    if (asset->active != 1)
        return;
    volume = gpuvm_virt.StorageVolLookupByName(pool, name);
    if (volume)
        gpuvm_virt.StorageVolFree(volume);
    else if (gpuvm_virt_error() != VIR_ERR_NO_STORAGE_VOL)
        return;
    asset->exists = volume != NULL;
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

void
gpuvm_assets_look(gpuvm_connection *connection, const GPtrArray *assets)
{
    if (connection->local)
        gpuvm_assets_look_at_files("", assets);
    for (guint i = 0; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_NETWORK)
            look_at_network(connection, asset);
        else if (asset->kind == GPUVM_ASSET_VOLUME)
            look_at_volume(connection, asset);
    }
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
