/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"
#include "doc/schema.h"

/* A language with everything in it. */

typedef struct part {
    gpuvm_object object;
    uint64_t size;
    char *name;
    bool hot;
} part;

typedef struct base {
    gpuvm_object object;
    char *title;
    int mode;
} base;

typedef struct thing {
    base base;
    char *name, *text;
    uint64_t count;
    bool on;
    part *part, *other;
    GPtrArray *parts, *lists, *words, *labels;
    const gpuvm_node *any;
    char *soon;
} thing;

#define MEMBER(type, member) .key = #member, .offset = offsetof(type, member)

static void
check_part(const void *object, gpuvm_diags *diags)
{
    const part *p = object;
    gpuvm_mark mark = gpuvm_object_mark(&p->object, "size");

    if (p->hot && p->size > 10)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "too large to be hot");
}

static const gpuvm_field part_fields[] = {
    {MEMBER(part, size), .scalar = &gpuvm_scalar_integer, .min = 1, .max = 64, .unit = "MiB",
     .flags = GPUVM_FIELD_REQUIRED, .doc = "Its size."},
    {MEMBER(part, name), .scalar = &gpuvm_scalar_string, .fallback = "part", .doc = "Its name."},
    {MEMBER(part, hot), .scalar = &gpuvm_scalar_bool, .flags = GPUVM_FIELD_LATER,
     .doc = "Whether it is hot."},
    {NULL},
};

static const gpuvm_table part_table = {
    .name = "part",
    .doc = "A part.",
    .size = sizeof(part),
    .fields = part_fields,
    .scalar_key = "size",
    .check = check_part,
};

static const char *const modes[] = {"none", "fast-mode", "slow", NULL};

static void
check_base(const void *object, gpuvm_diags *diags)
{
    const base *b = object;

    if (b->title && strcmp(b->title, "bad") == 0)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &b->object.node->mark, "the base is bad");
}

static const gpuvm_field base_fields[] = {
    {MEMBER(base, title), .scalar = &gpuvm_scalar_string, .doc = "A title."},
    {MEMBER(base, mode), .shape = GPUVM_ENUM, .choices = modes, .fallback = "slow", .doc = "A mode."},
    {NULL},
};

static const gpuvm_table base_table = {
    .name = "base", .doc = "A base.", .size = sizeof(base), .fields = base_fields, .check = check_base};

static void
check_thing(const void *object, gpuvm_diags *diags)
{
    const thing *t = object;

    if (strcmp(t->name, "bad") == 0)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "the thing is bad");
}

static const gpuvm_field thing_fields[] = {
    {MEMBER(thing, name), .scalar = &gpuvm_scalar_string, .flags = GPUVM_FIELD_REQUIRED, .doc = "A name."},
    {MEMBER(thing, text), .scalar = &gpuvm_scalar_text, .doc = "A text."},
    {MEMBER(thing, count), .scalar = &gpuvm_scalar_integer, .fallback = "7", .doc = "A count."},
    {MEMBER(thing, on), .scalar = &gpuvm_scalar_bool, .fallback = "true", .doc = "A switch."},
    {MEMBER(thing, part), .shape = GPUVM_OBJECT, .table = &part_table, .doc = "A part."},
    {MEMBER(thing, other), .shape = GPUVM_OBJECT, .table = &part_table, .flags = GPUVM_FIELD_LATER,
     .doc = "Another."},
    {MEMBER(thing, parts), .shape = GPUVM_OBJECTS, .table = &part_table, .flags = GPUVM_FIELD_NONEMPTY,
     .doc = "Parts."},
    {MEMBER(thing, lists), .shape = GPUVM_LISTS, .table = &part_table, .doc = "Lists of parts."},
    {MEMBER(thing, words), .shape = GPUVM_STRINGS, .doc = "Words."},
    {MEMBER(thing, labels), .shape = GPUVM_MAP, .flags = GPUVM_FIELD_NONEMPTY, .doc = "Labels."},
    {MEMBER(thing, any), .shape = GPUVM_ANY, .doc = "Anything."},
    {MEMBER(thing, soon), .scalar = &gpuvm_scalar_string, .flags = GPUVM_FIELD_LATER, .doc = "Soon."},
    {NULL},
};

