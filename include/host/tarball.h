/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tarball.h: texts → a compressed tar archive, made by libarchive, which is loaded when it is first needed
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** A file of the archive. */
typedef struct gpuvm_packed {
    char *name; /* with its directories: "logs/vm/qemu.log" */
    char *text;
} gpuvm_packed;

gpuvm_packed *gpuvm_packed_new(char *name, char *text);
void gpuvm_packed_free(gpuvm_packed *file);

/** Whether the name of @path says how to compress it: .tar.gz, .tgz, .tar.zst. */
bool gpuvm_tarball_knows(const char *path);

/**
 * Writes @files (gpuvm_packed) to @path, for its owner alone to read, whole or not at all. A file that is there already, and whatever
 * else keeps it from being written, is GPUVM_EXIT_FAILED. Files have no owner and no date.
 */
bool gpuvm_tarball_write(const char *path, const GPtrArray *files, GError **error);
