/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/use.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/file.h"

/* The minor numbers from here on are of NVIDIA's driver itself: /dev/nvidia-modeset, /dev/nvidiactl. */
#define NVIDIA_OF_NONE 254

void
gpuvm_use_path(const gpuvm_use_context *use, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *below = g_strdup_vprintf(format, args), *path = g_strconcat(use->root, below, NULL);
    va_end(args);
    char *resolved = realpath(path, NULL);
    if (!resolved)
        return;

    g_auto(GStrv) parts = g_strsplit(resolved, "/", -1);
    g_autofree char *what = gpuvm_text_printable(use->what);
    g_autofree char *remedy = use->remedy ? gpuvm_text_printable(use->remedy) : NULL;
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

/* The disk that block device @name is a partition of, or itself. */
static char *
disk_of(const char *root, const char *name)
{
    g_autofree char *link = g_strdup_printf("%s/sys/class/block/%s", root, name);
    bool partition = gpuvm_file_exists(root, "/sys/class/block/%s/partition", name);
    g_autofree char *path = partition ? g_file_read_link(link, NULL) : NULL;
    g_autofree char *above = path ? g_path_get_dirname(path) : NULL;

    return above ? g_path_get_basename(above) : g_strdup(name);
}

/* The file that loop device @name is made of lies on a file system of its own, which is mounted and so is seen there. */
void
gpuvm_use_block(const gpuvm_use_context *use, const char *name)
{
    g_autofree char *disk = disk_of(use->root, name); /* which has the slaves and the controllers */
    g_autoptr(GPtrArray) slaves = gpuvm_file_list(use->root, "", "/sys/class/block/%s/slaves", disk);

    for (guint i = 0; i < slaves->len; i++)
        gpuvm_use_block(use, slaves->pdata[i]);
    use_nvme_subsystem(use, disk);
    gpuvm_use_path(use, "/sys/class/block/%s", disk);
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

    if (g_str_has_prefix(number, "char/"))
        use_char(use, number + strlen("char/"), name);
    else if (name)
        gpuvm_use_block(use, name);
}
