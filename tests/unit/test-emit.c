/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <json-glib/json-glib.h>

#include "doc/emit.h"

/* Only names and limits count here: nothing is decoded by these tables. */

static const char *const kinds[] = {"thing", "other", NULL};
static const char *const modes[] = {"none", "2M", NULL};

static const gpuvm_field part_fields[] = {
    {.key = "size",
     .scalar = &gpuvm_scalar_integer,
     .min = 1,
     .max = 64,
     .unit = "MiB",
     .flags = GPUVM_FIELD_REQUIRED,
     .doc = "Its size."},
    {.key = "hot",
     .scalar = &gpuvm_scalar_bool,
     .fallback = "true",
     .flags = GPUVM_FIELD_LATER,
     .doc = "Hot?"},
    {NULL},
};

static const gpuvm_table part_table = {
    .name = "part", .doc = "A part.", .fields = part_fields, .scalar_key = "size"};

static const gpuvm_field box_fields[] = {
    {.key = "parts", .shape = GPUVM_OBJECTS, .table = &part_table, .doc = "What is in it."},
    {NULL},
};

static const gpuvm_table box_table = {.name = "box", .doc = "A box.", .fields = box_fields};

static const gpuvm_field base_fields[] = {
    {.key = "title", .scalar = &gpuvm_scalar_text, .doc = ".title-line of \\ the\n'thing'"},
    {NULL},
};

static const gpuvm_table base_table = {.name = "base", .doc = "A base.", .fields = base_fields};

static const gpuvm_field thing_fields[] = {
    {.key = "kind", .shape = GPUVM_ENUM, .choices = kinds, .doc = "Its kind."},
    {.key = "name", .scalar = &gpuvm_scalar_string, .flags = GPUVM_FIELD_REQUIRED, .doc = "Its name."},
    {.key = "count", .scalar = &gpuvm_scalar_integer, .min = 2, .fallback = "7", .doc = "A count."},
    {.key = "mode", .shape = GPUVM_ENUM, .choices = modes, .doc = "A mode."},
    {.key = "box", .shape = GPUVM_OBJECT, .table = &box_table, .doc = "Its box."},
    {.key = "lists", .shape = GPUVM_LISTS, .table = &part_table, .doc = "Lists."},
    {.key = "words", .shape = GPUVM_STRINGS, .flags = GPUVM_FIELD_NONEMPTY, .doc = "Words."},
    {.key = "labels", .shape = GPUVM_MAP, .flags = GPUVM_FIELD_NONEMPTY, .doc = "Labels."},
    {.key = "any", .shape = GPUVM_ANY, .doc = "Anything."},
    {NULL},
};

static const gpuvm_table thing_table = {
    .name = "thing", .doc = "A thing.", .parent = &base_table, .fields = thing_fields};

/** The JSON at @path of @root as text without spaces; "" when there is none. */
static char *
json_at(JsonNode *root, const char *path)
{
    g_autoptr(JsonNode) found = json_path_query(path, root, NULL);
    JsonArray *array = json_node_get_array(found);

    return json_array_get_length(array) > 0 ? json_to_string(json_array_get_element(array, 0), FALSE)
                                            : g_strdup("");
}

