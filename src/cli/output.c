/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols/libsmartcols.h>

#include "base/text.h"
#include "cli/yaml.h"

#define SHORT_DIGITS 12 /* of a digest in a table */
#define LEAST_WIDTH 10  /* columns that are left of one that is shortened */
#define LAST_CUT 3      /* of gpuvm_column's cut */

/* The terminal's columns, as libsmartcols finds them out; 0: standard output is none. */
static size_t
terminal_columns(void)
{
    struct libscols_table *table = isatty(STDOUT_FILENO) ? scols_new_table() : NULL;
    size_t columns = table ? scols_table_get_termwidth(table) : 0;

    scols_unref_table(table);
    return columns;
}

gpuvm_output *
gpuvm_output_new(void)
{
    gpuvm_output *output = g_new0(gpuvm_output, 1);

    output->result = json_object_new();
    output->columns = terminal_columns();
    return output;
}

void
gpuvm_output_free(gpuvm_output *output)
{
    if (!output)
        return;
    json_object_unref(output->result);
    g_free(output);
}

char *
gpuvm_json_join(JsonObject *object, const char *member)
{
    JsonArray *array = json_object_get_array_member(object, member);
    GString *text = g_string_new(json_array_get_length(array) == 0 ? "-" : NULL);

    for (guint i = 0; i < json_array_get_length(array); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", json_array_get_string_element(array, i));
    return g_string_free(text, FALSE);
}

static char *
value_of(JsonObject *row, const gpuvm_column *column)
{
    JsonNode *node;

    if (column->format)
        return column->format(row);
    node = json_object_get_member(row, column->key);
    if (!node || JSON_NODE_HOLDS_NULL(node))
        return g_strdup("-");
    if (JSON_NODE_HOLDS_ARRAY(node))
        return gpuvm_json_join(row, column->key);
    switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
    case G_TYPE_INT64:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    default:
        return g_strdup(json_node_get_string(node));
    }
}

static char *
cell(JsonObject *row, const gpuvm_column *column)
{
    g_autofree char *text = value_of(row, column);

    return gpuvm_text_printable(text);
}

static void
add_lines(struct libscols_table *table, struct libscols_line *parent, JsonArray *rows,
          const gpuvm_column *columns, const char *children)
{
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);
        struct libscols_line *line = scols_table_new_line(table, parent);

        scols_line_set_userdata(line, row);
        for (size_t c = 0; columns[c].header; c++) {
            scols_line_refer_data(line, c, cell(row, &columns[c]));
            if (columns[c].color)
                scols_cell_set_color(scols_line_get_cell(line, c), columns[c].color(row));
        }
        if (children && json_object_has_member(row, children))
            add_lines(table, line, json_object_get_array_member(row, children), columns, children);
    }
}

/* What was cut of a column, each once, with the first cells of its rows. */
typedef struct remains {
    GPtrArray *texts;  /* char *, owned by names */
    GHashTable *names; /* char * → GString */
} remains;

