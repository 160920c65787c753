/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "doc/emit.h"

#include <string.h>

#include <json-glib/json-glib.h>

/* The state of writing one schema. */
typedef struct emission {
    JsonBuilder *builder;
    GPtrArray *tables; /* gpuvm_table: those that "$defs" is to have, in the order they were met */
} emission;

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
add_integer(JsonBuilder *builder, const char *name, uint64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, MIN(value, G_MAXINT64));
}

static void
add_strings(JsonBuilder *builder, const char *name, const char *const *values)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (; *values; values++)
        json_builder_add_string_value(builder, *values);
    json_builder_end_array(builder);
}

static void
add_reference(emission *e, const gpuvm_table *table)
{
    g_autofree char *path = g_strconcat("#/$defs/", table->name, NULL);

    if (!g_ptr_array_find(e->tables, table, NULL))
        g_ptr_array_add(e->tables, (gpointer)table);
    add_string(e->builder, "$ref", path);
}

/* Begins a list whose items are what is added next; end_list ends it. */
static void
begin_list(JsonBuilder *builder)
{
    add_string(builder, "type", "array");
    json_builder_set_member_name(builder, "items");
    json_builder_begin_object(builder);
}

static void
end_list(JsonBuilder *builder)
{
    json_builder_end_object(builder);
}

static void
add_default(JsonBuilder *builder, const gpuvm_field *field)
{
    const char *value = gpuvm_field_default(field);
    const char *type = field->shape == GPUVM_ONE ? field->scalar->json_type : "string";

    if (!value)
        return;
    json_builder_set_member_name(builder, "default");
    if (strcmp(type, "integer") == 0)
        json_builder_add_int_value(builder, g_ascii_strtoll(value, NULL, 10));
    else if (strcmp(type, "boolean") == 0)
        json_builder_add_boolean_value(builder, strcmp(value, "true") == 0);
    else
        json_builder_add_string_value(builder, value);
}

static void
add_type(JsonBuilder *builder, const gpuvm_field *field)
{
    const gpuvm_scalar *scalar = field->scalar;
    bool integer = strcmp(scalar->json_type, "integer") == 0;

    add_string(builder, "type", scalar->json_type);
    if (scalar->json_pattern)
        add_string(builder, "pattern", scalar->json_pattern);
    if (integer)
        add_integer(builder, "minimum", field->min);
    if (integer && field->max > 0)
        add_integer(builder, "maximum", field->max);
}

static void
add_scalar(JsonBuilder *builder, const gpuvm_field *field)
{
    if (field->scalar->json_more) {
        json_builder_set_member_name(builder, "anyOf");
        json_builder_begin_array(builder);
        json_builder_begin_object(builder);
        add_type(builder, field);
        json_builder_end_object(builder);
        json_builder_add_value(builder, json_from_string(field->scalar->json_more, NULL));
        json_builder_end_array(builder);
    } else {
        add_type(builder, field);
    }
    if (field->scalar->example)
        add_strings(builder, "examples", (const char *const[]){field->scalar->example, NULL});
}

/* A scalar of any type: the field takes its text. */
static void
add_text(JsonBuilder *builder)
{
    add_strings(builder, "type", (const char *const[]){"string", "number", "boolean", NULL});
}

static void
add_map(JsonBuilder *builder)
{
    add_string(builder, "type", "object");
    json_builder_set_member_name(builder, "propertyNames");
    json_builder_begin_object(builder);
    add_integer(builder, "minLength", 1);
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "additionalProperties");
    json_builder_begin_object(builder);
    add_text(builder);
    json_builder_end_object(builder);
}

static void
add_item(JsonBuilder *builder, const gpuvm_field *field)
{
    if (field->choices) {
        add_strings(builder, "enum", field->choices);
    } else if (field->json_pattern) {
        add_string(builder, "type", "string");
        add_string(builder, "pattern", field->json_pattern);
    } else {
        add_text(builder);
        add_integer(builder, "minLength", 1);
    }
}

static void
add_shape(emission *e, const gpuvm_field *field)
{
    JsonBuilder *builder = e->builder;

    switch (field->shape) {
    case GPUVM_ONE:
        add_scalar(builder, field);
        break;
    case GPUVM_ENUM:
        add_strings(builder, "enum", field->choices);
        break;
    case GPUVM_OBJECT:
        add_reference(e, field->table);
        break;
    case GPUVM_OBJECTS:
        begin_list(builder);
        add_reference(e, field->table);
        end_list(builder);
        break;
    case GPUVM_LISTS:
        begin_list(builder);
        begin_list(builder);
        add_reference(e, field->table);
        end_list(builder);
        end_list(builder);
        break;
    case GPUVM_STRINGS:
        begin_list(builder);
        add_item(builder, field);
        end_list(builder);
        break;
    case GPUVM_MAP:
        add_map(builder);
        break;
    case GPUVM_ANY:
        add_strings(builder, "type",
                    (const char *const[]){"object", "array", "string", "number", "boolean", NULL});
        break;
    }
    if (field->flags & GPUVM_FIELD_NONEMPTY)
        add_integer(builder, field->shape == GPUVM_MAP ? "minProperties" : "minItems", 1);
}

