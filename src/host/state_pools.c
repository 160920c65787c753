/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/state.h"

#include <stdio.h>
#include <string.h>

#include "host/file.h"
#include "host/statefile.h"

#define DEFINED "/etc/libvirt/storage" /* NAME.xml, a <pool> */

/*
 * Pool @name; of one that is not active, for now, what it is defined as; *@ret_doc holds it. NULL: there is none. What a domain
 * says of its name may be anything.
 */
static const xmlNode *
read_pool(const char *root, const char *name, xmlDoc **ret_doc)
{
    const xmlNode *pool = gpuvm_state_read(root, "storage", name, "pool", ret_doc);
    g_autofree char *text =
        !*ret_doc && !strchr(name, '/') ? gpuvm_file_text(root, DEFINED "/%s.xml", name) : NULL;

    if (text && (*ret_doc = gpuvm_xml_parse(text, strlen(text), name, NULL)))
        pool = xmlDocGetRootElement(*ret_doc);
    return pool;
}

static char *
path_of(const xmlNode *pool)
{
    return gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(pool, "target"), "path"));
}

char *
gpuvm_state_pool_path(const char *root, const char *name)
{
    g_autoptr(xmlDoc) doc = NULL;

    return path_of(read_pool(root, name, &doc));
}

/* The number of the SCSI host that a pool of type scsi is, as far as that names it: "host5", "scsi_host5". -1: not known. */
static int
host_of_adapter(const xmlNode *source)
{
    g_autofree char *name = gpuvm_xml_attr(gpuvm_xml_child(source, "adapter"), "name");
    const char *end = name ? g_strrstr(name, "host") : NULL;
    unsigned host;

    return end && sscanf(end, "host%u", &host) == 1 ? (int)host : -1;
}

/* The same of the session of an iSCSI pool, which is a host of its own; when there are several, nobody knows which is meant. */
static int
host_of_session(const char *root, const xmlNode *source)
{
    g_autofree char *name = gpuvm_xml_attr(gpuvm_xml_child(source, "device"), "path");
    g_autoptr(GPtrArray) sessions = gpuvm_file_list(root, "session", "/sys/class/iscsi_session");
    int host = -1;

    for (guint i = 0; name && i < sessions->len; i++) {
        const char *session = sessions->pdata[i];
        g_autofree char *target = gpuvm_file_text(root, "/sys/class/iscsi_session/%s/targetname", session);
        g_autoptr(GPtrArray) targets =
            gpuvm_file_list(root, "target", "/sys/class/iscsi_session/%s/device", session);
        unsigned number;

        if (g_strcmp0(target, name) != 0)
            continue;
        if (host >= 0 || targets->len != 1 || sscanf(targets->pdata[0], "target%u:", &number) != 1)
            return -1;
        host = (int)number;
    }
    return host;
}

/* "unit:BUS:TARGET:LUN", as libvirt's SCSI backend names volumes. */
static char *
find_unit(const char *root, int host, const char *volume)
{
    unsigned bus, target, lun;
    g_autoptr(GPtrArray) disks = NULL;

    if (host < 0 || sscanf(volume, "unit:%u:%u:%u", &bus, &target, &lun) != 3)
        return NULL;
    disks = gpuvm_file_list(root, "", "/sys/bus/scsi/devices/%d:%u:%u:%u/block", host, bus, target, lun);
    return disks->len == 1 ? g_strconcat("/dev/", disks->pdata[0], NULL) : NULL;
}

static char *
find_volume(const char *root, const xmlNode *pool, const char *volume, bool *ret_unseen)
{
    /* their volumes are called as their files are */
    static const char *const plain[] = {"dir", "fs", "netfs", "logical", "disk", "zfs", "vstorage", NULL};
    static const char *const elsewhere[] = {"rbd", "gluster", "sheepdog", "iscsi-direct", NULL};
    g_autofree char *type = gpuvm_xml_attr(pool, "type");
    g_autofree char *path = path_of(pool);
    const xmlNode *source = gpuvm_xml_child(pool, "source");
    char *found = NULL;

    if (path && type && g_strv_contains(plain, type))
        found = g_build_filename(path, volume, NULL);
    else if (g_strcmp0(type, "scsi") == 0)
        found = find_unit(root, host_of_adapter(source), volume);
    else if (g_strcmp0(type, "iscsi") == 0)
        found = find_unit(root, host_of_session(root, source), volume);
    *ret_unseen = !found && !(type && g_strv_contains(elsewhere, type));
    return found;
}

char *
gpuvm_state_volume_path(const char *root, const char *name, bool *ret_unseen)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", 2);
    g_autoptr(xmlDoc) doc = NULL;
    const xmlNode *pool = read_pool(root, parts[0], &doc);
    bool unseen = true;
    char *path = pool ? find_volume(root, pool, parts[1], &unseen) : NULL;

    if (ret_unseen)
        *ret_unseen = unseen;
    return path;
}
