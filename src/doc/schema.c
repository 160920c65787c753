/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema.c: tables and the objects they describe; decode.c makes these objects */
#include <config.h>

#include "doc/schema.h"

#include <string.h>

#include "base/nearest.h"

#define MOST_KEYS_LISTED 12 /* a mapping with more keys than this does not name them all in a hint */

const gpuvm_field *
gpuvm_table_field(const gpuvm_table *table, const char *key)
{
    for (; table; table = table->parent) {
        for (const gpuvm_field *field = table->fields; field->key; field++) {
            if (strcmp(field->key, key) == 0)
                return field;
        }
    }
    return NULL;
}

const char *
gpuvm_field_default(const gpuvm_field *field)
{
    if (field->fallback || field->flags & GPUVM_FIELD_REQUIRED)
        return field->fallback;
    return field->shape == GPUVM_ENUM ? field->choices[0] : NULL;
}

GPtrArray *
gpuvm_table_fields(const gpuvm_table *table)
{
    GPtrArray *fields = g_ptr_array_new();

    for (; table; table = table->parent) {
        for (const gpuvm_field *field = table->fields; field->key; field++)
            g_ptr_array_add(fields, (gpointer)field);
    }
    return fields;
}

gpuvm_mark
gpuvm_object_mark(const gpuvm_object *object, const char *key)
{
    const gpuvm_node *value;

    if (!object || !object->node)
        return (gpuvm_mark){0};
    value = gpuvm_node_get(object->node, key);
    return value ? value->mark : object->node->mark;
}

bool
gpuvm_object_has(const gpuvm_object *object, const char *key)
{
    return object && gpuvm_node_get(object->node, key);
}

static void
free_objects(const gpuvm_table *table, GPtrArray *objects)
{
    for (unsigned i = 0; objects && i < objects->len; i++)
        gpuvm_schema_free(table, objects->pdata[i]);
    g_clear_pointer(&objects, g_ptr_array_unref);
}

static void
free_member(const gpuvm_field *field, void *member)
{
    GPtrArray *array;

    switch (field->shape) {
    case GPUVM_ONE:
        if (field->scalar->clear)
            field->scalar->clear(member);
        break;
    case GPUVM_OBJECT:
        gpuvm_schema_free(field->table, *(void **)member);
        break;
    case GPUVM_OBJECTS:
        free_objects(field->table, *(GPtrArray **)member);
        break;
    case GPUVM_LISTS:
        array = *(GPtrArray **)member;
        for (unsigned i = 0; array && i < array->len; i++)
            free_objects(field->table, array->pdata[i]);
        g_clear_pointer(&array, g_ptr_array_unref);
        break;
    case GPUVM_STRINGS:
    case GPUVM_MAP:
        g_clear_pointer((GPtrArray **)member, g_ptr_array_unref);
        break;
    case GPUVM_ENUM:
    case GPUVM_ANY:
        break;
    }
}

void
gpuvm_schema_free(const gpuvm_table *table, void *object)
{
    if (!object)
        return;
    for (; table; table = table->parent) {
        for (const gpuvm_field *field = table->fields; field->key; field++)
            free_member(field, (char *)object + field->offset);
    }
    g_free(object);
}

static void
later_objects(const gpuvm_table *table, const GPtrArray *objects, gpuvm_diags *diags)
{
    for (unsigned i = 0; objects && i < objects->len; i++)
        gpuvm_schema_later(table, objects->pdata[i], diags);
}

static void
later_member(const gpuvm_field *field, const void *member, gpuvm_diags *diags)
{
    const void *value;
    const GPtrArray *array;

    if (field->shape != GPUVM_OBJECT && field->shape != GPUVM_OBJECTS && field->shape != GPUVM_LISTS)
        return;
    array = value = *(void *const *)member;
    if (field->shape == GPUVM_OBJECT && value)
        gpuvm_schema_later(field->table, value, diags);
    if (field->shape == GPUVM_OBJECTS)
        later_objects(field->table, array, diags);
    for (unsigned i = 0; field->shape == GPUVM_LISTS && array && i < array->len; i++)
        later_objects(field->table, array->pdata[i], diags);
}

void
gpuvm_schema_later(const gpuvm_table *table, const void *object, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);
    const gpuvm_node *node = ((const gpuvm_object *)object)->node;

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];
        const gpuvm_node *key = gpuvm_node_get_key(node, field->key);

        if (key && field->flags & GPUVM_FIELD_LATER)
            gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, &key->mark,
                              "%s is not supported by this version of gpuvm", field->key);
        else
            later_member(field, (const char *)object + field->offset, diags);
    }
}

/* @node is what @table decodes, or lists of such. */
void
gpuvm_schema_visit(const gpuvm_table *table, gpuvm_node *node, gpuvm_schema_visitor visit, void *data)
{
    if (node->type == GPUVM_NODE_SCALAR)
        visit(gpuvm_table_field(table, table->scalar_key), node, data);
    for (unsigned i = 0; i < node->n; i++) {
        gpuvm_node *value = node->values[i];
        const gpuvm_field *field =
            node->type == GPUVM_NODE_MAPPING ? gpuvm_table_field(table, node->keys[i]->text) : NULL;

        if (field)
            visit(field, value, data);
        if (!field || field->table)
            gpuvm_schema_visit(field ? field->table : table, value, visit, data);
    }
}

static const gpuvm_synonym *
find_synonym(const gpuvm_table *table, const char *key)
{
    for (; table; table = table->parent) {
        for (const gpuvm_synonym *row = table->synonyms; row && row->word; row++) {
            if (g_str_equal(row->word, key))
                return row;
        }
    }
    return NULL;
}

