/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diag.h: diagnostics with a place in a source text
 *
 * Everything that is wrong with a definition is collected in one gpuvm_diags, never printed by the code
 * that found it. A diagnostic keeps its source alive, so that its line can be shown later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/** A text that was read, and what to call it. Reference counted; threads may share it. */
typedef struct gpuvm_source {
    char *name; /* as the user wrote it; "<stdin>" is standard input */
    char *text; /* size bytes and a NUL behind them */
    size_t size;
    int refs;
    GArray *lines; /* where each line is; made when a line is first shown */
} gpuvm_source;

/** Copies @name, takes ownership of @text (from g_malloc). */
gpuvm_source *gpuvm_source_new(const char *name, char *text, size_t size);
gpuvm_source *gpuvm_source_ref(gpuvm_source *source);
void gpuvm_source_unref(gpuvm_source *source);
/** The line numbered @line, without its line break, and its size; NULL when there is no such line. */
const char *gpuvm_source_line(gpuvm_source *source, unsigned line, size_t *ret_size);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_source, gpuvm_source_unref)

/**
 * A place in a source. line and column count from 1, columns in characters; line 0 means no place, or the
 * source as a whole. Lines end in LF, CR LF, CR, U+2028 or U+2029, as libyaml counts them.
 */
typedef struct gpuvm_mark {
    gpuvm_source *source; /* borrowed; NULL when there is no place at all */
    unsigned line, column;
    unsigned length; /* characters to underline */
} gpuvm_mark;

/** Whether the two are one place. */
bool gpuvm_mark_equal(const gpuvm_mark *a, const gpuvm_mark *b);

typedef enum gpuvm_severity { GPUVM_DIAG_NOTE, GPUVM_DIAG_WARNING, GPUVM_DIAG_ERROR } gpuvm_severity;

typedef struct gpuvm_diag {
    gpuvm_severity severity;
    enum gpuvm_exit exit; /* GPUVM_EXIT_OK unless severity is GPUVM_DIAG_ERROR */
    gpuvm_mark mark;      /* its source is referenced */
    char *subject;        /* the VM it is about; NULL when the mark says enough */
    char *message;        /* one printable line, no full stop */
    char *
        about; /* what it says is said by a later one, too, which may replace it: see gpuvm_diags_drop; NULL */
    char *hint; /* what to do about it, one or more such lines; NULL when there is nothing to say */
} gpuvm_diag;

typedef struct gpuvm_diags {
    GPtrArray *items; /* gpuvm_diag, in the order they were found */
    unsigned errors;  /* how many of them are errors */
    char *subject;    /* given to each diagnostic added from now on; owned */
} gpuvm_diags;

gpuvm_diags *gpuvm_diags_new(void);
void gpuvm_diags_free(gpuvm_diags *diags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_diags, gpuvm_diags_free)

/** What the next diagnostics are about (copied; NULL for nothing). */
void gpuvm_diags_set_subject(gpuvm_diags *diags, const char *subject);

/**
 * Add an error, warning or note at @mark (NULL: no place). The result is owned by @diags. In the message,
 * control characters are made visible (base/text.h) and what is beyond 1000 characters is cut: it may quote whatever was read.
 */
gpuvm_diag *gpuvm_diags_error(gpuvm_diags *diags, enum gpuvm_exit exit, const gpuvm_mark *mark,
                              const char *format, ...) G_GNUC_PRINTF(4, 5);
gpuvm_diag *
gpuvm_diags_warning(gpuvm_diags *diags, const gpuvm_mark *mark, const char *format, ...) G_GNUC_PRINTF(3, 4);
gpuvm_diag *
gpuvm_diags_note(gpuvm_diags *diags, const gpuvm_mark *mark, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** Adds @error (taken) at @mark (NULL: no place): its first line is the message, further lines are hints. */
void gpuvm_diags_fail(gpuvm_diags *diags, const gpuvm_mark *mark, GError *error);

/** Drops the notes whose about is one of @abouts (a set of char *). */
void gpuvm_diags_drop(gpuvm_diags *diags, GHashTable *abouts);

/** Moves all of @others to the end of @diags. */
void gpuvm_diags_take(gpuvm_diags *diags, gpuvm_diags *others);

/** Moves those of @others that are @wanted to the end of @diags. */
void gpuvm_diags_take_some(gpuvm_diags *diags, gpuvm_diags *others,
                           bool (*wanted)(const gpuvm_diag *diag, void *data), void *data);

/** Adds a line of what to do about @diag. */
void gpuvm_diag_hint(gpuvm_diag *diag, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The same of where the first of two is that exclude each other, and @as what it is written there (may be NULL). */
void gpuvm_diag_hint_first(gpuvm_diag *diag, const gpuvm_mark *first, const char *as);

/**
 * Orders them by place: file by file as these first came up, what has no place at the end. What is said again, of VMs that are alike
 * or of one that is planned twice, is left out, as is a warning of what turned out to be an error.
 */
void gpuvm_diags_sort(gpuvm_diags *diags);

/** The exit code of a run with these diagnostics: of its errors', 3 before 4 before 5 before 2 before 1. */
enum gpuvm_exit gpuvm_diags_exit(const gpuvm_diags *diags);

/**
 * "FILE:LINE:COLUMN: error: MESSAGE", the source line, a caret line and "hint: …" lines, each ending in a
 * newline. Without a place it is "FILE: error: …" or "SUBJECT: error: …", as far as these are known. What
 * cannot be printed is made visible, a tab is one space; long lines are cut around the caret.
 */
char *gpuvm_diag_format(const gpuvm_diag *diag, bool color);
