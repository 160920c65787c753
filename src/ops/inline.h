/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inline.h: texts that a definition names by path, put into it
 */
#pragma once

#include "model/spec.h"

/*
 * Replaces each text of @spec, which nobody else refers to, that is given by `path` (cloud_init's user_data and so on)
 * by its `content`, at the path's place; relative paths start from @directory. So a plan depends on nothing but its
 * definition, whose digest changes when a text does. @spec is decoded anew: what was taken from its struct before is no
 * longer good. A file that cannot be read, has more than GPUVM_DOC_MAX_SIZE bytes, or is not UTF-8, is an error in
 * @diags, and false.
 */
bool gpuvm_inline_texts(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags);
