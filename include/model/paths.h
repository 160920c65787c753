/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paths.h: the files of the host that a definition names: what its rows with GPUVM_FIELD_HOST_PATH take
 */
#pragma once

#include "model/spec.h"

/**
 * Makes every relative path in @spec's document start from @directory, which is absolute. What @spec was decoded to stays
 * as it is.
 */
void gpuvm_paths_resolve(gpuvm_spec *spec, const char *directory);

/**
 * Adds an error for each file of this host in @spec's document, which came from elsewhere (GPUVM_EXIT_REFUSED); when whoever
 * wrote it is @trusted, for relative paths alone (GPUVM_EXIT_INVALID): they start nowhere.
 */
void gpuvm_paths_check_foreign(gpuvm_spec *spec, bool trusted, gpuvm_diags *diags);
