/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/use.h"

/* proc(5): the fields of a line of mountinfo; behind a lone "-": type, source, options. */
enum { MOUNT_DEVICE = 2, MOUNT_POINT = 4 };

/* The kernel writes a space in a path as "\040". */
static char *
unescape(const char *text)
{
    return g_strcompress(text);
}

/* "sudo umount /srv": the path as a shell takes it. */
static char *
make_command(const char *command, const char *path)
{
    bool plain = g_regex_match_simple("^[A-Za-z0-9/_.,:@+-]*$", path, 0, 0);
    g_autofree char *quoted = plain ? g_strdup(path) : g_shell_quote(path);

    return g_strdup_printf("sudo %s %s", command, quoted);
}

/* The block device behind a path in /dev; NULL. */
static char *
block_name(const char *root, const char *node)
{
    g_autofree char *path = g_strconcat(root, node, NULL);
    char *real = g_str_has_prefix(node, "/dev/") ? realpath(path, NULL) : NULL;
    char *name = real ? g_path_get_basename(real) : NULL;

    free(real);
    return name;
}

/* ZFS tells sysfs nothing; udev knows which block devices are members of the pool. */
static void
use_zfs(const gpuvm_use_context *use, const char *dataset)
{
    g_autofree char *pool = g_strndup(dataset, strcspn(dataset, "/@"));
    g_autofree char *label = g_strdup_printf("E:ID_FS_LABEL=%s", pool);
    g_autoptr(GPtrArray) names = gpuvm_file_list(use->root, "b", "/run/udev/data");

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i]; /* "b259:3" */
        g_auto(GStrv) lines = gpuvm_file_lines(use->root, "/run/udev/data/%s", name);

        if (lines && g_strv_contains((const char *const *)lines, "E:ID_FS_TYPE=zfs_member") &&
            g_strv_contains((const char *const *)lines, label)) {
            g_autofree char *block = gpuvm_file_target(use->root, "/sys/dev/block/%s", name + 1);

            if (block)
                gpuvm_use_block(use, block);
        }
    }
}

/* Every device of a mounted btrfs is listed, whichever of them was mounted. */
static void
use_btrfs(const gpuvm_use_context *use, const char *device)
{
    g_autoptr(GPtrArray) systems = gpuvm_file_list(use->root, "", "/sys/fs/btrfs");

    for (guint i = 0; device && i < systems->len; i++) {
        g_autoptr(GPtrArray) devices =
            gpuvm_file_list(use->root, "", "/sys/fs/btrfs/%s/devices", (const char *)systems->pdata[i]);

        if (!g_ptr_array_find_with_equal_func(devices, device, g_str_equal, NULL))
            continue;
        for (guint d = 0; d < devices->len; d++)
            gpuvm_use_block(use, devices->pdata[d]);
    }
}

static void
use_mount(gpuvm_use_context *use, const char *device, const char *point, const char *type, const char *source)
{
    g_autofree char *what = g_strdup_printf("holds the file system mounted at %s", point);
    g_autofree char *remedy = make_command("umount", point);
    g_autofree char *target = gpuvm_file_target(use->root, "/sys/dev/block/%s", device);
    g_autofree char *name = target ? g_steal_pointer(&target) : block_name(use->root, source);

    use->is_root = g_str_equal(point, "/");
    use->what = what;
    use->remedy = use->is_root ? NULL : remedy;
    if (name)
        gpuvm_use_block(use, name);
    if (g_str_equal(type, "zfs"))
        use_zfs(use, source);
    else if (g_str_equal(type, "btrfs"))
        use_btrfs(use, name);
}

static void
read_mounts(gpuvm_use_context *use, const char *process)
{
    g_auto(GStrv) lines = gpuvm_file_lines(use->root, "/proc/%s/mountinfo", process);

    for (char **line = lines; line && *line; line++) {
        char *behind = strstr(*line, " - ");
        g_auto(GStrv) fields = behind ? g_strsplit(*line, " ", MOUNT_POINT + 2) : NULL;
        g_auto(GStrv) rest = behind ? g_strsplit(behind + 3, " ", 3) : NULL;

        if (!fields || g_strv_length(fields) <= MOUNT_POINT || g_strv_length(rest) < 2)
            continue;
        g_autofree char *point = unescape(fields[MOUNT_POINT]);
        g_autofree char *source = unescape(rest[1]);
        use_mount(use, fields[MOUNT_DEVICE], point, rest[0], source);
    }
}

/* A swap file needs no word of its own: the file system that it is on is mounted. */
static void
read_swaps(gpuvm_use_context *use)
{
    g_auto(GStrv) lines = gpuvm_file_lines(use->root, "/proc/swaps");

    use->is_root = false;
    for (char **line = lines; line && *line; line++) {
        g_autofree char *field = g_strndup(*line, strcspn(*line, " \t"));
        g_autofree char *node = unescape(field);
        g_autofree char *name = block_name(use->root, node);
        g_autofree char *what = g_strdup_printf("holds swap space (%s)", node);
        g_autofree char *remedy = make_command("swapoff", node);

        use->what = what;
        use->remedy = remedy;
        if (name)
            gpuvm_use_block(use, name);
    }
}

void
gpuvm_uses_read_storage(const char *root, gpuvm_facts *facts)
{
    gpuvm_use_context use = {.root = root, .facts = facts, .kind = GPUVM_USE_STORAGE};

    /* the first process sees the host's mounts even when this one runs in a mount namespace of its own */
    read_mounts(&use, "1");
    read_mounts(&use, "self");
    read_swaps(&use);
}
