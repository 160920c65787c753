/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text.h: text that is printed, and names that are sorted
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** The character at *@at, which moves behind it; a byte that is not UTF-8 is one character, as is a NUL: 0. */
gunichar gpuvm_text_next(const char **at, const char *end);

/**
 * How a character is written that a terminal would not show, or obey: control characters (C0, DEL, C1), those that turn the
 * direction of writing, any other that Unicode gives no shape to or that ends a line, and a byte that is not UTF-8.
 * All but a line keep their line breaks and tabs.
 */
typedef enum gpuvm_text_form {
    GPUVM_TEXT_LINE, /* for people: \x1b, a byte; <U+202E>, a character */
    GPUVM_TEXT_JSON, /* \u202e, in a whole text whose strings are escaped already; what is not UTF-8 is U+FFFD, as below */
    GPUVM_TEXT_YAML,  /* \u202E, in a text that has such characters in double quotes only */
    GPUVM_TEXT_XML,   /* &#x202E; */
    GPUVM_TEXT_ASCII, /* as JSON, and so every character beyond ASCII */
} gpuvm_text_form;

/** Appends the character at *@at, which moves behind it, to @out; how many columns of a terminal that takes. */
unsigned gpuvm_text_append(GString *out, const char **at, const char *end, gpuvm_text_form form);

/** All of @text. g_malloc. */
char *gpuvm_text_safe(const char *text, gpuvm_text_form form);

/**
 * As GPUVM_TEXT_LINE, for whatever is printed: file names, domains' names and other programs' words are anybody's choice.
 * What is safe stays as it is, so that it may be done twice. g_malloc.
 */
char *gpuvm_text_printable(const char *text);

/** A GCompareFunc for arrays of char *: in the order of strcmp, which is the same in every locale. */
int gpuvm_text_compare(gconstpointer a, gconstpointer b);

/** Whether @text is one of @patterns, which have blanks between them, and '*' for anything. */
bool gpuvm_text_fits(const char *patterns, const char *text);

/** @pattern, a constant that is always asked for with the same @flags: compiled once, for all threads, and kept until the program ends. */
GRegex *gpuvm_text_regex(const char *pattern, GRegexCompileFlags flags);

/** What is shown of @text in a table: its first line, or @most characters of that; "…" stands for the rest. g_malloc. */
char *gpuvm_text_begin(const char *text, glong most);

/** @text in at most @width columns of a terminal; "…" stands for the rest. g_malloc. */
char *gpuvm_text_shorten(const char *text, size_t width);

/**
 * @text behind @indent columns that are used already, with a line break in place of a blank, and @indent blanks, wherever a line would
 * be longer than @width columns; 0: never. g_malloc.
 */
char *gpuvm_text_fill(const char *text, size_t indent, size_t width);

/** "1 card", "2 cards": @n of what is called @one. g_malloc. */
char *gpuvm_text_count(uint64_t n, const char *one);
