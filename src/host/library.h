/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * library.h: shared libraries that are loaded when they are first needed, so that commands without them do not pay
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** A library, and what is wanted of it. */
typedef struct gpuvm_library {
    const char *soname;       /* "libvirt.so.0", as configure found it */
    const char *title;        /* what messages call it: "libvirt" */
    const char *package;      /* the Debian package that has it */
    const char *version;      /* the oldest that has every symbol: "9.0" */
    const char *prefix;       /* of its symbols: "vir" */
    const char *const *names; /* of these without the prefix, NULL behind the last */
    void *functions;          /* a struct of pointers to them, in the order of names; zeros: not loaded yet */
    bool (*set_up)(GError **error); /* called once it is loaded; NULL */
} gpuvm_library;

/** A name among these, for a list of the form X(name) X(name) … */
#define GPUVM_LIBRARY_NAME(name) #name,

/**
 * Opens @library lazily in the global scope (an interposing library is honoured), and fills its functions; at once when
 * that is done. Fails with GPUVM_EXIT_FAILED and what to install.
 */
bool gpuvm_library_load(const gpuvm_library *library, GError **error);