static const gpuvm_table thing_table = {
    .name = "thing",
    .doc = "A thing.",
    .size = sizeof(thing),
    .parent = &base_table,
    .fields = thing_fields,
    .check = check_thing,
};

/** What a thing is read from, and what it is. */
typedef struct reading {
    GPtrArray *docs;
    gpuvm_diags *diags;
    thing *thing;
} reading;

static reading
read_thing(const char *text)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("f", g_strdup(text), strlen(text));
    reading r = {.diags = gpuvm_diags_new()};

    r.docs = gpuvm_doc_parse(source, r.diags);
    assert_int_equal(r.diags->errors, 0);
    r.thing = gpuvm_schema_decode(&thing_table, ((const gpuvm_doc *)r.docs->pdata[0])->root, r.diags);
    return r;
}

static void
reading_clear(reading *r)
{
    gpuvm_schema_free(&thing_table, r->thing);
    gpuvm_diags_free(r->diags);
    g_ptr_array_unref(r->docs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(reading, reading_clear)

/** "LINE:COLUMN: MESSAGE (hint)" of each diagnostic, a line each. */
static char *
summary(const gpuvm_diags *diags)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        g_string_append_printf(out, "%s%u:%u: %s", i > 0 ? "\n" : "", diag->mark.line, diag->mark.column,
                               diag->message);
        if (diag->hint)
            g_string_append_printf(out, " (%s)", diag->hint);
    }
    return g_string_free(out, FALSE);
}

static void
test_defaults(void **state G_GNUC_UNUSED)
{
    g_auto(reading) r = read_thing("name: a\n");
    const thing *t = r.thing;

    assert_non_null(t);
    assert_ptr_equal(t->base.object.node, ((const gpuvm_doc *)r.docs->pdata[0])->root);
    assert_string_equal(t->name, "a");
    assert_null(t->base.title);
    assert_int_equal(t->base.mode, 2);
    assert_null(t->text);
    assert_int_equal(t->count, 7);
    assert_true(t->on);
    assert_null(t->part);
    assert_int_equal(t->parts->len, 0);
    assert_int_equal(t->lists->len, 0);
    assert_int_equal(t->words->len, 0);
    assert_int_equal(t->labels->len, 0);
    assert_null(t->any);
}

static void
test_everything(void **state G_GNUC_UNUSED)
{
    g_auto(reading) r = read_thing("title: T\n"
                                   "mode: fast-mode\n"
                                   "name: '007'\n"
                                   "text: |\n  x\n  y\n"
                                   "count: 18446744073709551615\n"
                                   "on: No\n"
                                   "part: {size: 1, name: p}\n"
                                   "parts: [64, {size: '2', hot: yes}]\n"
                                   "lists: [[1, 2], [], [{size: 3}]]\n"
                                   "words: [no, 0000:01:00.0, 'null']\n"
                                   "labels: {z: 1, a: '', 'null': '~'}\n"
                                   "any: {x: [~]}\n");
    const thing *t = r.thing;
    const part *p;
    const gpuvm_pair *pair;

    assert_non_null(t);
    assert_string_equal(t->base.title, "T");
    assert_int_equal(t->base.mode, 1);
    assert_string_equal(t->name, "007");
    assert_string_equal(t->text, "x\ny\n");
    assert_true(t->count == G_MAXUINT64);
    assert_false(t->on);
    assert_string_equal(t->part->name, "p");
    assert_int_equal(t->parts->len, 2);
    p = t->parts->pdata[0];
    assert_int_equal(p->size, 64);
    assert_string_equal(p->name, "part");
    assert_int_equal(p->object.node->type, GPUVM_NODE_SCALAR);
    p = t->parts->pdata[1];
    assert_int_equal(p->size, 2);
    assert_true(p->hot);
    assert_int_equal(t->lists->len, 3);
    assert_int_equal(((const GPtrArray *)t->lists->pdata[0])->len, 2);
    assert_int_equal(((const GPtrArray *)t->lists->pdata[1])->len, 0);
    p = ((const GPtrArray *)t->lists->pdata[2])->pdata[0];
    assert_int_equal(p->size, 3);
    assert_int_equal(t->words->len, 3);
    assert_string_equal(t->words->pdata[0], "no");
    assert_string_equal(t->words->pdata[1], "0000:01:00.0");
    assert_int_equal(t->labels->len, 3);
    pair = t->labels->pdata[0];
    assert_string_equal(pair->key, "z");
    assert_string_equal(pair->value, "1");
    pair = t->labels->pdata[2];
    assert_string_equal(pair->value, "~");
    assert_ptr_equal(t->any, gpuvm_node_get(t->base.object.node, "any"));
}

