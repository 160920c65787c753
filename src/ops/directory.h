/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * directory.h: the files of a directory that may be definitions
 */
#pragma once

#include "base/diag.h"

#define GPUVM_IGNORE_FILE ".gpuvmignore"

/*
 * Adds to @files (char *, owned) every .yaml, .yml and .json file in @directory, at any depth, in the order of names, but for
 * what is hidden and what a .gpuvmignore on the way leaves out (core/ignore.h). What cannot be read is an error in @diags.
 */
void gpuvm_directory_add(GPtrArray *files, const char *directory, gpuvm_diags *diags);
