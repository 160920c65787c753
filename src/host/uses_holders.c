/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/use.h"

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

/* /dev/nvidiaN: NVIDIA's driver says in /proc which GPU has which minor number; without that it may be any. */
static void
use_nvidia(const gpuvm_use_context *use, const char *minor)
{
    g_autoptr(GPtrArray) gpus = gpuvm_file_list(use->root, "", "/proc/driver/nvidia/gpus");
    g_autofree char *pattern = g_strdup_printf("Device Minor:\\s*%s\\b", minor);

    if (gpus->len == 0)
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

/* Adds the use to what device node @node, a path in /dev, is of. */
static void
use_node(const gpuvm_use_context *use, const char *node)
{
    g_autofree char *name = g_path_get_basename(node);

    if (g_str_has_prefix(node, "/dev/dri/")) {
        gpuvm_use_path(use, "/sys/class/drm/%s", name);
    } else if (g_str_has_prefix(node, "/dev/snd/")) {
        gpuvm_use_path(use, "/sys/class/sound/%s", name);
    } else if (g_str_equal(node, "/dev/kfd")) {
        use_driver(use, "amdgpu");
    } else if (g_str_has_prefix(node, "/dev/nvme")) {
        gpuvm_use_path(use, "/sys/class/nvme/%s", name);
        gpuvm_use_block(use, name);
    } else if (g_str_has_prefix(node, "/dev/nvidia") && isdigit((unsigned char)node[strlen("/dev/nvidia")])) {
        use_nvidia(use, node + strlen("/dev/nvidia"));
    } else if (g_str_has_prefix(node, "/dev/vfio/") && isdigit((unsigned char)*name)) {
        use_group(use, name);
    }
}

static bool
is_of_interest(const char *path)
{
    static const char *const prefixes[] = {"/dev/dri/", "/dev/snd/",   "/dev/kfd",
                                           "/dev/nvme", "/dev/nvidia", "/dev/vfio/"};

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(path, prefixes[i]))
            return true;
    }
    return false;
}

/* Adds @path when it is of interest; one that was made anew since it was opened is called "/dev/… (deleted)". */
static void
add_node(GHashTable *nodes, const char *path)
{
    if (is_of_interest(path))
        g_hash_table_add(nodes, g_strndup(path, strcspn(path, " \n")));
}

/* The device nodes that process @pid has open, into the set @nodes; false when it may not be looked into. */
static bool
read_open(const char *root, const char *pid, GHashTable *nodes)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%s/fd", root, pid);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *name;

    if (!dir)
        return !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) &&
               !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM);
    while ((name = g_dir_read_name(dir))) {
        char target[64]; /* enough for the nodes of interest */
        g_autofree char *link = g_strdup_printf("%s/%s", path, name);
        ssize_t size = readlink(link, target, sizeof(target) - 1);

        if (size <= 0)
            continue;
        target[size] = '\0';
        add_node(nodes, target);
    }
    return true;
}

/* The same of what it has mapped: a mapping outlives its file descriptor. */
static void
read_mapped(const char *root, const char *pid, GHashTable *nodes)
{
    g_autofree char *maps = gpuvm_file_text(root, "/proc/%s/maps", pid);

    for (const char *at = maps ? strstr(maps, " /dev/") : NULL; at; at = strstr(at + 1, " /dev/"))
        add_node(nodes, at + 1);
}

/* The systemd unit of a process: the last part of its @cgroup that is one; NULL. */
static char *
unit_of(const char *cgroup)
{
    g_auto(GStrv) parts = cgroup ? g_strsplit_set(cgroup, "/\n", -1) : NULL;
    const char *unit = NULL;

    for (char **part = parts; part && *part; part++) {
        if (g_str_has_suffix(*part, ".service") || g_str_has_suffix(*part, ".scope"))
            unit = *part;
    }
    return g_strdup(unit);
}

static void
use_by_process(gpuvm_use_context *use, const char *pid, GHashTable *nodes)
{
    g_autofree char *command = gpuvm_file_text(use->root, "/proc/%s/comm", pid);
    g_autofree char *cgroup = gpuvm_file_text(use->root, "/proc/%s/cgroup", pid);
    g_autofree char *unit = unit_of(cgroup);
    /* below user@UID.service are the units of a user's own systemd, which the system's cannot stop */
    bool service = unit && g_str_has_suffix(unit, ".service") && !strstr(cgroup, "/user@");
    g_autofree char *remedy =
        service ? g_strdup_printf("sudo systemctl stop %s", unit) : g_strdup_printf("sudo kill %s", pid);
    GHashTableIter iter;
    const char *node;

    use->remedy = remedy;
    g_hash_table_iter_init(&iter, nodes);
    while (g_hash_table_iter_next(&iter, (gpointer *)&node, NULL)) {
        g_autofree char *what =
            g_strdup_printf("is open as %s in process %s (%s)%s%s", node, pid, command ? command : "?",
                            unit ? " of " : "", unit ? unit : "");
        use->what = what;
        use_node(use, node);
    }
}

void
gpuvm_uses_read_holders(const char *root, gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", "/proc");
    gpuvm_use_context use = {.root = root, .facts = facts, .kind = GPUVM_USE_HOLDER};

    /* proc(5), hidepid: other users' processes are not even listed; the first always runs */
    facts->processes_hidden |= !g_ptr_array_find_with_equal_func(names, "1", g_str_equal, NULL);

    for (guint i = 0; i < names->len; i++) {
        const char *pid = names->pdata[i];
        g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        if (!isdigit((unsigned char)pid[0]))
            continue;
        if (!read_open(root, pid, nodes))
            facts->processes_hidden = true;
        read_mapped(root, pid, nodes);
        if (g_hash_table_size(nodes) > 0)
            use_by_process(&use, pid, nodes);
    }
}
