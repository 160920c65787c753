/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "base/text.h"

#define SHORT_DIGITS 12 /* of a digest in a table */

gpuvm_output *
gpuvm_output_new(void)
{
    gpuvm_output *output = g_new0(gpuvm_output, 1);

    output->result = json_object_new();
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

        for (size_t c = 0; columns[c].header; c++)
            scols_line_refer_data(line, c, cell(row, &columns[c]));
        if (children && json_object_has_member(row, children))
            add_lines(table, line, json_object_get_array_member(row, children), columns, children);
    }
}

void
gpuvm_output_print_table(JsonArray *rows, const gpuvm_column *columns, const char *children)
{
    struct libscols_table *table = scols_new_table();

    /* a narrow terminal breaks the lines: libsmartcols would break words, five letters of them in a line */
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    for (size_t c = 0; columns[c].header; c++) {
        int flags = (columns[c].right ? SCOLS_FL_RIGHT : 0) | (children && c == 0 ? SCOLS_FL_TREE : 0);
        scols_table_new_column(table, columns[c].header, 0, flags);
    }
    add_lines(table, NULL, rows, columns, children);
    scols_print_table(table);
    scols_unref_table(table);
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
    g_autoptr(GArray) shown = g_array_new(TRUE, FALSE, sizeof(gpuvm_column));

    for (; columns->header; columns++) {
        if (output->wide || !columns->wide)
            g_array_append_vals(shown, columns, 1);
    }
    if (!output->json)
        gpuvm_output_print_table(rows, (const gpuvm_column *)(const void *)shown->data, children);
    gpuvm_output_rows(output, name, rows);
}

void
gpuvm_output_line(gpuvm_output *output, const char *format, ...)
{
    va_list args;

    if (output->json || output->quiet)
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

static JsonArray *
hints_to_json(const char *hint)
{
    g_auto(GStrv) lines = g_strsplit(hint ? hint : "", "\n", -1);
    JsonArray *hints = json_array_new();

    for (char **line = lines; *line; line++)
        json_array_add_string_element(hints, *line);
    return hints;
}

static JsonObject *
diag_to_json(const gpuvm_diag *diag)
{
    static const char *const severities[] = {"note", "warning", "error"};
    static const char *const codes[] = {
        [GPUVM_EXIT_FAILED] = "failed",   [GPUVM_EXIT_USAGE] = "usage", [GPUVM_EXIT_INVALID] = "invalid",
        [GPUVM_EXIT_REFUSED] = "refused", [GPUVM_EXIT_HOST] = "host",   [GPUVM_EXIT_UNHEALTHY] = "unhealthy"};
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "severity", severities[diag->severity]);
    gpuvm_json_set_string(object, "file", diag->mark.source ? diag->mark.source->name : NULL);
    gpuvm_json_set_known(object, "line", diag->mark.line > 0 ? (gint64)diag->mark.line : -1);
    gpuvm_json_set_known(object, "column", diag->mark.line > 0 ? (gint64)diag->mark.column : -1);
    gpuvm_json_set_string(object, "vm", diag->subject);
    gpuvm_json_set_string(object, "message", diag->message);
    json_object_set_array_member(object, "hints", hints_to_json(diag->hint));
    gpuvm_json_set_string(object, "code", codes[diag->exit]);
    json_object_set_int_member(object, "exit_code", diag->exit);
    return object;
}

static void
print_json(gpuvm_output *output, const gpuvm_diags *diags)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonArray *array = json_array_new();
    g_autofree char *text = NULL, *safe = NULL;

    for (guint i = 0; i < diags->items->len; i++)
        json_array_add_object_element(array, diag_to_json(diags->items->pdata[i]));
    json_object_set_array_member(output->result, "diagnostics", array);
    json_node_set_object(root, output->result);
    text = json_to_string(root, TRUE);
    safe = gpuvm_text_safe(text, GPUVM_TEXT_JSON);
    puts(safe);
}

void
gpuvm_output_finish(gpuvm_output *output, const gpuvm_diags *diags)
{
    if (output->json) {
        print_json(output, diags);
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
