/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz.h: what the fuzz targets share
 *
 * A target is one function: it ends the process when the program does what it must never do, whatever the bytes.
 * libFuzzer calls it (configure --enable-fuzzing, see scripts/fuzz); else main.c does, with the committed corpus.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The bytes and a NUL behind them. g_malloc. */
char *fuzz_text(const uint8_t *data, size_t size);

/** The bytes as a file called "fuzz". */
gpuvm_source *fuzz_source(const uint8_t *data, size_t size);

/** Every one of @diags can be shown, and those that are errors are counted and have an exit code. */
void fuzz_check_diags(const gpuvm_diags *diags);

/** Exactly one of @result and @error is there; @error, which is freed, says something in one domain. */
void fuzz_check_error(const void *result, GError *error);

/** Ends the process, saying what was violated, unless @condition holds. */
#define FUZZ_REQUIRE(condition)                                                                              \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            g_error("%s:%d: violated: %s", __FILE__, __LINE__, #condition);                                  \
    } while (0)