static void
rename_key(const gpuvm_table *table, const gpuvm_node *mapping, unsigned i)
{
    const gpuvm_synonym *synonym = find_synonym(table, mapping->keys[i]->text);
    const gpuvm_node *value = mapping->values[i];
    const char *key;

    if (!synonym || !synonym->scalar)
        return;
    key = value->type == GPUVM_NODE_SCALAR && strstr(value->text, "://") ? synonym->url : synonym->meant;
    if (!gpuvm_node_get(mapping, key))
        mapping->keys[i]->text = key;
}

void
gpuvm_schema_rename(const gpuvm_table *table, gpuvm_node *node)
{
    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_field *field = NULL;

        if (node->type == GPUVM_NODE_MAPPING) {
            rename_key(table, node, i);
            field = gpuvm_table_field(table, node->keys[i]->text);
        }
        if (node->type == GPUVM_NODE_SEQUENCE || (field && field->table))
            gpuvm_schema_rename(field ? field->table : table, node->values[i]);
    }
}

/* Numbers and truth values, which are plain, as every reader of YAML takes them. */
static void
arrange_value(const gpuvm_field *field, gpuvm_node *node)
{
    bool truth = false;
    g_autofree char *why = NULL, *hint = NULL;

    if (field->scalar == &gpuvm_scalar_bool && field->scalar->parse(node->text, &truth, &why, &hint))
        node->text = truth ? "true" : "false";
    while (node->text[0] == '0' && g_ascii_isdigit(node->text[1]))
        node->text++;
    node->plain = true;
}

/* Of the scalars at @node, numbers and truth values are plain: others are in quotes where they look like something else. */
static void
arrange_scalars(const gpuvm_field *field, gpuvm_node *node)
{
    bool text = field->shape != GPUVM_ONE || g_str_equal(field->scalar->json_type, "string");

    if (node->type == GPUVM_NODE_SCALAR && text)
        node->plain = false;
    else if (node->type == GPUVM_NODE_SCALAR)
        arrange_value(field, node);
    for (unsigned i = 0; i < node->n; i++)
        arrange_scalars(field, node->values[i]);
}

/* @key of @mapping comes to be number @to, from behind that; whether it is there. */
static bool
move_key(gpuvm_node *mapping, const char *key, unsigned to)
{
    gpuvm_node *found, *value;
    unsigned at = to;

    while (at < mapping->n && strcmp(mapping->keys[at]->text, key) != 0)
        at++;
    if (at == mapping->n)
        return false;
    found = mapping->keys[at];
    value = mapping->values[at];
    memmove(mapping->keys + to + 1, mapping->keys + to, (at - to) * sizeof(*mapping->keys));
    memmove(mapping->values + to + 1, mapping->values + to, (at - to) * sizeof(*mapping->values));
    mapping->keys[to] = found;
    mapping->values[to] = value;
    return true;
}

void
gpuvm_schema_arrange(const gpuvm_table *table, gpuvm_node *node)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);
    unsigned at = 0;

    if (node->type == GPUVM_NODE_SCALAR)
        arrange_scalars(gpuvm_table_field(table, table->scalar_key), node);
    for (unsigned i = 0; node->type == GPUVM_NODE_SEQUENCE && i < node->n; i++)
        gpuvm_schema_arrange(table, node->values[i]);
    for (unsigned i = 0; node->type == GPUVM_NODE_MAPPING && i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        if (!move_key(node, field->key, at))
            continue;
        if (field->table)
            gpuvm_schema_arrange(field->table, node->values[at]);
        else if (field->shape != GPUVM_ANY)
            arrange_scalars(field, node->values[at]);
        at++;
    }
}

/* The only key of a mapping among @fields in which @key is known; NULL. */
static const char *
find_home(const GPtrArray *fields, const char *key)
{
    const char *home = NULL;

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        if (field->shape != GPUVM_OBJECT || !gpuvm_table_field(field->table, key))
            continue;
        if (home)
            return NULL;
        home = field->key;
    }
    return home;
}

/* The keys of @fields (const char *, borrowed). */
static GPtrArray *
keys_of(const GPtrArray *fields)
{
    GPtrArray *keys = g_ptr_array_new();

    for (unsigned i = 0; i < fields->len; i++)
        g_ptr_array_add(keys, (gpointer)((const gpuvm_field *)fields->pdata[i])->key);
    return keys;
}

const char *
gpuvm_table_nearest(const gpuvm_table *table, const char *key)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table), keys = keys_of(fields);

    return gpuvm_nearest(key, (const char *const *)keys->pdata, keys->len);
}

void
gpuvm_table_suggest(const gpuvm_table *table, const char *key, gpuvm_diag *diag)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table), keys = keys_of(fields);
    const char *home = find_home(fields, key), *near = gpuvm_table_nearest(table, key);
    const gpuvm_synonym *synonym = find_synonym(table, key);

    if (synonym && synonym->scalar) {
        gpuvm_diag_hint(diag, "it is '%s' by another name: leave one of them out", synonym->meant);
    } else if (synonym) {
        gpuvm_diag_hint(diag, "did you mean %s?", synonym->meant);
    } else if (home) {
        gpuvm_diag_hint(diag, "'%s' belongs in '%s'", key, home);
    } else if (near) {
        gpuvm_diag_hint(diag, "did you mean '%s'?", near);
    } else if (keys->len <= MOST_KEYS_LISTED) {
        g_autofree char *all = NULL;

        g_ptr_array_add(keys, NULL);
        all = g_strjoinv(", ", (char **)keys->pdata);
        gpuvm_diag_hint(diag, "the keys of %s are %s", table->name, all);
    }
}
