/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * terminal.h: a domain's console at the user's terminal, by way of libvirt, so that it works on a remote host, too
 *
 * All of it is done by one thread, in libvirt's event loop: a thread that waited for the guest would keep another one's
 * keys from being sent (see gpuvm_domain_apart).
 */
#pragma once

#include "host/domain.h"

/** To be called before the connection is opened: only then does it take part in the event loop. */
bool gpuvm_terminal_prepare(GError **error);

/**
 * Passes standard input to @domain's first console, and what the guest writes to standard output, until Ctrl-] is typed,
 * the console ends with the domain, or nobody reads the output any more. Each of these is success. Where standard input
 * is a terminal, every key goes to the guest, Ctrl-C too; the terminal is as it was before when this returns or a signal
 * ends the program. Where it is not, its end does not end the reading. @force takes the console from whoever has it.
 * @connected (may be NULL) is called when it begins.
 */
bool gpuvm_terminal_run(gpuvm_connection *connection, gpuvm_domain *domain, bool force,
                        void (*connected)(const char *name), GError **error);
