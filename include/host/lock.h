/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock.h: one process at a time, on this machine; and the wish to be stopped
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct gpuvm_lock gpuvm_lock;

/**
 * The lock called @name, which one process can have, or several that do not want it @exclusive: a file in /run/gpuvm (root) or gpuvm in XDG_RUNTIME_DIR; waits while another process has it,
 * after it has called @waiting once. It ends with the process at the latest. NULL with @error: it cannot be had, or
 * gpuvm_interrupt_wanted.
 */
gpuvm_lock *
gpuvm_lock_take(const char *name, bool exclusive, void (*waiting)(void *data), void *data, GError **error);
void gpuvm_lock_release(gpuvm_lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_lock, gpuvm_lock_release)

/**
 * From here to the end, SIGINT, SIGTERM and SIGHUP do not end the process: what is being done is to look at
 * gpuvm_interrupt_wanted, and to clean up. The end carries out the signal that came.
 */
void gpuvm_interrupt_begin(void);
bool gpuvm_interrupt_wanted(void);
void gpuvm_interrupt_end(void);