static void
add_property(emission *e, const gpuvm_field *field)
{
    g_autoptr(GString) doc = g_string_new(field->doc);

    if (field->unit)
        g_string_append_printf(doc, " Unit: %s.", field->unit);
    if (field->flags & GPUVM_FIELD_LATER)
        g_string_append(doc, " Not supported by this version.");
    json_builder_set_member_name(e->builder, field->key);
    json_builder_begin_object(e->builder);
    add_string(e->builder, "description", doc->str);
    add_shape(e, field);
    add_default(e->builder, field);
    json_builder_end_object(e->builder);
}

/* Keys by their other names. */
static void
add_synonyms(emission *e, const gpuvm_table *table)
{
    for (; table; table = table->parent) {
        for (const gpuvm_synonym *row = table->synonyms; row && row->word; row++) {
            bool one = g_strcmp0(row->meant, row->url) == 0;
            g_autofree char *doc =
                g_strdup_printf("The same as %s%s%s.", row->meant, one ? "" : " or ", one ? "" : row->url);

            if (row->scalar)
                add_property(e, &(gpuvm_field){.key = row->word, .scalar = row->scalar, .doc = doc});
        }
    }
}

static void
add_kind(JsonBuilder *builder, const char *kind)
{
    json_builder_set_member_name(builder, "kind");
    json_builder_begin_object(builder);
    add_string(builder, "description", "The kind of this document.");
    add_string(builder, "const", kind);
    json_builder_end_object(builder);
}

static void
add_required(JsonBuilder *builder, const GPtrArray *fields)
{
    bool begun = false;

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        if (!(field->flags & GPUVM_FIELD_REQUIRED))
            continue;
        if (!begun) {
            json_builder_set_member_name(builder, "required");
            json_builder_begin_array(builder);
            begun = true;
        }
        json_builder_add_string_value(builder, field->key);
    }
    if (begun)
        json_builder_end_array(builder);
}

static void
add_check(JsonBuilder *builder, const char *check)
{
    g_autoptr(JsonNode) keywords = json_from_string(check, NULL);
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init_ordered(&iter, json_node_get_object(keywords));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        json_builder_set_member_name(builder, name);
        json_builder_add_value(builder, json_node_copy(value));
    }
}

/* The members of a schema for the mapping of @table; @kind: the constant that its "kind" is, or NULL. */
static void
add_mapping(emission *e, const gpuvm_table *table, const char *kind)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    add_string(e->builder, "type", "object");
    json_builder_set_member_name(e->builder, "properties");
    json_builder_begin_object(e->builder);
    if (kind)
        add_kind(e->builder, kind);
    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        if (!kind || strcmp(field->key, "kind") != 0)
            add_property(e, field);
    }
    add_synonyms(e, table);
    json_builder_end_object(e->builder);
    add_required(e->builder, fields);
    for (; table; table = table->parent)
        if (table->json_check)
            add_check(e->builder, table->json_check);
    json_builder_set_member_name(e->builder, "additionalProperties");
    json_builder_add_boolean_value(e->builder, FALSE);
}

static void
add_definition(emission *e, const gpuvm_table *table)
{
    JsonBuilder *builder = e->builder;

    json_builder_set_member_name(builder, table->name);
    json_builder_begin_object(builder);
    add_string(builder, "description", table->doc);
    if (table->scalar_key) {
        json_builder_set_member_name(builder, "oneOf");
        json_builder_begin_array(builder);
        json_builder_begin_object(builder);
        add_shape(e, gpuvm_table_field(table, table->scalar_key));
        json_builder_end_object(builder);
        json_builder_begin_object(builder);
        add_mapping(e, table, NULL);
        json_builder_end_object(builder);
        json_builder_end_array(builder);
    } else {
        add_mapping(e, table, NULL);
    }
    json_builder_end_object(builder);
}

static char *
to_text(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = NULL;

    json_generator_set_pretty(generator, TRUE);
    json_generator_set_indent(generator, 2);
    json_generator_set_root(generator, root);
    text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}

char *
gpuvm_emit_jsonschema(const gpuvm_table *table)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    g_autofree char *id = g_strconcat(table->name, ".schema.json", NULL);
    emission e = {builder, tables};

    json_builder_begin_object(builder);
    add_string(builder, "$schema", "https://json-schema.org/draft/2020-12/schema");
    add_string(builder, "$id", id);
    add_string(builder, "title", table->name);
    add_string(builder, "description", table->doc);
    add_mapping(&e, table, table->name);
    if (tables->len > 0) {
        json_builder_set_member_name(builder, "$defs");
        json_builder_begin_object(builder);
        for (unsigned i = 0; i < tables->len; i++)
            add_definition(&e, tables->pdata[i]);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
    return to_text(builder);
}
