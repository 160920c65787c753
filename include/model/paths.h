/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paths.h: relative paths of a definition that is to be kept elsewhere
 */
#pragma once

#include "model/spec.h"

/**
 * Makes every relative path in @spec's document start from @directory, which is absolute. NULL: it came from elsewhere,
 * where each is an error, as is any path of a text that would be read here. What @spec was decoded to stays as it is.
 */
void gpuvm_paths_resolve(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags);
