/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * output.h: what a command found, as tables or lines for people or as one JSON object for programs
 *
 * A command builds rows of JSON objects once. With -o json they become members of the one object that is
 * printed at the end, together with the diagnostics; else a table of columns shows them.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "base/diag.h"

typedef struct gpuvm_output {
    bool json;        /* everything is one object: JSON or, with yaml, YAML */
    bool yaml, names; /* names: of tables, the first column alone, without a heading */
    bool wide, color, quiet;
    size_t columns;     /* of the terminal, that tables are to fit; 0: it is none, or all is to be shown */
    JsonObject *result; /* with json: what is printed at the end */
} gpuvm_output;

gpuvm_output *gpuvm_output_new(void);
void gpuvm_output_free(gpuvm_output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_output, gpuvm_output_free)

typedef struct gpuvm_column {
    const char *header;
    const char *key;                  /* the member shown: null is "-", a list is joined by commas */
    char *(*format)(JsonObject *row); /* in place of key; g_malloc */
    bool right;                       /* numbers */
    bool wide, narrow;                /* with -o wide only, without it only */
    unsigned cut; /* in a narrow terminal: which one is shortened first, 1, 2 …; 0: never */
    bool whole;   /* what was cut of it is said below the table */
    char *(*rest)(
        JsonObject *row); /* what is said there of a row; NULL: the cell, and of which rows. g_malloc */
    const char *(*color)(JsonObject *row); /* for a terminal: an escape sequence; NULL: none */
} gpuvm_column;

/*
 * Shows @rows (taken) as @name. @children: the member that holds a row's own rows, shown as a tree; NULL:
 * none.
 * @columns ends with a row without header.
 */
void gpuvm_output_table(gpuvm_output *output, const char *name, JsonArray *rows, const gpuvm_column *columns,
                        const char *children);

/* Prints @rows as a table, unless -o json. */
void gpuvm_output_print_table(const gpuvm_output *output, JsonArray *rows, const gpuvm_column *columns,
                              const char *children);

/* Adds @rows (taken) as @name to the JSON; for people the command prints lines of its own. */
void gpuvm_output_rows(gpuvm_output *output, const char *name, JsonArray *rows);

/* A line for people: not with -o json or -q. */
void gpuvm_output_line(gpuvm_output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What was found, behind @lead, which may be empty, in as many lines as the terminal's width makes of it: not with -o json. */
void gpuvm_output_paragraph(const gpuvm_output *output, const char *lead, const char *text);

/* Text that is the answer itself (domain XML, a schema), unless -o json, which has it as the member @name. */
void gpuvm_output_text(gpuvm_output *output, const char *name, const char *text);

/* Prints the diagnostics: to stderr, or, with -o json, the whole result with them to stdout. No notes with -q. */
void gpuvm_output_finish(gpuvm_output *output, const gpuvm_diags *diags);

/** The part of a digest ("sha256:…") that is shown in a table, "-" of NULL. g_malloc. */
char *gpuvm_output_digest(const char *digest);

/* The texts of the array @member, with commas between; "-" for none. g_malloc. */
char *gpuvm_json_join(JsonObject *object, const char *member);

/* A list of texts: of char *, or NULL-terminated. */
JsonArray *gpuvm_json_texts(const GPtrArray *texts);
JsonArray *gpuvm_json_lines(char *const *lines);

/* Setters that say null when there is nothing. */
void gpuvm_json_set_string(JsonObject *object, const char *member, const char *text);
void gpuvm_json_set_known(JsonObject *object, const char *member, gint64 number);

/** @truth: 1, 0 or GPUVM_UNKNOWN. */
void gpuvm_json_set_truth(JsonObject *object, const char *member, int truth);
