/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * syntax.h: a text before it is a tree: bytes that may not be in it, JSON's comments, libyaml's complaints
 */
#pragma once

#include <yaml.h>

#include "base/diag.h"

/**
 * Whether @source is at most GPUVM_DOC_MAX_SIZE bytes of UTF-8 without control characters; a byte order mark
 * may begin it. The first offence is added to @diags.
 */
bool gpuvm_syntax_check_text(gpuvm_source *source, gpuvm_diags *diags);

/**
 * What libyaml is to read in place of @source's text when that begins with '{': with blanks in place of comments, those that
 * begin with two slashes or stand between slash-star and star-slash, as many people write JSON, so that all places stay. Within
 * quotes, and behind what is no blank, bracket or comma, nothing is a comment. *@ret_text, g_malloc, is left as it is for another
 * text. One that is never closed is an error in @diags, and false.
 */
bool gpuvm_syntax_strip(gpuvm_source *source, char **ret_text, gpuvm_diags *diags);

/** Whether a value may hold @c: no control character but tab and newline, no U+FEFF, U+FFFE or U+FFFF. */
bool gpuvm_syntax_char_allowed(gunichar c);

/** Adds what @parser, reading all of @source, failed with to @diags, in words that say what to do. */
void gpuvm_syntax_add_error(const yaml_parser_t *parser, gpuvm_source *source, gpuvm_diags *diags);
