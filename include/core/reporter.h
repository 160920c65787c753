/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reporter.h: a service in the guest that tells what core/inside.h reads, where nobody can have a script run there
 *
 * It writes to a virtio port, whose other end libvirt has, again and again while somebody reads there:
 *
 *   gpuvm-verify begin
 *   …                          what the script of core/inside.h prints
 *   gpuvm-verify end SHA256    of these lines
 *
 * Who begins to read may find the rest of a report that nobody read before.
 */
#pragma once

#include <stddef.h>

#include <glib.h>

/** What libvirt, QEMU and the guest (/dev/virtio-ports) call the port. */
#define GPUVM_REPORTER_CHANNEL "org.gpuvm.verify.0"

/** What the service runs, for any POSIX shell; $1 is the port. */
extern const char gpuvm_reporter_script[];

/** The shell script that sets the service up, with systemd, and starts it now and at each boot. g_malloc. */
char *gpuvm_reporter_setup(void);

/** Bytes within which a whole report comes: the rest of one, and another. */
#define GPUVM_REPORTER_MOST (3 * 1024 * 1024)

/** The first whole report in what came, anybody's @bytes; NULL: there is none. g_malloc. */
char *gpuvm_reporter_find(const char *bytes, size_t size);
