/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "doc/emit.h"

#include <string.h>

/* Appends @text so that roff shows it as it is. */
static void
append_escaped(GString *out, const char *text)
{
    bool line_begins = out->len == 0 || out->str[out->len - 1] == '\n';

    for (; *text; text++) {
        if (line_begins && *text == '.')
            g_string_append(out, "\\&");
        line_begins = *text == '\n';
        if (*text == '\\')
            g_string_append(out, "\\e");
        else if (*text == '-')
            g_string_append(out, "\\-");
        else if (*text == '\'')
            g_string_append(out, "\\(aq");
        else
            g_string_append_c(out, *text);
    }
}

static void
append_type(GString *out, const gpuvm_field *field)
{
    switch (field->shape) {
    case GPUVM_ONE:
        append_escaped(out, field->scalar->name);
        break;
    case GPUVM_ENUM:
        for (const char *const *choice = field->choices; *choice; choice++) {
            g_string_append(out, choice > field->choices ? " | " : "");
            append_escaped(out, *choice);
        }
        break;
    case GPUVM_OBJECT:
        append_escaped(out, field->table->name);
        break;
    case GPUVM_OBJECTS:
        g_string_append(out, "list of ");
        append_escaped(out, field->table->name);
        break;
    case GPUVM_LISTS:
        g_string_append(out, "list of lists of ");
        append_escaped(out, field->table->name);
        break;
    case GPUVM_STRINGS:
        g_string_append(out, "list of strings");
        break;
    case GPUVM_MAP:
        g_string_append(out, "mapping of names to text");
        break;
    case GPUVM_ANY:
        g_string_append(out, "anything");
        break;
    }
}

static void
append_limits(GString *out, const gpuvm_field *field)
{
    const char *value = gpuvm_field_default(field);

    if (field->unit)
        g_string_append_printf(out, ", %s", field->unit);
    if (field->flags & GPUVM_FIELD_REQUIRED)
        g_string_append(out, ", required");
    if (field->flags & GPUVM_FIELD_NONEMPTY)
        g_string_append(out, ", at least one");
    if (field->shape == GPUVM_ONE && field->min > 0 && field->max == 0)
        g_string_append_printf(out, ", at least %" G_GUINT64_FORMAT, field->min);
    if (field->shape == GPUVM_ONE && field->max > 0)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, field->min, field->max);
    if (value) {
        g_string_append(out, ", default ");
        append_escaped(out, value);
    }
}

static void
append_rows(GString *out, const gpuvm_table *table, GPtrArray *tables)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        g_string_append(out, ".TP\n\\fB");
        append_escaped(out, field->key);
        g_string_append(out, "\\fR (");
        append_type(out, field);
        append_limits(out, field);
        g_string_append(out, ")\n");
        append_escaped(out, field->doc);
        if (field->flags & GPUVM_FIELD_LATER)
            g_string_append(out, "\nNot supported by this version.");
        g_string_append_c(out, '\n');
        if (field->table && !g_ptr_array_find(tables, field->table, NULL))
            g_ptr_array_add(tables, (gpointer)field->table);
    }
}

static void
append_section(GString *out, const gpuvm_table *table, GPtrArray *tables)
{
    g_string_append(out, ".SS ");
    append_escaped(out, table->name);
    g_string_append_c(out, '\n');
    append_escaped(out, table->doc);
    g_string_append_c(out, '\n');
    if (table->scalar_key) {
        g_string_append(out, "A single value in place of the mapping is its \\fB");
        append_escaped(out, table->scalar_key);
        g_string_append(out, "\\fR.\n");
    }
    append_rows(out, table, tables);
}

char *
gpuvm_emit_man(const gpuvm_table *table)
{
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    GString *out = g_string_new(NULL);

    append_rows(out, table, tables);
    for (unsigned i = 0; i < tables->len; i++)
        append_section(out, tables->pdata[i], tables);
    return g_string_free(out, FALSE);
}
