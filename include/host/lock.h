/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock.h: one process at a time, on this machine
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct gpuvm_lock gpuvm_lock;

/**
 * Takes the lock that is the file @path, made when it is missing, which one process can have, or several that do not
 * want it @exclusive. While another process has it, waits, after it has called @waiting once. It ends with the process at
 * the latest. NULL with @error (GPUVM_EXIT_FAILED): it cannot be had, or gpuvm_interrupt_wanted.
 */
gpuvm_lock *
gpuvm_lock_file(const char *path, bool exclusive, void (*waiting)(void *data), void *data, GError **error);

/** The same for the lock called @name: a file in /run/gpuvm for root, else in gpuvm in XDG_RUNTIME_DIR. */
gpuvm_lock *
gpuvm_lock_take(const char *name, bool exclusive, void (*waiting)(void *data), void *data, GError **error);

/** NULL is fine. */
void gpuvm_lock_release(gpuvm_lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_lock, gpuvm_lock_release)
