/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file.h: what the kernel's files and directories say, under a root prefix ("" is this machine)
 *
 * Paths are printf formats, without the root. What cannot be read is as if it were not there.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** The text of a file without the space at its end; NULL. g_malloc. */
char *gpuvm_file_text(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Its lines; NULL. To be freed with g_strfreev. */
char **gpuvm_file_lines(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The names in a directory that begin with @prefix (char *, owned by the array), in no order. */
GPtrArray *gpuvm_file_list(const char *root, const char *prefix, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** The last part of what a link leads to; NULL. g_malloc. */
char *gpuvm_file_target(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Writes @text, at once, to a file that is there. */
bool gpuvm_file_write(const char *root, const char *text, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

bool gpuvm_file_exists(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** All of @path, a @what, with at most one block more than @most bytes: it may be a device without an end. */
GString *gpuvm_file_read(const char *path, const char *what, gsize most, GError **error);
