/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spool.h: an unnamed file for what is too large to be kept in memory; it is gone when it is closed
 *
 * It is in TMPDIR, else in /var/tmp. Errors are GPUVM_EXIT_FAILED, GPUVM_EXIT_HOST when there is no room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

/** A file descriptor to close; -1: @error. */
int gpuvm_spool_open(GError **error);
bool gpuvm_spool_write(int fd, const void *bytes, size_t size, GError **error);

/** Reads up to @size bytes at @offset, and returns how many; 0: that is the end; -1: @error. */
ssize_t gpuvm_spool_read(int fd, uint64_t offset, void *bytes, size_t size, GError **error);
