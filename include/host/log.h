/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h: what libvirt and QEMU write of a domain, in a file of the host
 */
#pragma once

#include "host/connection.h"

/**
 * Where libvirt's QEMU driver keeps the log of domain @name, on its host: qemu:///system's is below /var/log, a session's below the
 * user's cache directory. g_malloc.
 */
char *gpuvm_log_path(const gpuvm_connection *connection, const char *name);

/**
 * What is in the file @path from *@offset on, with a NUL behind it; *@offset, negative for the last of it, moves to its end. A file
 * that has become shorter is another one, and read from its beginning. One that cannot be read is GPUVM_EXIT_FAILED. g_malloc.
 */
char *gpuvm_log_read(const char *path, gint64 *offset, size_t *ret_size, GError **error);