static void
test_bool_words(void **state G_GNUC_UNUSED)
{
    static const char *const yes[] = {"true", "True", "YES", "on", "yes"};
    static const char *const no[] = {"false", "FALSE", "no", "Off", "NO"};

    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        g_autofree char *why = NULL, *hint = NULL;
        bool value = false;

        assert_true(gpuvm_scalar_bool.parse(yes[i], &value, &why, &hint));
        assert_true(value);
        assert_true(gpuvm_scalar_bool.parse(no[i], &value, &why, &hint));
        assert_false(value);
    }
}

#define KEYS "name, text, count, on, part, other, parts, lists, words, labels, any, soon, title, mode"
#define INTEGER_HINT "decimal digits only, without a sign, a fraction or a unit"

static const struct {
    const char *text, *expected;
} bad_cases[] = {
    /* the root */
    {"x", "1:1: thing must be a mapping, not a single value"},
    {"[a]", "1:1: thing must be a mapping, not a list"},
    {"{}", "1:1: thing has no 'name', which is required"},
    {"title: x\nmode: none\n", "1:1: thing has no 'name', which is required"},
    /* unknown keys */
    {"name: a\nzzzzzz: 1\n", "2:1: unknown key 'zzzzzz' in thing"},
    {"name: a\ntitel: 1\n", "2:1: unknown key 'titel' in thing (did you mean 'title'?)"},
    {"Name: a\n", "1:1: thing has no 'name', which is required\n"
                  "1:1: unknown key 'Name' in thing (did you mean 'name'?)"},
    {"name: a\nhot: yes\n", "2:1: unknown key 'hot' in thing"}, /* part and other both have one */
    {"name: a\npart:\n  size: 1\n  colour: red\n",
     "4:3: unknown key 'colour' in part (the keys of part are size, name, hot)"},
    {"name: a\n'': 1\n", "2:1: unknown key '' in thing"},
    {"name: a\n\"x\\ny\": 1\n", "2:1: unknown key 'x\\x0ay' in thing"},
    /* no value */
    {"name:\n", "1:1: name has no value (give it a value, or remove it)"},
    {"name: ~\n", "1:1: name has no value (put '~' in quotes when this text is meant)"},
    {"name: null\n", "1:1: name has no value (put 'null' in quotes when this text is meant)"},
    {"name: a\nparts:\n", "2:1: parts has no value (give it a value, or remove it)"},
    {"name: a\nany:\n", "2:1: any has no value (give it a value, or remove it)"},
    {"name: a\nparts:\n  - 1\n  -\n", "4:4: an item of parts has no value (give it a value, or remove it)"},
    {"name: a\nwords: [x, ~]\n",
     "2:12: an item of words has no value (put '~' in quotes when this text is meant)"},
    {"name: a\nlists: [~]\n",
     "2:9: an item of lists has no value (put '~' in quotes when this text is meant)"},
    {"name: a\nlabels: {x: }\n", "2:10: 'x' in labels has no value (give it a value, or remove it)"},
    /* scalars */
    {"name: ''\n", "1:7: name must not be empty"},
    {"name: |\n  a\n",
     "1:7: name must be one line (write it without line breaks, also at its end: '|-' in place of '|')"},
    {"name: [a]\n", "1:7: name must be a string, not a list"},
    {"name: {a: b}\n", "1:7: name must be a string, not a mapping"},
    {"name: a\non: maybe\n", "2:5: on must be true or false, not 'maybe'"},
    {"name: a\non: 1\n", "2:5: on must be true or false, not '1'"},
    {"name: a\ncount: {}\n", "2:8: count must be an integer, not a mapping"},
    {"name: a\ncount: many\n", "2:8: count must be an integer, not 'many' (" INTEGER_HINT ")"},
    {"name: a\ncount: ''\n", "2:8: count must be an integer, not '' (" INTEGER_HINT ")"},
    {"name: a\ncount: -1\n", "2:8: count must be an integer, not '-1' (" INTEGER_HINT ")"},
    {"name: a\ncount: +1\n", "2:8: count must be an integer, not '+1' (" INTEGER_HINT ")"},
    {"name: a\ncount: 1.5\n", "2:8: count must be an integer, not '1.5' (" INTEGER_HINT ")"},
    {"name: a\ncount: 0x10\n", "2:8: count must be an integer, not '0x10' (" INTEGER_HINT ")"},
    {"name: a\ncount: 1 2\n", "2:8: count must be an integer, not '1 2' (" INTEGER_HINT ")"},
    {"name: a\ncount: 18446744073709551616\n",
     "2:8: count must be at most 18446744073709551615, not 18446744073709551616"},
    {"name: a\npart: {size: 0}\n", "2:14: size must be at least 1 MiB, not 0"},
    {"name: a\npart: {size: 65}\n", "2:14: size must be at most 64 MiB, not 65"},
    {"name: a\npart: {size: 2G}\n",
     "2:14: size must be an integer, not '2G' (" INTEGER_HINT "\nit is a number of MiB)"},
    {"name: a\nmode: fast\n",
     "2:7: mode must be one of none, fast-mode, slow, not 'fast' (did you mean 'fast-mode'?)"},
    {"name: a\nmode: FAST_MODE\n",
     "2:7: mode must be one of none, fast-mode, slow, not 'FAST_MODE' (did you mean 'fast-mode'?)"},
    {"name: a\nmode: x\n", "2:7: mode must be one of none, fast-mode, slow, not 'x'"},
    {"name: a\nmode: [slow]\n", "2:7: mode must be one of none, fast-mode, slow, not a list"},
    /* mappings and lists */
    {"name: a\npart: [1]\n", "2:7: part must be a single value or a mapping, not a list"},
    {"name: a\npart: {}\n", "2:7: part has no 'size', which is required"},
    {"name: a\npart: x\n", "2:7: size must be an integer, not 'x' (" INTEGER_HINT "\nit is a number of MiB)"},
    {"name: a\nparts: {size: 1}\n",
     "2:8: parts must be a list, not a mapping (begin each item with '- ', the only one too)"},
    {"name: a\nparts: 5\n", "2:8: parts must be a list, not a single value (write a list of one as [5])"},
    {"name: a\nparts: []\n", "2:8: parts must have at least one item"},
    {"name: a\nparts: [[1]]\n", "2:9: an item of parts must be a single value or a mapping, not a list"},
    {"name: a\nparts: [0, 1, {}, {size: 1, nam: x}]\n",
     "2:9: size must be at least 1 MiB, not 0\n"
     "2:15: part has no 'size', which is required\n"
     "2:29: unknown key 'nam' in part (did you mean 'name'?)"},
    {"name: a\nlists: [1]\n",
     "2:9: an item of lists must be a list, not a single value (write a list of one as [1])"},
    {"name: a\nlists: [[0], [1, 99]]\n",
     "2:10: size must be at least 1 MiB, not 0\n2:18: size must be at most 64 MiB, not 99"},
    {"name: a\nwords: [a, '', {}, [b]]\n", "2:12: an item of words must not be empty\n"
                                           "2:16: an item of words must be a single value, not a mapping\n"
                                           "2:20: an item of words must be a single value, not a list"},
    {"name: a\nwords: b\n", "2:8: words must be a list, not a single value (write a list of one as [b])"},
    {"name: a\nlabels: [a]\n", "2:9: labels must be a mapping, not a list"},
    {"name: a\nlabels: {}\n", "2:9: labels must have at least one key"},
    {"name: a\nlabels: {a: [1], '': x, b: {}}\n",
     "2:13: 'a' in labels must be a single value, not a list\n"
     "2:18: a key in labels must not be empty\n"
     "2:28: 'b' in labels must be a single value, not a mapping"},
    /* checks: only when the fields are right, parents' first */
    {"name: a\npart: {size: 11, hot: yes}\n", "2:14: too large to be hot"},
    {"name: bad\ntitle: bad\n", "1:1: the base is bad\n0:0: the thing is bad"},
    {"name: bad\npart: 0\n", "2:7: size must be at least 1 MiB, not 0"},
};

