/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/use.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/file.h"

static char *
printable(const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

    return valid ? gpuvm_text_printable(valid) : NULL;
}

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
    g_autofree char *what = printable(use->what), *remedy = printable(use->remedy);
    free(resolved);
    for (char **part = parts; *part; part++) {
        gpuvm_pci_addr addr;

        if (strchr(*part, ':') && gpuvm_pci_addr_parse(*part, &addr, NULL, NULL))
            gpuvm_facts_add_use(use->facts, &addr, use->kind, use->is_root, what, remedy);
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
