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

/* @elsewhere: the process in whose mount namespace alone it is; NULL: it is in the host's own, or in this one. */
static void
use_mount(gpuvm_use_context *use, char **fields, char **rest, const char *elsewhere)
{
    g_autofree char *point = unescape(fields[MOUNT_POINT]), *source = unescape(rest[1]);
    g_autofree char *umount = make_command("umount", point);
    g_autofree char *command = elsewhere ? gpuvm_file_text(use->root, "/proc/%s/comm", elsewhere) : NULL;
    g_autofree char *what = elsewhere
                                ? g_strdup_printf("holds the file system mounted at %s for process %s (%s)",
                                                  point, elsewhere, command ? command : "?")
                                : g_strdup_printf("holds the file system mounted at %s", point);
    g_autofree char *remedy =
        elsewhere ? g_strdup_printf("sudo nsenter -t %s -m %s", elsewhere, umount + strlen("sudo "))
                  : g_strdup(umount);
    g_autofree char *target = gpuvm_file_target(use->root, "/sys/dev/block/%s", fields[MOUNT_DEVICE]);
    g_autofree char *name = target ? g_steal_pointer(&target) : block_name(use->root, source);

    use->is_root = !elsewhere && g_str_equal(point, "/");
    use->what = what;
    use->remedy = use->is_root ? NULL : remedy;
    gpuvm_use_block(use, name ? name : fields[MOUNT_DEVICE]);
    if (g_str_equal(rest[0], "zfs"))
        use_zfs(use, source);
    else if (g_str_equal(rest[0], "btrfs"))
        use_btrfs(use, name);
}

/* The mounts that process @pid sees. @seen: the devices of those before; with @others, only what is not among them. */
static void
read_mounts(gpuvm_use_context *use, const char *pid, GHashTable *seen, bool others)
{
    g_auto(GStrv) lines = gpuvm_file_lines(use->root, "/proc/%s/mountinfo", pid);

    for (char **line = lines; line && *line; line++) {
        char *behind = strstr(*line, " - ");
        g_auto(GStrv) fields = behind ? g_strsplit(*line, " ", MOUNT_POINT + 2) : NULL;
        g_auto(GStrv) rest = behind ? g_strsplit(behind + 3, " ", 3) : NULL;

        if (!fields || g_strv_length(fields) <= MOUNT_POINT || g_strv_length(rest) < 2 ||
            (others && g_hash_table_contains(seen, fields[MOUNT_DEVICE])))
            continue;
        use_mount(use, fields, rest, others ? pid : NULL);
        g_hash_table_add(seen, g_strdup(fields[MOUNT_DEVICE]));
    }
}

/* Containers and services may have mounted what nobody else sees. */
static void
read_namespaces(gpuvm_use_context *use)
{
    g_autoptr(GHashTable) devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = gpuvm_file_list(use->root, "", "/proc");

    /* the first process sees the host's mounts even when this one runs in a mount namespace of its own */
    read_mounts(use, "1", devices, false);
    read_mounts(use, "self", devices, false);
    for (guint i = 0; i < names->len; i++) {
        const char *pid = names->pdata[i];
        char *namespace =
            g_ascii_isdigit(pid[0]) ? gpuvm_file_target(use->root, "/proc/%s/ns/mnt", pid) : NULL;

        if (namespace && g_hash_table_add(namespaces, namespace))
            read_mounts(use, pid, devices, true);
    }
}

/* Of a swap file, the PCI functions need no word: the file system that it is on is mounted. */
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
        else
            gpuvm_use_file(use, node);
    }
}

/* What gives up a block device that device-mapper or md has made. */
static char *
make_release(const gpuvm_use_context *use, const char *holder, const char *mapped)
{
    static const struct {
        const char *uuid, *command;
    } kinds[] = {{"LVM-", "lvchange -an /dev/mapper/"},
                 {"CRYPT-", "cryptsetup close "},
                 {"mpath-", "multipath -f "},
                 {"", "dmsetup remove "}};
    g_autofree char *uuid = gpuvm_file_text(use->root, "/sys/class/block/%s/dm/uuid", holder);

    if (gpuvm_file_exists(use->root, "/sys/class/block/%s/md", holder))
        return g_strdup_printf("sudo mdadm --stop /dev/%s", holder);
    for (size_t i = 0; mapped && i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(uuid ? uuid : "", kinds[i].uuid))
            return g_strdup_printf("sudo %s%s", kinds[i].command, mapped);
    }
    return NULL;
}

/* Block device @holder is made of @name, whether it is mounted or not. */
static void
use_part(gpuvm_use_context *use, const char *name, const char *holder)
{
    g_autofree char *mapped = gpuvm_file_text(use->root, "/sys/class/block/%s/dm/name", holder);
    g_autofree char *what =
        g_strdup_printf("is a part of /dev/%s%s", mapped ? "mapper/" : "", mapped ? mapped : holder);
    g_autofree char *remedy = make_release(use, holder, mapped);

    use->what = what;
    use->remedy = remedy;
    gpuvm_use_block(use, name);
}

/* The file that loop device @name shows is the host's as long as that is there. */
static void
use_loop(gpuvm_use_context *use, const char *name)
{
    g_autofree char *what = g_strdup_printf("is the file of loop device /dev/%s", name);
    g_autofree char *remedy = g_strdup_printf("sudo losetup -d /dev/%s", name);

    use->what = what;
    use->remedy = remedy;
    gpuvm_use_loop_file(use, name);
}

/* What block devices are made of is of concern to disks alone: a controller is in use when what they hold is. */
static void
read_blocks(gpuvm_use_context *use)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(use->root, "", "/sys/class/block");

    use->disks_only = true;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autoptr(GPtrArray) holders = gpuvm_file_list(use->root, "", "/sys/class/block/%s/holders", name);

        for (guint h = 0; h < holders->len; h++)
            use_part(use, name, holders->pdata[h]);
        use_loop(use, name);
    }
}

void
gpuvm_uses_read_storage(const char *root, gpuvm_facts *facts)
{
    gpuvm_use_context use = {.root = root, .facts = facts, .kind = GPUVM_USE_STORAGE};

    read_namespaces(&use);
    read_swaps(&use);
    read_blocks(&use);
}
