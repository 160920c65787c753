/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/use.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/file.h"
#include "host/inode.h"

/* The minor numbers from here on are of NVIDIA's driver itself: /dev/nvidia-modeset, /dev/nvidiactl. */
#define NVIDIA_OF_NONE 254

/* @text: NULL stays. */
static char *
printable(const char *text)
{
    return text ? gpuvm_text_printable(text) : NULL;
}

void
gpuvm_use_path(const gpuvm_use_context *use, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *below = g_strdup_vprintf(format, args), *path = g_strconcat(use->root, below, NULL);
    va_end(args);
    char *resolved = use->disks_only ? NULL : realpath(path, NULL);
    if (!resolved)
        return;

    g_auto(GStrv) parts = g_strsplit(resolved, "/", -1);
    g_autofree char *what = printable(use->what), *remedy = printable(use->remedy);
    free(resolved);
    for (char **part = parts; *part; part++) {
        gpuvm_pci_addr addr;

        if (!strchr(*part, ':') || !gpuvm_pci_addr_parse(*part, &addr, NULL, NULL))
            continue;
        gpuvm_facts_add_use(use->facts, &addr, use->kind, use->is_root, what, remedy);
        if (use->ret_found)
            *use->ret_found = true;
    }
}

/* A multipath namespace hangs under a virtual subsystem, whose controllers are linked beside it. */
static void
use_nvme_subsystem(const gpuvm_use_context *use, const char *name)
{
    g_autoptr(GPtrArray) controllers = gpuvm_file_list(use->root, "nvme", "/sys/class/block/%s/device", name);

    for (guint i = 0; i < controllers->len; i++)
        gpuvm_use_path(use, "/sys/class/block/%s/device/%s", name, (const char *)controllers->pdata[i]);
}

static void
use_disk(const gpuvm_use_context *use, const char *identity, bool readonly)
{
    g_autofree char *what = printable(use->what), *remedy = printable(use->remedy);

    if (use->not_disks)
        return;
    gpuvm_facts_add_disk_use(use->facts, identity,
                             &(gpuvm_use){.kind = use->kind,
                                          .root = use->is_root,
                                          .readonly = readonly,
                                          .what = what,
                                          .remedy = remedy,
                                          .disk = (char *)(use->disk ? use->disk : identity)});
    if (use->ret_found)
        *use->ret_found = true;
}

void
gpuvm_use_file(const gpuvm_use_context *use, const char *path)
{
    g_autofree char *at = g_strconcat(use->root, path, NULL), *number = gpuvm_inode_number(at);

    if (number && g_str_has_prefix(number, GPUVM_INODE_FILE))
        use_disk(use, number, false);
}

void
gpuvm_use_loop_file(const gpuvm_use_context *use, const char *name)
{
    g_autofree char *file = gpuvm_inode_loop_file(use->root, name);
    g_autofree char *readonly = gpuvm_file_text(use->root, "/sys/class/block/%s/ro", name);

    if (file)
        use_disk(use, file, g_strcmp0(readonly, "1") == 0);
}

void
gpuvm_use_block(const gpuvm_use_context *use, const char *name)
{
    g_autofree char *whole =
        gpuvm_inode_whole(use->root, name); /* which has the slaves and the controllers */
    g_autoptr(GPtrArray) slaves = gpuvm_file_list(use->root, "", "/sys/class/block/%s/slaves", whole);
    gpuvm_use_context below = *use;

    if (!below.disk)
        below.disk = name;
    use_disk(&below, name, false);
    use_disk(&below, whole, false);
    for (guint i = 0; i < slaves->len; i++)
        gpuvm_use_block(&below, slaves->pdata[i]);
    gpuvm_use_loop_file(&below, whole);
    use_nvme_subsystem(use, whole);
    gpuvm_use_path(use, "/sys/class/block/%s", whole);
}

/* Every device that driver @name has. */
static void
use_driver(const gpuvm_use_context *use, const char *name)
{
    g_autoptr(GPtrArray) devices = gpuvm_file_list(use->root, "", "/sys/bus/pci/drivers/%s", name);

    for (guint i = 0; i < devices->len; i++) {
        if (strchr(devices->pdata[i], ':'))
            gpuvm_use_path(use, "/sys/bus/pci/drivers/%s/%s", name, (const char *)devices->pdata[i]);
    }
}

/* NVIDIA's driver says nothing in /sys/dev; its major number is in /proc/devices. */
static bool
is_nvidia(const char *root, const char *major)
{
    g_autofree char *devices = gpuvm_file_text(root, "/proc/devices");
    g_autofree char *pattern = g_strdup_printf("^ *%s nvidia(-frontend)?$", major);

    return devices && g_regex_match_simple(pattern, devices, G_REGEX_MULTILINE, 0);
}

/* It says in /proc which GPU has which minor number; without that it may be any. */
static void
use_nvidia(const gpuvm_use_context *use, const char *minor)
{
    g_autoptr(GPtrArray) gpus = gpuvm_file_list(use->root, "", "/proc/driver/nvidia/gpus");
    g_autofree char *pattern = g_strdup_printf("Device Minor:\\s*%s\\b", minor);

    if (gpus->len == 0 && atoi(minor) < NVIDIA_OF_NONE)
        use_driver(use, "nvidia");
    for (guint i = 0; i < gpus->len; i++) {
        const char *address = gpus->pdata[i];
        g_autofree char *text =
            gpuvm_file_text(use->root, "/proc/driver/nvidia/gpus/%s/information", address);

        if (text && g_regex_match_simple(pattern, text, 0, 0))
            gpuvm_use_path(use, "/sys/bus/pci/devices/%s", address);
    }
}

/* /dev/vfio/N is the IOMMU group N. */
static void
use_group(const gpuvm_use_context *use, const char *group)
{
    g_autoptr(GPtrArray) devices =
        gpuvm_file_list(use->root, "", "/sys/kernel/iommu_groups/%s/devices", group);

    for (guint i = 0; i < devices->len; i++)
        gpuvm_use_path(use, "/sys/kernel/iommu_groups/%s/devices/%s", group, (const char *)devices->pdata[i]);
}

/* Character device @number, which sysfs has as @name (or NULL). */
static void
use_char(const gpuvm_use_context *use, const char *number, const char *name)
{
    g_autofree char *class = gpuvm_file_target(use->root, "/sys/dev/char/%s/subsystem", number);
    g_auto(GStrv) parts = g_strsplit(number, ":", 2);

    if (!name && is_nvidia(use->root, parts[0]))
        use_nvidia(use, parts[1]);
    else if (g_strcmp0(class, "kfd") == 0)
        use_driver(use, "amdgpu");
    else if (g_strcmp0(class, "vfio") == 0)
        use_group(use, name);
    else if (g_strcmp0(class, "input") !=
             0) /* who listens to the jacks of a card's sound does not use the card */
        gpuvm_use_path(use, "/sys/dev/char/%s", number);
}

void
gpuvm_use_number(const gpuvm_use_context *use, const char *number)
{
    g_autofree char *name = gpuvm_file_target(use->root, "/sys/dev/%s", number);
    g_autofree char *disk = gpuvm_inode_identity(use->root, number);

    if (g_str_has_prefix(number, GPUVM_INODE_CHAR))
        use_char(use, number + strlen(GPUVM_INODE_CHAR), name);
    else if (g_str_has_prefix(number, GPUVM_INODE_FILE))
        use_disk(use, disk, false);
    else
        gpuvm_use_block(use, disk);
}