static void
test_bad(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_auto(reading) r = read_thing(bad_cases[i].text);
        g_autofree char *found = summary(r.diags);

        assert_string_equal(found, bad_cases[i].expected);
        assert_null(r.thing);
        assert_int_equal(gpuvm_diags_exit(r.diags), GPUVM_EXIT_INVALID);
    }
}

/** A mapping that knows the key is named when there is one only. */
static void
test_home(void **state G_GNUC_UNUSED)
{
    static const gpuvm_field fields[] = {
        {.key = "part",
         .shape = GPUVM_OBJECT,
         .offset = sizeof(gpuvm_object),
         .table = &part_table,
         .doc = "A part."},
        {NULL},
    };
    static const gpuvm_table table = {
        .name = "box", .doc = "A box.", .size = sizeof(gpuvm_object) + sizeof(void *), .fields = fields};
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "unknown");

    gpuvm_table_suggest(&table, "size", diag);
    assert_string_equal(diag->hint, "'size' belongs in 'part'");
}

static void
test_later(void **state G_GNUC_UNUSED)
{
    g_auto(reading) r = read_thing("name: a\nsoon: x\npart: {size: 1, hot: no}\nother: {size: 1, hot: no}\n"
                                   "parts: [1, {size: 1, hot: on}]\nlists: [[{hot: no, size: 1}]]\n");
    g_autofree char *found = NULL;

    assert_non_null(r.thing);
    gpuvm_schema_later(&thing_table, r.thing, r.diags);
    found = summary(r.diags);
    assert_string_equal(found, "3:17: hot is not supported by this version of gpuvm\n"
                               "4:1: other is not supported by this version of gpuvm\n"
                               "5:22: hot is not supported by this version of gpuvm\n"
                               "6:11: hot is not supported by this version of gpuvm\n"
                               "2:1: soon is not supported by this version of gpuvm");
    assert_int_equal(gpuvm_diags_exit(r.diags), GPUVM_EXIT_USAGE);
}

