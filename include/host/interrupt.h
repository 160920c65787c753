/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interrupt.h: signals that end the process, held back while something must be cleaned up first
 *
 * Between begin and end, SIGINT, SIGTERM and SIGHUP do not end the process: what is being done checks
 * gpuvm_interrupt_wanted, and cleans up. The signal that came takes effect at the end: of several that are nested, the last.
 */
#pragma once

#include <stdbool.h>

void gpuvm_interrupt_begin(void);
bool gpuvm_interrupt_wanted(void);
void gpuvm_interrupt_end(void);
