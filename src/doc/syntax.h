/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * syntax.h: what is wrong with a text before it is a tree: bytes that may not be in it, libyaml's complaints
 */
#pragma once

#include <yaml.h>

#include "base/diag.h"

/**
 * Whether @source is at most GPUVM_DOC_MAX_SIZE bytes of UTF-8 without control characters; a byte order mark
 * may begin it. The first offence is added to @diags.
 */
bool gpuvm_syntax_check_text(gpuvm_source *source, gpuvm_diags *diags);

/** Whether a value may hold @c: no control character but tab and newline, no U+FEFF, U+FFFE or U+FFFF. */
bool gpuvm_syntax_char_allowed(gunichar c);

/** Adds what @parser, reading all of @source, failed with to @diags, in words that say what to do. */
void gpuvm_syntax_add_error(const yaml_parser_t *parser, gpuvm_source *source, gpuvm_diags *diags);
