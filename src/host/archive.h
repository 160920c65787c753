/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * archive.h: libarchive, loaded when it is first needed, and an archive that is written into memory
 */
#pragma once

#include <stdbool.h>

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>

/* keep sorted */
#define GPUVM_ARCHIVE_FUNCTIONS(X)                                                                           \
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
    X(write_set_bytes_in_last_block)                                                                         \
    X(write_set_format_iso9660)                                                                              \
    X(write_set_format_pax_restricted)                                                                       \
    X(write_set_options)

#define GPUVM_ARCHIVE_MEMBER(name) __typeof__(&archive_##name) name;

/** Its functions without "archive_": zeros before gpuvm_archive_make. */
extern struct gpuvm_archive_functions {
    GPUVM_ARCHIVE_FUNCTIONS(GPUVM_ARCHIVE_MEMBER)
} gpuvm_archive;

/** Has what is written to @archive, whose format and filters are set, appended to @bytes. */
bool gpuvm_archive_open(struct archive *archive, GByteArray *bytes);

/** Adds a file of @text to it. */
bool gpuvm_archive_add(struct archive *archive, const char *name, const char *text, unsigned mode);

/**
 * The archive that @write makes: that sets format and filters, opens and fills it, and returns false where one of these fails.
 * @title: what messages call it. NULL: @error (GPUVM_EXIT_FAILED).
 */
GByteArray *gpuvm_archive_make(const char *title,
                               bool (*write)(struct archive *archive, GByteArray *bytes, const void *data),
                               const void *data, GError **error);
