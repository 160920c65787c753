/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/archive.h"

#include <string.h>

#include "base/error.h"
#include "host/library.h"

struct gpuvm_archive_functions gpuvm_archive;

static const gpuvm_library library = {
    .soname = GPUVM_ARCHIVE_SONAME,
    .title = "libarchive",
    .package = GPUVM_ARCHIVE_PACKAGE,
    .version = "3.6",
    .prefix = "archive_",
    .names = (const char *const[]){GPUVM_ARCHIVE_FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
    .functions = &gpuvm_archive};

static la_ssize_t
take(struct archive *archive G_GNUC_UNUSED, void *bytes, const void *more, size_t size)
{
    g_byte_array_append(bytes, more, (guint)size);
    return (la_ssize_t)size;
}

bool
gpuvm_archive_open(struct archive *archive, GByteArray *bytes)
{
    return gpuvm_archive.write_open(archive, bytes, NULL, take, NULL) == ARCHIVE_OK;
}

bool
gpuvm_archive_add(struct archive *archive, const char *name, const char *text, unsigned mode)
{
    struct archive_entry *entry = gpuvm_archive.entry_new();
    size_t size = strlen(text);
    bool right;

    gpuvm_archive.entry_set_pathname(entry, name);
    gpuvm_archive.entry_set_filetype(entry, AE_IFREG);
    gpuvm_archive.entry_set_perm(entry, mode);
    gpuvm_archive.entry_set_size(entry, (la_int64_t)size);
    right = gpuvm_archive.write_header(archive, entry) == ARCHIVE_OK &&
            gpuvm_archive.write_data(archive, text, size) == (la_ssize_t)size;
    gpuvm_archive.entry_free(entry);
    return right;
}

GByteArray *
gpuvm_archive_make(const char *title,
                   bool (*write)(struct archive *archive, GByteArray *bytes, const void *data),
                   const void *data, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct archive *archive;
    bool right;

    if (!gpuvm_library_load(&library, error))
        return NULL;
    archive = gpuvm_archive.write_new();
    right = write(archive, bytes, data) && gpuvm_archive.write_close(archive) == ARCHIVE_OK;
    if (!right)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot make %s: %s", title,
                    gpuvm_archive.error_string(archive));
    gpuvm_archive.write_free(archive);
    return right ? g_steal_pointer(&bytes) : NULL;
}
