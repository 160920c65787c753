/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text.h: text that is printed, and names that are sorted
 */
#pragma once

#include <glib.h>

/** The character at *@at, which moves behind it; a byte that is not UTF-8 is one character, as is a NUL: 0. */
gunichar gpuvm_text_next(const char **at, const char *end);

/**
 * @text on one line that a terminal may show: file names, mount points and other programs' words are anybody's choice.
 * What cannot be printed, or would steer the terminal, becomes '?', byte by byte where it is not UTF-8. g_malloc.
 */
char *gpuvm_text_printable(const char *text);

/** A GCompareFunc for arrays of char *: in the order of strcmp, which is the same in every locale. */
int gpuvm_text_compare(gconstpointer a, gconstpointer b);