static void
test_marks(void **state G_GNUC_UNUSED)
{
    g_auto(reading) r = read_thing("name: a\npart:\n  hot: no\n  size: 3\nparts: [1]\n");
    const gpuvm_object *object = &r.thing->base.object, *item = r.thing->parts->pdata[0];

    assert_int_equal(gpuvm_object_mark(object, "name").column, 7);
    assert_int_equal(gpuvm_object_mark(object, "title").column, 1);
    assert_int_equal(gpuvm_object_mark(&r.thing->part->object, "size").line, 4);
    assert_int_equal(gpuvm_object_mark(&r.thing->part->object, "name").line, 3);
    assert_int_equal(gpuvm_object_mark(item, "size").column, 9);
    assert_int_equal(gpuvm_object_mark(NULL, "x").line, 0);
    assert_null(gpuvm_object_mark(&(gpuvm_object){NULL}, "x").source);
    assert_true(gpuvm_object_has(object, "part"));
    assert_false(gpuvm_object_has(object, "title"));
    assert_false(gpuvm_object_has(item, "size"));
    assert_false(gpuvm_object_has(NULL, "x"));
    assert_false(gpuvm_object_has(&(gpuvm_object){NULL}, "x"));
}

static void
test_tables(void **state G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(&thing_table);
    g_autoptr(GString) keys = g_string_new(NULL);

    for (unsigned i = 0; i < fields->len; i++)
        g_string_append_printf(keys, "%s%s", i > 0 ? ", " : "", ((const gpuvm_field *)fields->pdata[i])->key);
    assert_string_equal(keys->str, KEYS);
    assert_ptr_equal(gpuvm_table_field(&thing_table, "title"), &base_fields[0]);
    assert_ptr_equal(gpuvm_table_field(&thing_table, "name"), &thing_fields[0]);
    assert_null(gpuvm_table_field(&thing_table, "size"));
    assert_string_equal(gpuvm_field_default(gpuvm_table_field(&thing_table, "count")), "7");
    assert_string_equal(gpuvm_field_default(gpuvm_table_field(&thing_table, "mode")), "slow");
    assert_null(gpuvm_field_default(gpuvm_table_field(&thing_table, "name")));
    assert_string_equal(gpuvm_field_default(&(gpuvm_field){.shape = GPUVM_ENUM, .choices = modes}), "none");
    gpuvm_schema_free(&thing_table, NULL);
}