static void
test_jsonschema(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *path, *expected;
    } cases[] = {
        {"$['$schema']", "\"https://json-schema.org/draft/2020-12/schema\""},
        {"$['$id']", "\"thing.schema.json\""},
        {"$.title", "\"thing\""},
        {"$.description", "\"A thing.\""},
        {"$.type", "\"object\""},
        {"$.additionalProperties", "false"},
        {"$.required", "[\"name\"]"},
        {"$.properties.kind.const", "\"thing\""},
        {"$.properties.kind.enum", ""},
        {"$.properties.title", "{\"description\":\".title-line of \\\\ the\\n'thing'\","
                               "\"anyOf\":[{\"type\":\"string\"},{\"type\":[\"number\",\"boolean\"]}]}"},
        {"$.properties.name",
         "{\"description\":\"Its name.\",\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^[^\\\\n]+$\"},"
         "{\"type\":[\"number\",\"boolean\"]}]}"},
        {"$.properties.count",
         "{\"description\":\"A count.\",\"anyOf\":[{\"type\":\"integer\",\"minimum\":2},"
         "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}],\"default\":7}"},
        {"$.properties.mode",
         "{\"description\":\"A mode.\",\"enum\":[\"none\",\"2M\"],\"default\":\"none\"}"},
        {"$.properties.box", "{\"description\":\"Its box.\",\"$ref\":\"#/$defs/box\"}"},
        {"$.properties.lists",
         "{\"description\":\"Lists.\",\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
         "{\"$ref\":\"#/$defs/part\"}}}"},
        {"$.properties.words", "{\"description\":\"Words.\",\"type\":\"array\",\"items\":"
                               "{\"type\":[\"string\",\"number\",\"boolean\"],\"minLength\":1},"
                               "\"minItems\":1}"},
        {"$.properties.labels", "{\"description\":\"Labels.\",\"type\":\"object\",\"propertyNames\":"
                                "{\"minLength\":1},\"additionalProperties\":"
                                "{\"type\":[\"string\",\"number\",\"boolean\"]},\"minProperties\":1}"},
        {"$.properties.any", "{\"description\":\"Anything.\",\"type\":[\"object\",\"array\",\"string\","
                             "\"number\",\"boolean\"]}"},
        {"$['$defs'].box",
         "{\"description\":\"A box.\",\"type\":\"object\",\"properties\":{\"parts\":{\"description\":"
         "\"What is in it.\",\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/part\"}}},"
         "\"additionalProperties\":false}"},
        {"$['$defs'].part.oneOf[0]", "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":64},"
                                     "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}]}"},
        {"$['$defs'].part.oneOf[1].required", "[\"size\"]"},
        {"$['$defs'].part.oneOf[1].properties.size.description", "\"Its size. Unit: MiB.\""},
        {"$['$defs'].part.oneOf[1].properties.hot.description", "\"Hot? Not supported by this version.\""},
        {"$['$defs'].part.oneOf[1].properties.hot.anyOf[0]", "{\"type\":\"boolean\"}"},
        {"$['$defs'].part.oneOf[1].properties.hot.default", "true"},
    };
    g_autofree char *text = gpuvm_emit_jsonschema(&thing_table);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);

    assert_non_null(root);
    assert_true(g_str_has_prefix(text, "{\n  \"$schema\""));
    assert_true(g_str_has_suffix(text, "}\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = json_at(root, cases[i].path);

        assert_string_equal(found, cases[i].expected);
    }
}

/** Properties come in the order of the rows, its own before its parents'; the kind before all. */
static void
test_jsonschema_order(void **state G_GNUC_UNUSED)
{
    static const char *const keys[] = {"kind", "name", "count", "mode", "box", "lists", "words", "title"};
    g_autofree char *text = gpuvm_emit_jsonschema(&thing_table);
    const char *at = text;

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *member = g_strdup_printf("\n    \"%s\" : {", keys[i]);

        at = strstr(at, member);
        assert_non_null(at);
    }
}

/** A table without a row for the kind has the property all the same, and no definitions without a use. */
static void
test_jsonschema_kind_is_added(void **state G_GNUC_UNUSED)
{
    g_autofree char *text = gpuvm_emit_jsonschema(&base_table), *kind = NULL, *defs = NULL;
    g_autoptr(JsonNode) root = json_from_string(text, NULL);

    kind = json_at(root, "$.properties.kind.const");
    assert_string_equal(kind, "\"base\"");
    defs = json_at(root, "$['$defs']");
    assert_string_equal(defs, "");
}

static void
test_man(void **state G_GNUC_UNUSED)
{
    g_autofree char *text = gpuvm_emit_man(&thing_table);

    assert_string_equal(text,
                        ".TP\n\\fBkind\\fR (thing | other, default thing)\nIts kind.\n"
                        ".TP\n\\fBname\\fR (string, required)\nIts name.\n"
                        ".TP\n\\fBcount\\fR (integer, at least 2, default 7)\nA count.\n"
                        ".TP\n\\fBmode\\fR (none | 2M, default none)\nA mode.\n"
                        ".TP\n\\fBbox\\fR (box)\nIts box.\n"
                        ".TP\n\\fBlists\\fR (list of lists of part)\nLists.\n"
                        ".TP\n\\fBwords\\fR (list of strings, at least one)\nWords.\n"
                        ".TP\n\\fBlabels\\fR (mapping of names to text, at least one)\nLabels.\n"
                        ".TP\n\\fBany\\fR (anything)\nAnything.\n"
                        ".TP\n\\fBtitle\\fR (text)\n\\&.title\\-line of \\e the\n\\(aqthing\\(aq\n"
                        ".SS box\nA box.\n"
                        ".TP\n\\fBparts\\fR (list of part)\nWhat is in it.\n"
                        ".SS part\nA part.\nA single value in place of the mapping is its \\fBsize\\fR.\n"
                        ".TP\n\\fBsize\\fR (integer, MiB, required, 1 to 64)\nIts size.\n"
                        ".TP\n\\fBhot\\fR (boolean, default true)\nHot?\nNot supported by this version.\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jsonschema),
        cmocka_unit_test(test_jsonschema_order),
        cmocka_unit_test(test_jsonschema_kind_is_added),
        cmocka_unit_test(test_man),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