/* @name: NULL: @text says which rows it is of. */
static void
remember(remains *rest, const char *text, const char *name)
{
    GString *names = g_hash_table_lookup(rest->names, text);

    if (!names) {
        char *copy = g_strdup(text);

        names = g_string_new(NULL);
        g_hash_table_insert(rest->names, copy, names);
        g_ptr_array_add(rest->texts, copy);
    }
    if (name)
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

/* Shortens the cells of @of, which is @column, to @width, and keeps what they were in @rest. */
static void
shorten(struct libscols_table *table, size_t column, const gpuvm_column *of, size_t width, remains *rest)
{
    struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
    struct libscols_line *line;

    while (scols_table_next_line(table, lines, &line) == 0) {
        const char *whole = scols_cell_get_data(scols_line_get_cell(line, column));
        g_autofree char *less = gpuvm_text_shorten(whole, width);

        if (of->rest && !g_str_equal(less, whole)) {
            g_autofree char *text = of->rest(scols_line_get_userdata(line));
            remember(rest, text, NULL);
        } else if (of->whole && !g_str_equal(less, whole)) {
            remember(rest, whole, scols_cell_get_data(scols_line_get_cell(line, 0)));
        }
        scols_line_refer_data(line, column, g_steal_pointer(&less));
    }
    scols_free_iter(lines);
}

/* Has libsmartcols lay it out, and cuts what is too much for the terminal. */
static void
fit(struct libscols_table *table, const gpuvm_column *columns, size_t most, remains *rest)
{
    size_t width = 0;
    char *unused = NULL;

    scols_print_table_to_string(table, &unused);
    free(unused);
    for (size_t c = 0; columns[c].header; c++)
        width += scols_column_get_width(scols_table_get_column(table, c)) + (c > 0);
    for (unsigned turn = 1; width > most && turn <= LAST_CUT; turn++) {
        for (size_t c = 0; columns[c].header; c++) {
            size_t has, keeps;

            if (columns[c].cut != turn)
                continue;
            has = scols_column_get_width(scols_table_get_column(table, c));
            keeps = MIN(has, MAX(has - MIN(has, width - most), LEAST_WIDTH));
            shorten(table, c, &columns[c], keeps, rest);
            width -= has - keeps;
        }
    }
}

static void
print_rest(const gpuvm_output *output, const remains *rest)
{
    for (guint i = 0; i < rest->texts->len; i++) {
        const char *text = rest->texts->pdata[i];
        GString *names = g_hash_table_lookup(rest->names, text);
        g_autofree char *line = g_strdup_printf("%s%s%s", names->str, names->len > 0 ? ": " : "", text);

        gpuvm_output_paragraph(output, "", line);
    }
}

static void
free_names(gpointer names)
{
    g_string_free(names, TRUE);
}

/* @columns: those that are shown. */
static void
print_table(const gpuvm_output *output, JsonArray *rows, const gpuvm_column *columns, const char *children)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_names);
    remains rest = {texts, names};
    struct libscols_table *table = scols_new_table();

    /* what is still too wide, the terminal breaks: libsmartcols would break words, five letters of them in a line */
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    for (size_t c = 0; columns[c].header; c++) {
        int flags = (columns[c].right ? SCOLS_FL_RIGHT : 0) | (children && c == 0 ? SCOLS_FL_TREE : 0);
        scols_table_new_column(table, columns[c].header, 0, flags);
    }
    scols_table_enable_noheadings(table, output->names);
    scols_table_enable_colors(table, output->color);
    add_lines(table, NULL, rows, columns, children);
    if (output->columns > 0)
        fit(table, columns, output->columns, &rest);
    scols_print_table(table);
    scols_unref_table(table);
    print_rest(output, &rest);
}

void
gpuvm_output_print_table(const gpuvm_output *output, JsonArray *rows, const gpuvm_column *columns,
                         const char *children)
{
    g_autoptr(GArray) shown = g_array_new(TRUE, FALSE, sizeof(gpuvm_column));

    if (output->json)
        return;
    for (; columns->header; columns++) {
        if (output->wide ? !columns->narrow : !columns->wide)
            g_array_append_vals(shown, columns, 1);
    }
    if (output->names) {
        g_array_set_size(shown, 1);
        children = NULL;
    }
    print_table(output, rows, (const gpuvm_column *)(const void *)shown->data, children);
}

void
gpuvm_output_rows(gpuvm_output *output, const char *name, JsonArray *rows)
{
    json_object_set_array_member(output->result, name, rows);
}

void
gpuvm_output_table(gpuvm_output *output, const char *name, JsonArray *rows, const gpuvm_column *columns,
                   const char *children)
{
    gpuvm_output_print_table(output, rows, columns, children);
    gpuvm_output_rows(output, name, rows);
}

void
gpuvm_output_paragraph(const gpuvm_output *output, const char *lead, const char *text)
{
    g_autofree char *safe = gpuvm_text_printable(text);
    g_autofree char *filled = gpuvm_text_fill(safe, strlen(lead), output->columns);

    if (!output->json)
        printf("%s%s\n", lead, filled);
}

