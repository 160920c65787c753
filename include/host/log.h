/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h: what libvirt and QEMU write of a domain, in a file of the host
 */
#pragma once

#include <glib.h>

/**
 * Where libvirt's QEMU driver keeps the log of domain @name, on its host: qemu:///system's is below /var/log, a session's below the
 * user's cache directory. @uri: NULL where it is libvirt's choice (remote/remote_driver.c), which is the former for root. g_malloc.
 */
char *gpuvm_log_path(const char *uri, const char *name);

/**
 * What is in the file @path from *@offset on, with a NUL behind it; *@offset, negative for the last of it, moves to its end. A file
 * that has become shorter is another one, and read from its beginning. One that cannot be read, or is no regular file, is GPUVM_EXIT_FAILED. g_malloc.
 */
char *gpuvm_log_read(const char *path, gint64 *offset, size_t *ret_size, GError **error);
