/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define SYSTEM_LOGS "/var/log/libvirt/qemu"
#define TAIL_BYTES (256 * 1024)
#define MOST_BYTES (4 * 1024 * 1024) /* at once; the rest comes next time */

char *
gpuvm_log_path(const char *uri, const char *name)
{
    bool own = uri ? g_str_has_suffix(uri, "/session") : geteuid() != 0;
    g_autofree char *file = g_strconcat(name, ".log", NULL);

    return own ? g_build_filename(g_get_user_cache_dir(), "libvirt", "qemu", "log", file, NULL)
               : g_build_filename(SYSTEM_LOGS, file, NULL);
}

static char *
read_from(int fd, gint64 *offset, size_t *ret_size)
{
    struct stat status;
    g_autofree char *bytes = NULL;
    ssize_t n;

    if (fstat(fd, &status) < 0)
        return NULL;
    if (*offset < 0)
        *offset = MAX(status.st_size - TAIL_BYTES, 0);
    if (*offset > status.st_size)
        *offset = 0;
    bytes = g_malloc(MOST_BYTES + 1);
    n = pread(fd, bytes, MIN(status.st_size - *offset, MOST_BYTES), *offset);
    if (n < 0)
        return NULL;
    bytes[n] = '\0';
    *offset += n;
    *ret_size = (size_t)n;
    return g_steal_pointer(&bytes);
}

char *
gpuvm_log_read(const char *path, gint64 *offset, size_t *ret_size, GError **error)
{
    struct stat status;
    bool other = stat(path, &status) == 0 && !S_ISREG(status.st_mode); /* opening a device may do something */
    int fd = other ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = 0;
    char *bytes = fd < 0 ? NULL : read_from(fd, offset, ret_size);

    why = errno;
    if (fd >= 0)
        close(fd);
    if (!bytes)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read %s: %s%s", path,
                    other ? "it is not a regular file" : g_strerror(why),
                    other           ? ""
                    : why == EACCES ? "\nuse sudo"
                    : why == ENOENT ? "\nlibvirt writes it when the VM starts"
                                    : "");
    return bytes;
}
