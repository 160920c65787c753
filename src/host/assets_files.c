/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/inode.h"

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

static bool
add_once(GPtrArray *texts, char *text)
{
    bool news = !g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL);

    if (news)
        g_ptr_array_add(texts, text);
    else
        g_free(text);
    return news;
}

/* What block device @name is a partition of, and what that is made of. */
static void
add_below(const char *root, const char *name, GPtrArray *below)
{
    g_autofree char *whole = gpuvm_inode_whole(root, name), *file = gpuvm_inode_loop_file(root, whole);
    g_autoptr(GPtrArray) slaves = gpuvm_file_list(root, "", "/sys/class/block/%s/slaves", whole);

    if (file)
        add_once(below, g_steal_pointer(&file));
    if (!g_str_equal(whole, name))
        add_once(below, g_strdup(whole));
    for (guint i = 0; i < slaves->len; i++) {
        const char *slave = slaves->pdata[i];

        if (add_once(below, g_strdup(slave)))
            add_below(root, slave, below);
    }
}

/*
 * The paths of block device @number in /dev: the kernel's own, the links that udev has made, and @path itself, if it is one:
 * but in /dev/shm, where everybody makes links, only root makes what is there.
 */
static void
add_paths(const char *root, const char *number, const char *path, GPtrArray *paths)
{
    g_autofree char *name = gpuvm_file_target(root, "/sys/dev/%s", number);
    g_autofree char *given = g_canonicalize_filename(path, "/");
    g_auto(GStrv) lines = gpuvm_file_lines(root, "/run/udev/data/b%s", number + strlen(GPUVM_INODE_BLOCK));

    if (name) /* sysfs writes "cciss!c0d0" */
        add_once(paths, g_strconcat("/dev/", g_strdelimit(name, "!", '/'), NULL));
    for (char **line = lines; line && *line; line++) {
        if (g_str_has_prefix(*line, "S:"))
            add_once(paths, g_strconcat("/dev/", *line + strlen("S:"), NULL));
    }
    if (g_str_has_prefix(given, "/dev/") && !g_str_has_prefix(given, "/dev/shm/"))
        add_once(paths, g_steal_pointer(&given));
}

/* Whether the kernel refuses to share it: open(2) of O_EXCL without O_CREAT, which changes nothing. Only root may. */
static int
is_claimed(const char *path)
{
    int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == EBUSY ? 1 : GPUVM_UNKNOWN;
    close(fd);
    return 0;
}

/* What an image begins with; NULL when it cannot be read: *@ret_failed says why, unless this user may not. */
static GBytes *
read_head(const char *path, int *ret_failed)
{
    int fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    g_autofree char *head = g_malloc(GPUVM_ASSET_HEAD);
    size_t size = 0;
    ssize_t n;

    if (fd < 0) {
        *ret_failed = errno == EACCES || errno == EPERM || errno == ENOENT ? 0 : errno;
        return NULL;
    }
    while ((n = TEMP_FAILURE_RETRY(pread(fd, head + size, GPUVM_ASSET_HEAD - size, (off_t)size))) > 0)
        size += (size_t)n;
    *ret_failed = n < 0 ? errno : 0;
    close(fd);
    return n < 0 ? NULL : g_bytes_new(head, size);
}

/* Where it really is, without links, below @root. */
static char *
find_place(const char *root, const char *at)
{
    g_autofree char *real = realpath(at, NULL),
                    *base = realpath(*root ? root : "/", NULL); /* GLib's memory is the C library's */

    return real ? g_strdup(*root && g_str_has_prefix(real, base) ? real + strlen(base) : real) : NULL;
}

/* What the disk @asset is. */
static void
look_at_disk(const char *root, gpuvm_asset *asset)
{
    g_autofree char *path = g_strdup(asset->kind == GPUVM_ASSET_FILE ? asset->name : asset->path);
    g_autofree char *at = g_strconcat(root, path, NULL), *number = path ? gpuvm_inode_number(at) : NULL;

    if (!number)
        return;
    asset->identity = gpuvm_inode_identity(root, number);
    asset->block = g_str_has_prefix(number, GPUVM_INODE_BLOCK);
    if (asset->identity && (!asset->block || g_strcmp0(asset->format, "qcow2") == 0))
        asset->head = read_head(at, &asset->failed);
    g_free(asset->path);
    asset->path = find_place(root, at);
    if (!asset->block)
        return;
    asset->below = g_ptr_array_new_with_free_func(g_free);
    asset->paths = g_ptr_array_new_with_free_func(g_free);
    add_below(root, asset->identity, asset->below);
    add_paths(root, number, path, asset->paths);
    asset->claimed = is_claimed(at);
}

void
gpuvm_assets_look_at_files(const char *root, const GPtrArray *assets, guint first)
{
    for (guint i = first; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_FILE && !g_path_is_absolute(asset->name))
            continue; /* an image names it, for a protocol of QEMU's */
        if (asset->kind == GPUVM_ASSET_FILE)
            asset->exists = path_exists(root, asset->name);
        else if (asset->kind == GPUVM_ASSET_INTERFACE && gpuvm_file_exists(root, INTERFACES))
            asset->exists = gpuvm_file_exists(root, INTERFACES "/%s", asset->name);
        if (asset->disk)
            look_at_disk(root, asset);
    }
}

static void
identify(const char *root, gpuvm_facts *facts, GHashTable *disks, gpuvm_assets_finder *find, void *data)
{
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(disks, NULL);

    for (gpointer *name = names; *name; name++) {
        g_autofree char *path = g_path_is_absolute(*name) ? g_strdup(*name) : find(data, *name);
        g_autofree char *at = g_strconcat(root, path, NULL), *number = path ? gpuvm_inode_number(at) : NULL;
        g_autofree char *identity = number ? gpuvm_inode_identity(root, number) : NULL;

        if (identity)
            gpuvm_facts_identify(facts, *name, identity);
    }
}

void
gpuvm_assets_identify(const char *root, gpuvm_facts *facts, gpuvm_assets_finder *find, void *data)
{
    identify(root, facts, facts->writers, find, data);
    identify(root, facts, facts->sharers, find, data);
}
