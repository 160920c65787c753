/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ignore.h: what a .gpuvmignore leaves out of its directory, and of those below it
 *
 * A line is a pattern; an empty one, and one that begins with '#', is none. Patterns are a part of gitignore(5): '*', '?' and
 * '[…]' stand for no '/'; one with a '/' before its end is a path from the directory of the file, another one a name at any
 * depth; a '/' at its end means directories only. '!' and '**' are errors.
 */
#pragma once

#include "base/diag.h"

typedef struct gpuvm_ignore gpuvm_ignore;

/** The patterns of @source; what is wrong is in @diags (GPUVM_EXIT_INVALID), with its place. */
gpuvm_ignore *gpuvm_ignore_parse(gpuvm_source *source, gpuvm_diags *diags);
void gpuvm_ignore_free(gpuvm_ignore *ignore);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_ignore, gpuvm_ignore_free)

/** Whether @path, from the directory of the file, is left out; what is below a directory that is left out is not asked about. */
bool gpuvm_ignore_match(const gpuvm_ignore *ignore, const char *path, bool directory);
