/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void
gpuvm_uses_read(const char *root, gpuvm_facts *facts)
{
    gpuvm_facts_looked_for_uses(facts);
    gpuvm_uses_read_storage(root, facts);
    gpuvm_uses_read_network(root, facts);
    gpuvm_uses_read_holders(root, facts);
}

static char *G_GNUC_PRINTF(2, 0) under_root(const char *root, const char *format, va_list args)
{
    g_autofree char *path = g_strdup_vprintf(format, args);

    return g_strconcat(root, path, NULL);
}

char *
gpuvm_use_read_text(const char *root, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

GPtrArray *
gpuvm_use_list(const char *root, const char *prefix, const char *format, ...)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, prefix))
            g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

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
    g_autofree char *path = under_root(use->root, format, args);
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
    g_autoptr(GPtrArray) controllers = gpuvm_use_list(use->root, "nvme", "/sys/class/block/%s/device", name);

    for (guint i = 0; i < controllers->len; i++)
        gpuvm_use_path(use, "/sys/class/block/%s/device/%s", name, (const char *)controllers->pdata[i]);
}

/* The disk that block device @name is a partition of, or itself. */
static char *
disk_of(const char *root, const char *name)
{
    g_autofree char *partition = g_strdup_printf("%s/sys/class/block/%s/partition", root, name);
    g_autofree char *link = g_strdup_printf("%s/sys/class/block/%s", root, name);
    g_autofree char *path = g_file_test(partition, G_FILE_TEST_EXISTS) ? g_file_read_link(link, NULL) : NULL;
    g_autofree char *above = path ? g_path_get_dirname(path) : NULL;

    return above ? g_path_get_basename(above) : g_strdup(name);
}

/* The file that loop device @name is made of lies on a file system of its own, which is mounted and so is seen there. */
void
gpuvm_use_block(const gpuvm_use_context *use, const char *name)
{
    g_autofree char *disk = disk_of(use->root, name); /* which has the slaves and the controllers */
    g_autoptr(GPtrArray) slaves = gpuvm_use_list(use->root, "", "/sys/class/block/%s/slaves", disk);

    for (guint i = 0; i < slaves->len; i++)
        gpuvm_use_block(use, slaves->pdata[i]);
    use_nvme_subsystem(use, disk);
    gpuvm_use_path(use, "/sys/class/block/%s", disk);
}
