/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* decode.c: trees → structs, by tables (doc/schema.h) */
#include <config.h>

#include "doc/schema.h"

#include <string.h>

#include "base/nearest.h"

/* What is being decoded, for messages. */
typedef struct subject {
    const char *key; /* the key, or the table's name at the root */
    bool item;       /* an item of the key's list */
} subject;

static gpuvm_diag *G_GNUC_PRINTF(4, 5)
    complain(gpuvm_diags *diags, const gpuvm_node *node, subject what, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &node->mark, "%s%s %s",
                             what.item ? "an item of " : "", what.key, message);
}

/* "must be EXPECTED, not a list". Returns NULL when @node is of @type. */
static gpuvm_diag *
check_type(const gpuvm_node *node, gpuvm_node_type type, subject what, const char *expected,
           gpuvm_diags *diags)
{
    static const char *const found[] = {"a single value", "a list", "a mapping"};

    return node->type == type
               ? NULL
               : complain(diags, node, what, "must be %s, not %s", expected, found[node->type]);
}

static void
check_range(const gpuvm_field *field, const gpuvm_node *node, uint64_t number, subject what,
            gpuvm_diags *diags)
{
    const char *space = field->unit ? " " : "", *unit = field->unit ? field->unit : "";

    if (number < field->min)
        complain(diags, node, what, "must be at least %" G_GUINT64_FORMAT "%s%s, not %s", field->min, space,
                 unit, node->text);
    else if (field->max > 0 && number > field->max)
        complain(diags, node, what, "must be at most %" G_GUINT64_FORMAT "%s%s, not %s", field->max, space,
                 unit, node->text);
}

/* Whether @node may be what a tool that reads YAML 1.1 wrote in place of a text that it took for a number. */
static bool
is_number(const gpuvm_node *node)
{
    char *end;

    g_ascii_strtod(node->text, &end);
    return node->plain && g_ascii_isdigit(*node->text) && !*end && !strpbrk(node->text, "xX");
}

static void
decode_scalar(const gpuvm_field *field, const gpuvm_node *node, subject what, void *member,
              gpuvm_diags *diags)
{
    g_autofree char *why = NULL, *hint = NULL;
    const char *name = field->scalar->name;
    gpuvm_diag *diag;

    if (node->type != GPUVM_NODE_SCALAR) {
        g_autofree char *expected = g_strdup_printf("%s %s", strchr("aeio", *name) ? "an" : "a", name);

        check_type(node, GPUVM_NODE_SCALAR, what, expected, diags);
        return;
    }
    if (field->scalar->parse(node->text, member, &why, &hint)) {
        if (field->scalar == &gpuvm_scalar_integer)
            check_range(field, node, *(uint64_t *)member, what, diags);
        return;
    }
    if (g_str_has_prefix(why, "must "))
        diag = complain(diags, node, what, "%s", why);
    else
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &node->mark, "%s", why);
    if (field->scalar->like_number && is_number(node))
        gpuvm_diag_hint(diag, "quote it: YAML 1.1 tools turn it into a number");
    if (hint)
        gpuvm_diag_hint(diag, "%s", hint);
    if (field->unit)
        gpuvm_diag_hint(diag, "it is a number of %s", field->unit);
}

/* The index of @text among @choices; -1 when it is none. */
static int
find_choice(const char *const *choices, const char *text)
{
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0)
            return i;
    }
    return -1;
}

static void
decode_enum(const gpuvm_field *field, const gpuvm_node *node, subject what, int *member, gpuvm_diags *diags)
{
    int choice = node->type == GPUVM_NODE_SCALAR ? find_choice(field->choices, node->text) : -1;
    g_autofree char *all = NULL, *expected = NULL;
    const char *near;
    gpuvm_diag *diag;

    if (choice >= 0) {
        *member = choice;
        return;
    }
    all = g_strjoinv(", ", (char **)field->choices);
    expected = g_strdup_printf("one of %s", all);
    if (check_type(node, GPUVM_NODE_SCALAR, what, expected, diags))
        return;
    diag = complain(diags, node, what, "must be %s, not '%s'", expected, node->text);
    near = gpuvm_nearest(node->text, field->choices, g_strv_length((char **)field->choices));
    if (near)
        gpuvm_diag_hint(diag, "did you mean '%s'?", near);
}

/* A hint of what to write in place of @node, which is no list of @field's: a list of it, unless that is no item of it. */
static void
hint_single(const gpuvm_field *field, const gpuvm_node *node, gpuvm_diag *diag)
{
    const gpuvm_field *item = field->table && field->table->scalar_key
                                  ? gpuvm_table_field(field->table, field->table->scalar_key)
                                  : NULL;
    g_autofree char *why = NULL, *hint = NULL;

    if (item && item->scalar) {
        g_autofree void *value = g_malloc0(item->scalar->size);

        item->scalar->parse(node->text, value, &why, &hint);
        if (item->scalar->clear)
            item->scalar->clear(value);
    }
    if (hint)
        gpuvm_diag_hint(diag, "each item of the list: %s", hint);
    else
        gpuvm_diag_hint(diag, "write a list of one as [%s]", node->text);
    if (hint && gpuvm_table_field(field->table, "count"))
        gpuvm_diag_hint(diag, "several of one kind: [{%s: '10de:*', count: 2}]", item->key);
}

