/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/tarball.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "host/library.h"

/* keep sorted */
#define FUNCTIONS(X)                                                                                         \
    X(entry_free)                                                                                            \
    X(entry_new)                                                                                             \
    X(entry_set_filetype)                                                                                    \
    X(entry_set_pathname)                                                                                    \
    X(entry_set_perm)                                                                                        \
    X(entry_set_size)                                                                                        \
    X(error_string)                                                                                          \
    X(write_add_filter_gzip)                                                                                 \
    X(write_add_filter_zstd)                                                                                 \
    X(write_close)                                                                                           \
    X(write_data)                                                                                            \
    X(write_free)                                                                                            \
    X(write_header)                                                                                          \
    X(write_new)                                                                                             \
    X(write_open)                                                                                            \
    X(write_set_format_pax_restricted)                                                                       \
    X(write_set_options)

#define MEMBER(name) __typeof__(&archive_##name) name;
static struct {
    FUNCTIONS(MEMBER)
} lib;

static const gpuvm_library library = {.soname = GPUVM_ARCHIVE_SONAME,
                                      .title = "libarchive",
                                      .package = GPUVM_ARCHIVE_PACKAGE,
                                      .version = "3.6",
                                      .prefix = "archive_",
                                      .names = (const char *const[]){FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
                                      .functions = &lib};

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

static la_ssize_t
take(struct archive *archive G_GNUC_UNUSED, void *bytes, const void *more, size_t size)
{
    g_byte_array_append(bytes, more, (guint)size);
    return (la_ssize_t)size;
}

static bool
add_file(struct archive *archive, const gpuvm_packed *file)
{
    struct archive_entry *entry = lib.entry_new();
    size_t size = strlen(file->text);
    bool right;

    lib.entry_set_pathname(entry, file->name);
    lib.entry_set_filetype(entry, AE_IFREG);
    lib.entry_set_perm(entry, 0644);
    lib.entry_set_size(entry, (la_int64_t)size);
    right = lib.write_header(archive, entry) == ARCHIVE_OK &&
            lib.write_data(archive, file->text, size) == (la_ssize_t)size;
    lib.entry_free(entry);
    return right;
}

/* gzip's header has the time otherwise. */
static bool
begin(struct archive *archive, const char *path, GByteArray *bytes)
{
    bool zstd = is_zstd(path);

    return (zstd ? lib.write_add_filter_zstd : lib.write_add_filter_gzip)(archive) == ARCHIVE_OK &&
           lib.write_set_format_pax_restricted(archive) == ARCHIVE_OK &&
           (zstd || lib.write_set_options(archive, "gzip:!timestamp") == ARCHIVE_OK) &&
           lib.write_open(archive, bytes, NULL, take, NULL) == ARCHIVE_OK;
}

static GByteArray *
pack(const char *path, const GPtrArray *files, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct archive *archive;
    bool right;

    if (!gpuvm_library_load(&library, error))
        return NULL;
    archive = lib.write_new();
    right = begin(archive, path, bytes);
    for (guint i = 0; right && i < files->len; i++)
        right = add_file(archive, files->pdata[i]);
    right = right && lib.write_close(archive) == ARCHIVE_OK;
    if (!right)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot make %s: %s", path,
                    lib.error_string(archive));
    lib.write_free(archive);
    return right ? g_steal_pointer(&bytes) : NULL;
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
    g_autoptr(GByteArray) bytes = pack(path, files, error);

    if (!bytes)
        return false;
    if (put(path, bytes))
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot write %s: %s%s", path, g_strerror(errno),
                errno == EEXIST ? "\nremove it, or give another name: nothing is overwritten" : "");
    return false;
}
