/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/loop.h>

#include "host/file.h"

static char *
file_number(unsigned major, unsigned minor, guint64 inode)
{
    return g_strdup_printf(GPUVM_INODE_FILE "%u:%u/%" G_GUINT64_FORMAT, major, minor, inode);
}

char *
gpuvm_inode_number(const char *path)
{
    struct statx node;

    errno = 0;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &node) != 0)
        return NULL;
    if (S_ISREG(node.stx_mode))
        return file_number(node.stx_dev_major, node.stx_dev_minor, node.stx_ino);
    if (!S_ISCHR(node.stx_mode) && !S_ISBLK(node.stx_mode))
        return NULL;
    return g_strdup_printf("%s%u:%u", S_ISCHR(node.stx_mode) ? GPUVM_INODE_CHAR : GPUVM_INODE_BLOCK,
                           node.stx_rdev_major, node.stx_rdev_minor);
}

char *
gpuvm_inode_identity(const char *root, const char *number)
{
    char *name;

    if (g_str_has_prefix(number, GPUVM_INODE_FILE))
        return g_strdup(number);
    if (!g_str_has_prefix(number, GPUVM_INODE_BLOCK))
        return NULL;
    name = gpuvm_file_target(root, "/sys/dev/%s", number);
    return name ? name : g_strdup(number + strlen(GPUVM_INODE_BLOCK));
}

char *
gpuvm_inode_whole(const char *root, const char *name)
{
    g_autofree char *link = g_strdup_printf("%s/sys/class/block/%s", root, name);
    bool partition = gpuvm_file_exists(root, "/sys/class/block/%s/partition", name);
    g_autofree char *path = partition ? g_file_read_link(link, NULL) : NULL;
    g_autofree char *above = path ? g_path_get_dirname(path) : NULL;

    return above ? g_path_get_basename(above) : g_strdup(name);
}

/* What the kernel says to who may open loop device @name; NULL: it does not. */
static char *
ask_loop(const char *root, const char *name)
{
    g_autofree char *node = g_strdup_printf("%s/dev/%s", root, name);
    int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct loop_info64 info;
    bool told = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0;

    if (fd >= 0)
        close(fd);
    if (!told)
        return NULL;
    return info.lo_rdevice
               ? g_strdup_printf(GPUVM_INODE_BLOCK "%u:%u", major(info.lo_rdevice), minor(info.lo_rdevice))
               : file_number(major(info.lo_device), minor(info.lo_device), info.lo_inode);
}

/* The path in sysfs is one of the mount namespace that the file was opened in, where another file may have it here. */
char *
gpuvm_inode_loop_file(const char *root, const char *name)
{
    g_autofree char *path = gpuvm_file_text(root, "/sys/class/block/%s/loop/backing_file", name);
    g_autofree char *at = g_strconcat(root, path, NULL), *number = path ? ask_loop(root, name) : NULL;

    if (path && !number)
        number = gpuvm_inode_number(at);
    return number ? gpuvm_inode_identity(root, number) : NULL;
}
