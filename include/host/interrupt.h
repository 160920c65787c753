/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interrupt.h: the wish to be stopped, where something must be put in order first
 *
 * From the beginning to the end, SIGINT, SIGTERM and SIGHUP do not end the process: what is being done is to look at
 * gpuvm_interrupt_wanted, and to clean up. The end carries out the signal that came.
 */
#pragma once

#include <stdbool.h>

void gpuvm_interrupt_begin(void);
bool gpuvm_interrupt_wanted(void);
void gpuvm_interrupt_end(void);