/* Whether @node is a list; its items are told apart from a value that was meant as the only item. */
static bool
check_list(const gpuvm_field *field, const gpuvm_node *node, subject what, gpuvm_diags *diags)
{
    gpuvm_diag *diag = check_type(node, GPUVM_NODE_SEQUENCE, what, "a list", diags);

    if (diag && node->type == GPUVM_NODE_MAPPING)
        gpuvm_diag_hint(diag, "begin each item with '- ', the only one too");
    else if (diag)
        hint_single(field, node, diag);
    else if (node->n == 0 && field->flags & GPUVM_FIELD_NONEMPTY)
        complain(diags, node, what, "must have at least one item");
    return !diag;
}

/* Returns true when @node has no value, which is an error. */
static bool
is_missing(const gpuvm_node *node, const gpuvm_node *key, subject what, gpuvm_diags *diags)
{
    gpuvm_diag *diag;

    if (!gpuvm_node_is_null(node))
        return false;
    diag = complain(diags, key ? key : node, what, "has no value");
    if (*node->text)
        gpuvm_diag_hint(diag, "put '%s' in quotes when this text is meant", node->text);
    else
        gpuvm_diag_hint(diag, "give it a value, or remove it");
    return true;
}

static void *
decode_object(const gpuvm_table *table, const gpuvm_node *node, subject what, gpuvm_diags *diags);

static void
decode_objects(const gpuvm_field *field, const gpuvm_node *node, GPtrArray *objects, gpuvm_diags *diags)
{
    subject item = {field->key, true};

    for (unsigned i = 0; i < node->n; i++) {
        void *object = NULL;

        if (!is_missing(node->values[i], NULL, item, diags))
            object = decode_object(field->table, node->values[i], item, diags);
        if (object)
            g_ptr_array_add(objects, object);
    }
}

static void
decode_lists(const gpuvm_field *field, const gpuvm_node *node, GPtrArray *lists, gpuvm_diags *diags)
{
    subject item = {field->key, true};

    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_node *inner = node->values[i];
        GPtrArray *objects;

        if (is_missing(inner, NULL, item, diags) || !check_list(field, inner, item, diags))
            continue;
        objects = g_ptr_array_new();
        g_ptr_array_add(lists, objects);
        decode_objects(field, inner, objects, diags);
    }
}

static void
decode_strings(const gpuvm_field *field, const gpuvm_node *node, GPtrArray *strings, gpuvm_diags *diags)
{
    subject item = {field->key, true};

    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_node *value = node->values[i];

        if (is_missing(value, NULL, item, diags) ||
            check_type(value, GPUVM_NODE_SCALAR, item, "a single value", diags))
            continue;
        if (*value->text)
            g_ptr_array_add(strings, g_strdup(value->text));
        else
            complain(diags, value, item, "must not be empty");
    }
}

void
gpuvm_pair_free(gpuvm_pair *pair)
{
    if (!pair)
        return;
    g_free(pair->key);
    g_free(pair->value);
    g_free(pair);
}

static void
decode_map(const gpuvm_field *field, const gpuvm_node *node, GPtrArray *pairs, gpuvm_diags *diags)
{
    if (check_type(node, GPUVM_NODE_MAPPING, (subject){field->key, false}, "a mapping", diags))
        return;
    if (node->n == 0 && field->flags & GPUVM_FIELD_NONEMPTY)
        complain(diags, node, (subject){field->key, false}, "must have at least one key");
    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_node *key = node->keys[i], *value = node->values[i];
        g_autofree char *name = g_strdup_printf("'%s' in %s", key->text, field->key);
        subject what = {name, false};

        if (!*key->text) {
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &key->mark, "a key in %s must not be empty",
                              field->key);
        } else if (!is_missing(value, key, what, diags) &&
                   !check_type(value, GPUVM_NODE_SCALAR, what, "a single value", diags)) {
            gpuvm_pair *pair = g_new(gpuvm_pair, 1);

            *pair = (gpuvm_pair){g_strdup(key->text), g_strdup(value->text)};
            g_ptr_array_add(pairs, pair);
        }
    }
}