void
gpuvm_output_line(gpuvm_output *output, const char *format, ...)
{
    va_list args;

    if (output->json || output->names || output->quiet)
        return;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args), *line = gpuvm_text_printable(text);
    va_end(args);
    puts(line);
    fflush(stdout);
}

void
gpuvm_output_text(gpuvm_output *output, const char *name, const char *text)
{
    if (output->json)
        json_object_set_string_member(output->result, name, text);
    else
        fputs(text, stdout);
}

JsonArray *
gpuvm_json_texts(const GPtrArray *texts)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < texts->len; i++)
        json_array_add_string_element(array, texts->pdata[i]);
    return array;
}

JsonArray *
gpuvm_json_lines(char *const *lines)
{
    JsonArray *array = json_array_new();

    for (; *lines; lines++)
        json_array_add_string_element(array, *lines);
    return array;
}

char *
gpuvm_output_digest(const char *digest)
{
    return digest ? g_strndup(digest, strcspn(digest, ":") + 1 + SHORT_DIGITS) : g_strdup("-");
}

void
gpuvm_json_set_string(JsonObject *object, const char *member, const char *text)
{
    if (text)
        json_object_set_string_member(object, member, text);
    else
        json_object_set_null_member(object, member);
}

void
gpuvm_json_set_known(JsonObject *object, const char *member, gint64 number)
{
    if (number < 0)
        json_object_set_null_member(object, member);
    else
        json_object_set_int_member(object, member, number);
}

void
gpuvm_json_set_truth(JsonObject *object, const char *member, int truth)
{
    if (truth < 0)
        json_object_set_null_member(object, member);
    else
        json_object_set_boolean_member(object, member, truth);
}

static JsonObject *
diag_to_json(const gpuvm_diag *diag)
{
    static const char *const severities[] = {"note", "warning", "error"};
    static const char *const codes[] = {
        [GPUVM_EXIT_FAILED] = "failed",   [GPUVM_EXIT_USAGE] = "usage", [GPUVM_EXIT_INVALID] = "invalid",
        [GPUVM_EXIT_REFUSED] = "refused", [GPUVM_EXIT_HOST] = "host",   [GPUVM_EXIT_UNHEALTHY] = "unhealthy"};
    g_auto(GStrv) hints = g_strsplit(diag->hint ? diag->hint : "", "\n", -1);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "severity", severities[diag->severity]);
    gpuvm_json_set_string(object, "file", diag->mark.source ? diag->mark.source->name : NULL);
    gpuvm_json_set_known(object, "line", diag->mark.line > 0 ? (gint64)diag->mark.line : -1);
    gpuvm_json_set_known(object, "column", diag->mark.line > 0 ? (gint64)diag->mark.column : -1);
    gpuvm_json_set_string(object, "vm", diag->subject);
    gpuvm_json_set_string(object, "message", diag->message);
    json_object_set_array_member(object, "hints", gpuvm_json_lines(hints));
    gpuvm_json_set_string(object, "code", codes[diag->exit]);
    json_object_set_int_member(object, "exit_code", diag->exit);
    return object;
}

static void
print_object(gpuvm_output *output, const gpuvm_diags *diags)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonArray *array = json_array_new();
    g_autofree char *text = NULL, *safe = NULL;

    for (guint i = 0; i < diags->items->len; i++)
        json_array_add_object_element(array, diag_to_json(diags->items->pdata[i]));
    json_object_set_array_member(output->result, "diagnostics", array);
    json_node_set_object(root, output->result);
    if (output->yaml) {
        text = gpuvm_json_to_yaml(root);
        fputs(text, stdout);
        return;
    }
    text = json_to_string(root, TRUE);
    safe = gpuvm_text_safe(text, GPUVM_TEXT_JSON);
    puts(safe);
}

void
gpuvm_output_finish(gpuvm_output *output, const gpuvm_diags *diags)
{
    if (output->json) {
        print_object(output, diags);
        return;
    }
    fflush(stdout);
    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];
        g_autofree char *text = gpuvm_diag_format(diag, output->color);

        if (diag->severity != GPUVM_DIAG_NOTE || !output->quiet)
            fputs(text, stderr);
    }
}
