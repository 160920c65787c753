/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.h: a running domain's console, by way of libvirt, so that it works on a remote host, too
 *
 * libvirt gives the console to one at a time. What the guest writes is read in a thread, which blocks in libvirt and ends
 * with the domain, the connection, or the process: nobody waits for it.
 */
#pragma once

#include "host/domain.h"

typedef struct gpuvm_console gpuvm_console;

/**
 * Takes what the guest wrote; @size 0 tells, once, that nothing more comes. False ends the reading. Called in the reading
 * thread.
 */
typedef bool (*gpuvm_console_sink)(void *data, const char *bytes, size_t size);

/**
 * Opens @domain's first console; @force takes it from whoever has it. @data is freed by @free_data when neither the
 * caller nor the thread needs it any more. On failure it is not taken.
 */
gpuvm_console *
gpuvm_console_open(gpuvm_connection *connection, gpuvm_domain *domain, bool force, gpuvm_console_sink sink,
                   void *data, GDestroyNotify free_data, GError **error);

/** Types @bytes in. */
bool gpuvm_console_send(gpuvm_console *console, const char *bytes, size_t size, GError **error);

/** After the sink was told of the end: whether it was the domain's, or the sink's will. */
bool gpuvm_console_ended_well(const gpuvm_console *console, GError **error);

/** Lets go of it; NULL is fine. */
void gpuvm_console_unref(gpuvm_console *console);

/** The last of what a guest wrote to its console. */
typedef struct gpuvm_console_tail gpuvm_console_tail;

/** From now on; NULL when it cannot be had, somebody else has it for example. */
gpuvm_console_tail *gpuvm_console_tail_open(const gpuvm_connection *connection, const gpuvm_domain *domain);

/** What there is, as it came; with a NUL behind it. g_malloc. */
char *gpuvm_console_tail_text(gpuvm_console_tail *tail, size_t *ret_size);

/** Lets go of it; NULL is fine. */
void gpuvm_console_tail_close(gpuvm_console_tail *tail);
