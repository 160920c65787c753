/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * terminal.h: a domain's console at the user's terminal
 */
#pragma once

#include "host/console.h"

/**
 * Passes standard input to @domain's console, and what the guest writes to standard output, until Ctrl-] is typed, the
 * console ends with the domain, or nobody reads the output any more. Each of these is success. Where standard input is a
 * terminal, every key goes to the guest, Ctrl-C too; the terminal is as it was before when this returns or a signal ends
 * the program. Where it is none, its end does not end the reading. @connected (may be NULL) is called when it begins.
 */
bool gpuvm_terminal_run(gpuvm_connection *connection, gpuvm_domain *domain, bool force,
                        void (*connected)(const char *name), GError **error);