static void
test_nearest(void **state G_GNUC_UNUSED)
{
    static const char *const words[] = {"memory_mb", "cpu_cores", "name", "rom_bar", "on", "disks", "numa"};
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"memroy_mb", "memory_mb"}, /* swapped */
        {"memry_mb", "memory_mb"},  /* too few */
        {"memoryy_mb", "memory_mb"},
        {"nemory_nb", "memory_mb"}, /* two wrong */
        {"nenory_nb", NULL},        /* three */
        {"MemoryMB", "memory_mb"},
        {"memory-mb", "memory_mb"},
        {"cpu_core", "cpu_cores"},
        {"memory", "memory_mb"}, /* the beginning */
        {"mem", "memory_mb"},
        {"me", NULL},
        {"disks2024", "disks"},
        {"disk", "disks"},
        {"nam", "name"},
        {"mane", NULL}, /* two slips in four letters */
        {"no", NULL},
        {"onn", "on"},
        {"ROM-BAR", "rom_bar"},
        {"num", "numa"},
        {"", NULL},
        {"__-", NULL},
        {"é", NULL},
        {"x1234567890123456789012345678901234567890123456789012345678901234567890", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *found = gpuvm_nearest(cases[i].word, words, G_N_ELEMENTS(words));

        if (g_strcmp0(found, cases[i].expected) != 0)
            fail_msg("'%s' is near '%s'", cases[i].word, found ? found : "nothing");
    }
    assert_null(gpuvm_nearest("name", words, 0));
}

/** As many keys as a file may hold; what they take is measured by the bench. */
static void
test_many(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) text = g_string_new("name: a\nlabels:\n");

    for (unsigned i = 0; i < 40000; i++)
        g_string_append_printf(text, "  key%u: %u\n", i, i);
    {
        g_auto(reading) r = read_thing(text->str);

        assert_non_null(r.thing);
        assert_int_equal(r.thing->labels->len, 40000);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything), cmocka_unit_test(test_bool_words),
        cmocka_unit_test(test_bad),      cmocka_unit_test(test_home),       cmocka_unit_test(test_later),
        cmocka_unit_test(test_marks),    cmocka_unit_test(test_tables),     cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
