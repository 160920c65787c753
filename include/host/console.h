/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.h: what a running domain writes to its console, by way of libvirt, so that it works on a remote host, too
 *
 * libvirt gives the console to one at a time.
 */
#pragma once

#include "host/domain.h"

/** The last of what a guest wrote to its console. */
typedef struct gpuvm_console_tail gpuvm_console_tail;

/** From now on; NULL when it cannot be had, somebody else has it for example. */
gpuvm_console_tail *gpuvm_console_tail_open(const gpuvm_connection *connection, const gpuvm_domain *domain);

/** What there is, as it came; with a NUL behind it. g_malloc. */
char *gpuvm_console_tail_text(gpuvm_console_tail *tail, size_t *ret_size);

/** Lets go of it; NULL is fine. Its thread ends with the domain, the connection or the process. */
void gpuvm_console_tail_close(gpuvm_console_tail *tail);
