/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * library.h: shared libraries that are loaded when they are first needed, so that commands without them do not pay
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** A library, and what is wanted of it. */
typedef struct gpuvm_library {
    const char *soname;       /* "libvirt.so.0" */
    const char *title;        /* what messages call it: "libvirt" */
    const char *package;      /* the Debian package that has it */
    const char *version;      /* the oldest that has every symbol: "9.0" */
    const char *const *names; /* of its symbols */
    size_t n;
} gpuvm_library;

/**
 * Opens @library lazily in the global scope (an interposing library is honoured), and fills @ret_functions, a struct of
 * n pointers to functions, in the order of its names. Fails with GPUVM_EXIT_FAILED and what to install.
 */
bool gpuvm_library_load(const gpuvm_library *library, void *ret_functions, GError **error);
