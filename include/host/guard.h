/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard.h: files that decide what others may do: opened only when nobody else could have written them
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef enum gpuvm_guard {
    /**
     * What decides on a real host: it, and each directory on the way to it, belongs to root or to whoever asks, and neither their groups nor
     * others may write there. The owner of / counts as root: in a user namespace that is how root looks.
     */
    GPUVM_GUARD_SYSTEM,
    /** One that the user names, who vouches for its owner and group: others may not write there. */
    GPUVM_GUARD_GIVEN,
} gpuvm_guard;

/**
 * Opens the regular file @file for reading, without waiting for anything; -1: @error (GPUVM_EXIT_FAILED), with the command that
 * mends it as a hint. Where it may be absent, *@ret_absent says that there is certainly none, which is no error, and which a link
 * to nothing on the way to it is not; NULL: it has to be there. In a directory with the sticky bit only owners replace files.
 */
int gpuvm_guard_open(const char *file, gpuvm_guard guard, bool *ret_absent, GError **error);
