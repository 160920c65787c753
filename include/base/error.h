/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.h: the exit codes, and the GError domain whose codes they are
 *
 * A function that acts on the outside world returns false and fills a GError; its code is the exit code of
 * the command. A rule that judges a definition adds diagnostics instead (base/diag.h).
 */
#pragma once

#include <glib.h>

/** What a gpuvm command exits with. */
enum gpuvm_exit {
    GPUVM_EXIT_OK = 0,
    GPUVM_EXIT_FAILED = 1,    /* the operation failed */
    GPUVM_EXIT_USAGE = 2,     /* the command line, or something this version does not support */
    GPUVM_EXIT_INVALID = 3,   /* the definition is invalid */
    GPUVM_EXIT_REFUSED = 4,   /* refused by policy */
    GPUVM_EXIT_HOST = 5,      /* the host cannot satisfy it: absent, busy, not viable, no room */
    GPUVM_EXIT_UNHEALTHY = 6, /* unhealthy, not as planned, or timed out */
    GPUVM_EXIT_DIFFERS = 7,   /* nothing went wrong, and something differs: no error has this */
};

#define GPUVM_ERROR (gpuvm_error_quark())

GQuark gpuvm_error_quark(void);

/** The exit code that @error stands for; an error of another domain is GPUVM_EXIT_FAILED. */
enum gpuvm_exit gpuvm_error_exit(const GError *error);