static void
decode_member(const gpuvm_field *field, const gpuvm_node *node, void *member, gpuvm_diags *diags)
{
    subject what = {field->key, false};
    GPtrArray *array;

    switch (field->shape) {
    case GPUVM_ONE:
        decode_scalar(field, node, what, member, diags);
        break;
    case GPUVM_ENUM:
        decode_enum(field, node, what, member, diags);
        break;
    case GPUVM_OBJECT:
        *(void **)member = decode_object(field->table, node, what, diags);
        break;
    case GPUVM_MAP:
        decode_map(field, node, *(GPtrArray **)member, diags);
        break;
    case GPUVM_ANY:
        *(const gpuvm_node **)member = node;
        break;
    case GPUVM_OBJECTS:
    case GPUVM_LISTS:
    case GPUVM_STRINGS:
        array = *(GPtrArray **)member;
        if (!check_list(field, node, what, diags))
            break;
        if (field->shape == GPUVM_OBJECTS)
            decode_objects(field, node, array, diags);
        else if (field->shape == GPUVM_LISTS)
            decode_lists(field, node, array, diags);
        else
            decode_strings(field, node, array, diags);
        break;
    }
}

static void set_default(const gpuvm_field *field, void *member, bool given);

/* What an absent mapping stands for: every field's fallback. */
static void *
make_absent(const gpuvm_table *table)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);
    char *object = g_malloc0(table->size);

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        set_default(field, object + field->offset, false);
    }
    return object;
}

/* The value of a key that is absent; empty arrays also for those that are there, to be filled. */
static void
set_default(const gpuvm_field *field, void *member, bool given)
{
    g_autofree char *why = NULL, *hint = NULL;

    if (!given && field->flags & GPUVM_FIELD_NULLABLE)
        return;
    switch (field->shape) {
    case GPUVM_ONE:
        if (!given && field->fallback && !field->scalar->parse(field->fallback, member, &why, &hint))
            g_error("the fallback of %s: %s", field->key, why);
        break;
    case GPUVM_ENUM:
        *(int *)member = field->fallback ? find_choice(field->choices, field->fallback) : 0;
        g_assert(*(int *)member >= 0);
        break;
    case GPUVM_OBJECTS:
    case GPUVM_LISTS:
        *(GPtrArray **)member = g_ptr_array_new();
        break;
    case GPUVM_STRINGS:
        *(GPtrArray **)member = g_ptr_array_new_with_free_func(g_free);
        break;
    case GPUVM_MAP:
        *(GPtrArray **)member = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_pair_free);
        break;
    case GPUVM_OBJECT:
        if (!given && field->flags & GPUVM_FIELD_PRESENT)
            *(void **)member = make_absent(field->table);
        break;
    case GPUVM_ANY:
        break;
    }
}

/* Defaults, parents' first; and errors for required keys that are not in @node. */
static void
set_defaults(const gpuvm_table *table, const gpuvm_node *node, void *object, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    for (unsigned i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];
        bool given = node->type == GPUVM_NODE_SCALAR ? strcmp(table->scalar_key, field->key) == 0
                                                     : gpuvm_node_get_key(node, field->key) != NULL;

        if (!given && field->flags & GPUVM_FIELD_REQUIRED)
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &node->mark, "%s has no '%s', which is required",
                              table->name, field->key);
        set_default(field, (char *)object + field->offset, given);
    }
}

static void
decode_mapping(const gpuvm_table *table, const gpuvm_node *node, void *object, gpuvm_diags *diags)
{
    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_node *key = node->keys[i], *value = node->values[i];
        const gpuvm_field *field = gpuvm_table_field(table, key->text);

        if (!field)
            gpuvm_table_suggest(table, key->text,
                                gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &key->mark,
                                                  "unknown key '%s' in %s", key->text, table->name));
        else if (!is_missing(value, key, (subject){field->key, false}, diags))
            decode_member(field, value, (char *)object + field->offset, diags);
    }
}

static void
check_object(const gpuvm_table *table, const void *object, gpuvm_diags *diags)
{
    if (table->parent)
        check_object(table->parent, object, diags);
    if (table->check)
        table->check(object, diags);
}

static void *
decode_object(const gpuvm_table *table, const gpuvm_node *node, subject what, gpuvm_diags *diags)
{
    bool shorthand = table->scalar_key && node->type == GPUVM_NODE_SCALAR;
    const char *expected = table->scalar_key ? "a single value or a mapping" : "a mapping";
    unsigned errors = diags->errors;
    void *object;

    if (!shorthand && check_type(node, GPUVM_NODE_MAPPING, what, expected, diags))
        return NULL;
    object = g_malloc0(table->size);
    ((gpuvm_object *)object)->node = node;
    set_defaults(table, node, object, diags);
    if (shorthand) {
        const gpuvm_field *field = gpuvm_table_field(table, table->scalar_key);

        decode_member(field, node, (char *)object + field->offset, diags);
    } else {
        decode_mapping(table, node, object, diags);
    }
    if (diags->errors == errors)
        check_object(table, object, diags);
    if (diags->errors == errors)
        return object;
    gpuvm_schema_free(table, object);
    return NULL;
}

void *
gpuvm_schema_decode(const gpuvm_table *table, const gpuvm_node *node, gpuvm_diags *diags)
{
    return decode_object(table, node, (subject){table->name, false}, diags);
}
