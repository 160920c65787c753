/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/tarball.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "host/archive.h"

gpuvm_packed *
gpuvm_packed_new(char *name, char *text)
{
    gpuvm_packed *file = g_new0(gpuvm_packed, 1);

    file->name = name;
    file->text = text;
    return file;
}

void
gpuvm_packed_free(gpuvm_packed *file)
{
    if (!file)
        return;
    g_free(file->name);
    g_free(file->text);
    g_free(file);
}

static bool
is_zstd(const char *path)
{
    return g_str_has_suffix(path, ".tar.zst");
}

bool
gpuvm_tarball_knows(const char *path)
{
    return is_zstd(path) || g_str_has_suffix(path, ".tar.gz") || g_str_has_suffix(path, ".tgz");
}

/* What is packed into what. */
typedef struct packing {
    const char *path;
    const GPtrArray *files;
} packing;

static bool
write_archive(struct archive *archive, GByteArray *bytes, const void *data)
{
    const packing *work = data;
    bool zstd = is_zstd(work->path);
    bool right = (zstd ? gpuvm_archive.write_add_filter_zstd
                       : gpuvm_archive.write_add_filter_gzip)(archive) == ARCHIVE_OK &&
                 gpuvm_archive.write_set_format_pax_restricted(archive) == ARCHIVE_OK &&
                 /* gzip's header has the time otherwise */
                 (zstd || gpuvm_archive.write_set_options(archive, "gzip:!timestamp") == ARCHIVE_OK) &&
                 gpuvm_archive_open(archive, bytes);

    for (guint i = 0; right && i < work->files->len; i++) {
        const gpuvm_packed *file = work->files->pdata[i];

        right = gpuvm_archive_add(archive, file->name, file->text, 0644);
    }
    return right;
}

/* Beside @path first; a link, unlike a renamed file, takes no other one's place. */
static bool
put(const char *path, const GByteArray *bytes)
{
    g_autofree char *beside = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_WRONLY | O_CLOEXEC, 0600), error = 0;
    size_t done = 0;

    if (fd < 0)
        return false;
    for (ssize_t n; error == 0 && done < bytes->len; done += (size_t)MAX(n, 0)) {
        n = write(fd, bytes->data + done, bytes->len - done);
        error = n < 0 && errno != EINTR ? errno : 0;
    }
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && link(beside, path) != 0)
        error = errno;
    g_unlink(beside);
    errno = error;
    return error == 0;
}

bool
gpuvm_tarball_write(const char *path, const GPtrArray *files, GError **error)
{
    g_autoptr(GByteArray) bytes = gpuvm_archive_make(path, write_archive, &(packing){path, files}, error);

    if (!bytes)
        return false;
    if (put(path, bytes))
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot write %s: %s%s", path, g_strerror(errno),
                errno == EEXIST ? "\nremove it, or give another name: nothing is overwritten" : "");
    return false;
}
