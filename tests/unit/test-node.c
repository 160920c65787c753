/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "doc/node.h"

static GPtrArray *
parse_bytes(const char *text, size_t size, gpuvm_diags *diags)
{
    char *copy = g_malloc(size + 1);
    g_autoptr(gpuvm_source) source = NULL;

    memcpy(copy, text, size);
    copy[size] = '\0';
    source = gpuvm_source_new("f", copy, size);
    return gpuvm_doc_parse(source, diags);
}

/** "LINE:COLUMN: MESSAGE" of each diagnostic, a line each. */
static char *
summary(const gpuvm_diags *diags)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        assert_int_equal(diag->exit, GPUVM_EXIT_INVALID);
        assert_string_equal(diag->mark.source->name, "f");
        g_string_append_printf(out, "%s%u:%u: %s", i > 0 ? "\n" : "", diag->mark.line, diag->mark.column,
                               diag->message);
    }
    return g_string_free(out, FALSE);
}

static void
append_tree(GString *out, const gpuvm_node *node)
{
    if (node->type == GPUVM_NODE_SCALAR) {
        g_string_append_printf(out, node->plain ? "%s" : "'%s'", node->text);
        return;
    }
    g_string_append_c(out, node->type == GPUVM_NODE_MAPPING ? '{' : '[');
    for (unsigned i = 0; i < node->n; i++) {
        g_string_append(out, i > 0 ? ", " : "");
        if (node->type == GPUVM_NODE_MAPPING) {
            append_tree(out, node->keys[i]);
            g_string_append(out, ": ");
        }
        append_tree(out, node->values[i]);
    }
    g_string_append_c(out, node->type == GPUVM_NODE_MAPPING ? '}' : ']');
}

/** The trees of all documents, " | " between them. */
static char *
trees(const GPtrArray *docs)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < docs->len; i++) {
        g_string_append(out, i > 0 ? " | " : "");
        append_tree(out, ((const gpuvm_doc *)docs->pdata[i])->root);
    }
    return g_string_free(out, FALSE);
}

static void
test_good(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a: 1\nb: [x, 'y']\n", "{a: 1, b: [x, 'y']}"},
        {"a: 0000:01:00.0\nb: 10de:*\nc: no\nd: 010\n", "{a: 0000:01:00.0, b: 10de:*, c: no, d: 010}"},
        {"a:\nb: ''\nc: ~\n", "{a: , b: '', c: ~}"},
        {"a: {}\nb: []\n", "{a: {}, b: []}"},
        {"a: 1\n---\nb: 2\n", "{a: 1} | {b: 2}"},
        {"---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", "{a: 1} | {b: 2}"},
        {"%YAML 1.2\n---\na: 1\n", "{a: 1}"},
        {"\xEF\xBB\xBF"
         "a: 1\n",
         "{a: 1}"},
        {"a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"},
        {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{a: 'x\ny\n', b: 'x y'}"},
        {"a: ! 1\n", "{a: 1}"},
        {"<<: x\n", "{<<: x}"},
        {"a: \"\\t\\n\\u00e9\"\n", "{a: '\t\n\u00e9'}"},
        {"just text\n", "just text"},
        {"'a': 1\n\"b\": 2\n", "{'a': 1, 'b': 2}"},
        {"# c\na: 1 # c\n", "{a: 1}"},
        /* JSON */
        {"{\"a\":1,\"b\":[true,null,\"x\\/y\"],\"c\":{\"d\":\"10de:*\"}}",
         "{'a': 1, 'b': [true, null, 'x/y'], 'c': {'d': '10de:*'}}"},
        {"{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\":\t[ ]\n\t}\n}\n", "{'a': 1, 'b': {'c': []}}"},
        {"{\"a\": \"\\u00e9 \\\"\\\\ \\t\"}", "{'a': '\u00e9 \"\\ \t'}"},
        {"[]", "[]"},
        /* … with comments */
        {"{\"a\": [ // one\n\"b\", /* two\n\"c\", */ \"d\"// three\n]}", "{'a': ['b', 'd']}"},
        {"// first {\n/* é */{/**/\"a\":1,//\n}//", "{'a': 1}"},
        {"\xEF\xBB\xBF// a\r\n{\"a\": 1} // b\r\n", "{'a': 1}"},
        {"{\"a\": \"// b\", \"c\": \"\\\" /* d\"}", "{'a': '// b', 'c': '\" /* d'}"},
        {"# a // b\n{a: 1, # it's /* c\n b: 'x // y', c: http://d/*/e, f: don't}\n",
         "{a: 1, b: 'x // y', c: http://d/*/e, f: don't}"},
        {"{a: 1}\n---\n{b: 2} // c\n", "{a: 1} | {b: 2}"},
        /* … which YAML has not */
        {"a: x // y\nb: /* z\n", "{a: x // y, b: /* z}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) docs = parse_bytes(cases[i].text, strlen(cases[i].text), diags);
        g_autofree char *found = trees(docs), *wrong = summary(diags);

        assert_string_equal(wrong, "");
        assert_string_equal(found, cases[i].expected);
    }
}

typedef struct bad_case {
    const char *text;
    size_t size; /* 0: up to the NUL */
    const char *expected;
    const char *hint; /* some of the first one's hint; NULL: it has none */
} bad_case;

static const bad_case bad_cases[] = {
    {"", 0, "0:0: there is no definition in it", NULL},
    {"# only a comment\n", 0, "0:0: there is no definition in it", NULL},
    {"---\n---\n...\n", 0, "0:0: there is no definition in it", NULL},
    /* the text itself */
    {"a: \xC3(\n", 0, "1:4: invalid UTF-8: byte 0xC3", "save the file as UTF-8"},
    {"a: 1\né: \xC0\x80\n", 0, "2:4: invalid UTF-8: byte 0xC0", "UTF-8"},
    {"a: \xED\xA0\x80\n", 0, "1:4: invalid UTF-8: byte 0xED", "UTF-8"},
    {"a: x\xE2\x82", 0, "1:5: invalid UTF-8: byte 0xE2", "UTF-8"},
    {"\xFF\xFE"
     "a\0:\0",
     6, "1:1: invalid UTF-8: byte 0xFF", "UTF-16"},
    {"\xFE\xFF\0a\0:", 6, "1:1: invalid UTF-8: byte 0xFE", "UTF-16"},
    {"a: b\0c\n", 7, "1:5: NUL byte in the text", "text file"},
    {"a: 1\n\0", 6, "2:1: NUL byte in the text", "text file"},
    {"a: \x01\n", 0, "1:4: control character U+0001 in the text", "remove it"},
    {"# \x1B[31m\n", 0, "1:3: control character U+001B in the text", "remove it"},
    {"a: 1\r\nb: \x7F\n", 0, "2:4: control character U+007F in the text", "remove it"},
    {"a: \xC2\x85\n", 0, "1:4: control character U+0085 in the text", "remove it"},
    {"a: \uFEFF\n", 0, "1:4: control character U+FEFF in the text", "remove it"},
    {"a: \uFFFE\n", 0, "1:4: control character U+FFFE in the text", "remove it"},
    /* escapes */
    {"a: \"x\\0\"\n", 0, "1:4: control character U+0000 in a value", "remove the escape"},
    {"a: \"\\x01\"\n", 0, "1:4: control character U+0001 in a value", "remove the escape"},
    {"a: \"x\\ry\"\n", 0, "1:4: control character U+000D in a value", "remove the escape"},
    {"\"a\\e\": 1\n", 0, "1:1: control character U+001B in a value", "remove the escape"},
    {"a: \"\\N\"\n", 0, "1:4: control character U+0085 in a value", "remove the escape"},
    {"{\"a\": \"\\ud83d\\ude00\"}\n", 0, "1:10: an escape that is not a character", "the character itself"},
    {"a: \"C:\\disk\"\n", 0, "1:7: unknown escape in double quotes", "single quotes"},
    {"a: \"\\xzz\"\n", 0, "1:7: malformed escape in double quotes", "single quotes"},
    /* what YAML has and definitions do not */
    {"\xEF\xBB\xBF"
     "a: b: c\n", /* a byte order mark is no character of the first line */
     0, "1:5: a second ': ' in one line", "in quotes"},
    {"\xEF\xBB\xBF[", 0, "2:1: the text ends where a value should be", "is a ']' or '}' missing?"},
    {"a: &x 1\n", 0, "1:4: anchors are not supported: &x", "remove '&x'"},
    {"a: &x [1]\nb: &y {}\n", 0, "1:4: anchors are not supported: &x\n2:4: anchors are not supported: &y",
     "&x"},
    {"a: &x 1\nb: *x\n", 0, "1:4: anchors are not supported: &x\n2:4: aliases are not supported: *x", "&x"},
    {"*x : 1\n*y : 2\n", 0, "1:1: aliases are not supported: *x\n2:1: aliases are not supported: *y",
     "write the value"},
    {"a: *:*\n", 0, "1:4: text that begins with '*' is an alias", "quotes: '*:*'"},
    {"a: [*:*]\n", 0, "1:5: text that begins with '*' is an alias", "quotes: '*:*'"},
    {"a: & x\n", 0, "1:4: text that begins with '&' is an anchor", "quotes"},
    {"a: !!str 1\n", 0, "1:4: tags are not supported: tag:yaml.org,2002:str", "remove the tag"},
    {"a: !x {}\n", 0, "1:4: tags are not supported: !x", "remove the tag"},
    {"a: !x!y 1\n", 0, "1:4: text that begins with '!' is a tag", "quotes"},
    {"a: !<x 1\n", 0, "1:4: text that begins with '!' is a tag", "quotes"},
    {"? [a]\n: 1\n", 0, "1:3: a key must be text, not a list", "quotes"},
    {"{a: 1}: 2\n", 0, "1:1: a key must be text, not a mapping", "quotes"},
    {"a: {{ b }}\n", 0, "1:5: a key must be text, not a mapping", "quotes"},
    {"a: {{{ b }}}\n", 0, "1:5: a key must be text, not a mapping", "quotes"},
    {"%YAML 3.0\n---\na: 1\n", 0, "1:1: only YAML 1.1 and 1.2 are known", "%YAML"},
    {"%x\na: 1\n", 0, "1:1: a line that begins with '%' is a directive", "remove the line"},
    {"%YAML x\n---\na: 1\n", 0, "1:1: malformed directive", "remove the line"},
    /* duplicates */
    {"a: 1\nb: 2\na: 3\n", 0, "3:1: duplicate key 'a'", "the first is on line 1"},
    {"a: 1\n'a': 3\n\"a\": 4\n", 0, "2:1: duplicate key 'a'\n3:1: duplicate key 'a'", "line 1"},
    {"a:\n  b: 1\n  b: 2\n---\nc: 1\nc: 2\n", 0, "3:3: duplicate key 'b'\n6:1: duplicate key 'c'", "line 2"},
    {"{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 1, k: 1, l: 1, m: 1, n: 1, o: 1,\n"
     "p: 1, a: 2}",
     0, "2:7: duplicate key 'a'", "the first is on line 1"},
    /* indentation, quotes, brackets, colons */
    {"a:\n\tb: 1\n", 0, "2:1: tab character in the indentation", "spaces"},
    {"a:\n  b: 1\n\tc: 2\n", 0, "3:1: tab character in the indentation", "spaces"},
    {"a: |\n\tx\n", 0, "2:1: tab character in the indentation", "spaces"},
    {"a: x\n\ty\n", 0, "2:1: tab character in the indentation", "spaces"},
    {"a: @x\n", 0, "1:4: text cannot begin with '@', '`' or '%'", "quotes"},
    {"a: 1\nname b\nc: 3\n", 0, "2:1: no ':' follows this key", "space behind the colon"},
    {"a: 1\nb:2\nc: 3\n", 0, "2:1: no ':' follows this key", "space behind the colon"},
    {"a:1\nb: 2\n", 0, "2:2: a key cannot stand here", "line above"},
    {"a: 1\n  b: 2\n", 0, "2:4: a key cannot stand here", "line above"},
    {"a: b: c\n", 0, "1:5: a second ': ' in one line", "quotes"},
    {"a: - b\n", 0, "1:4: a list cannot begin behind its key", "next line"},
    {"x: ? a\n", 0, "1:4: text cannot begin with '? '", "quotes"},
    {"a: \"x\n", 0, "1:4: this quote is never closed", "end the text"},
    {"a: 1\nb: 'it''s\nc: 3\n", 0, "2:4: this quote is never closed", "end the text"},
    {"a: 'x\n---\nb: 1\n", 0, "1:4: this quote is never closed", "end the text"},
    {"a: 'it's'\n", 0, "1:8: unexpected text behind a value", "write '' for '"},
    {"a: \"x\" y\n", 0, "1:8: unexpected text behind a value", "quotes"},
    {"a: [1, 2\n", 0, "1:4: this '[' is never closed", "add the ']'"},
    {"a: [1, 2\nb: 3\n", 0, "2:2: a ',' or ']' is missing before this", "quotes"},
    {"{\"a\": {\"b\": 1}", 0, "1:1: this '{' is never closed", "add the '}'"},
    {"{\"a\":\"x\" \"b\":1}", 0, "1:10: a ',' or '}' is missing before this", "quotes"},
    {"{a:{b: 1}}", 0, "1:3: unexpected ':' in text without quotes", "space behind the colon"},
    {"[a, , b]\n", 0, "1:5: a value is missing before this", "quotes"},
    {"a: }\n", 0, "1:4: a value is missing before this", "quotes"},
    {"a: [", 0, "2:1: the text ends where a value should be", "missing"},
    {"{\"a\":", 0, "2:1: the text ends where a value should be", "missing"},
    {"{\"a\": 1}}\n", 0, "1:9: unexpected text behind the definition", "bracket"},
    {"{\"a\": 1} x\n", 0, "1:10: unexpected text behind the definition", "bracket"},
    {"  a: 1\n b: 2\n", 0, "2:2: this line does not fit the indentation of those above it", "same column"},
    {"a:\n    b: 1\n  c: 2\n", 0, "3:3: this line does not fit the indentation of those above it",
     "same column"},
    {"a:\n  - x\n - y\n", 0, "3:2: this line does not fit the indentation of those above it", "same column"},
    {"- a\nb: c\n", 0, "2:1: this line does not fit the indentation of those above it", "same column"},
    {"- 'a' b\n", 0, "1:7: unexpected text behind a value", "quotes"},
    {"a: |x\n  y\n", 0, "1:5: unexpected text behind '|' or '>'", "next line"},
    {"{\"a\": 1, /* b\n}\n", 0, "1:10: this comment is never closed", NULL},
    {"/*", 0, "1:1: this comment is never closed", NULL},
    {"{\"a\": [1 2], // é\n /* é\n */ \"b\" 3}\n", 0, "3:9: a ',' or '}' is missing before this", "quotes"},
    {"// only a comment\n", 0, "0:0: there is no definition in it", NULL},
};

static void
test_bad(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        const bad_case *c = &bad_cases[i];
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) docs = parse_bytes(c->text, c->size > 0 ? c->size : strlen(c->text), diags);
        g_autofree char *found = summary(diags);
        const gpuvm_diag *first = diags->items->pdata[0];

        assert_string_equal(found, c->expected);
        assert_int_equal(first->hint != NULL, c->hint != NULL);
        if (c->hint && !strstr(first->hint, c->hint))
            fail_msg("'%s' does not say '%s'", first->hint, c->hint);
    }
}

/** What a broken document leaves of its file. */
static void
test_what_is_returned(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a: 1\n---\nb: [\n", "{a: 1}"},
        {"a: 1\n---\nb: *x\n---\nc: 2\n", "{a: 1} | {c: 2}"},
        {"a: 1\na: 2\n", "{a: 1}"},
        {"? {b: c}\n: 1\n---\nd: 1\n", "{d: 1}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) docs = parse_bytes(cases[i].text, strlen(cases[i].text), diags);
        g_autofree char *found = trees(docs);

        assert_int_equal(diags->errors, 1);
        assert_string_equal(found, cases[i].expected);
    }
}

static char *
repeat(const char *text, unsigned n)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++)
        g_string_append(out, text);
    return g_string_free(out, FALSE);
}

static char *
nested(unsigned depth)
{
    g_autofree char *open = repeat("[", depth), *close = repeat("]", depth);

    return g_strconcat(open, close, NULL);
}

/** What @text is refused with; NULL when it is fine. */
static char *
refusal(const char *text)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = parse_bytes(text, strlen(text), diags);

    return diags->errors > 0 ? summary(diags) : NULL;
}

static void
test_limits(void **state G_GNUC_UNUSED)
{
    g_autofree char *deep = nested(GPUVM_DOC_MAX_DEPTH), *deeper = nested(GPUVM_DOC_MAX_DEPTH + 1);
    g_autofree char *deepest = repeat("[", 500000), *blocks = repeat("- ", 500000);
    g_autofree char *spaces = repeat("#       ", GPUVM_DOC_MAX_SIZE / 8);
    g_autofree char *too_large = g_strconcat(spaces, "x", NULL);
    g_autofree char *items = repeat("-\n", GPUVM_DOC_MAX_NODES - 1), *more = g_strconcat(items, "-\n", NULL);
    g_autofree char *documents = repeat("--- a\n", GPUVM_DOC_MAX_NODES + 1);
    const struct {
        const char *text, *expected;
    } cases[] = {
        {deep, NULL},
        {deeper, "1:65: nested deeper than 64 levels"},
        {deepest, "1:65: nested deeper than 64 levels"},
        {blocks, "1:129: nested deeper than 64 levels"},
        {spaces, "0:0: there is no definition in it"},
        {too_large, "0:0: larger than 1048576 bytes"},
        {items, NULL},
        {more, "100000:2: more than 100000 keys and values in one file"},
        {documents, "100001:5: more than 100000 keys and values in one file"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = refusal(cases[i].text);

        if (cases[i].expected)
            assert_string_equal(found, cases[i].expected);
        else
            assert_null(found);
    }
}

/** As much as a file may hold; what it takes is measured by the bench. */
static void
test_large(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) keys = g_string_new(NULL), documents = g_string_new(NULL);
    g_autofree char *wrong = NULL;

    for (unsigned i = 0; i < 49000; i++)
        g_string_append_printf(keys, "key%u: %u\n", i, i);
    g_string_append(keys, "key0: again\n");
    wrong = refusal(keys->str);
    assert_string_equal(wrong, "49001:1: duplicate key 'key0'");
    for (unsigned i = 0; i < 25000; i++)
        g_string_append_printf(documents, "---\nname: vm%u\n", i);
    assert_null(refusal(documents->str));
}

static void
test_marks(void **state G_GNUC_UNUSED)
{
    static const char text[] = "né: 日本 # c\n"
                               "list:\n"
                               "  - \"q \\n\"\n"
                               "  - {k: v}\n"
                               "text: |\n"
                               "  x\n"
                               "none:\n";
    static const struct {
        const char *key;
        int index; /* of a list; -1: the value itself */
        unsigned line, column, length;
    } cases[] = {
        {"né", -1, 1, 5, 2},  {"list", -1, 3, 3, 1}, {"list", 0, 3, 5, 6},
        {"list", 1, 4, 5, 1}, {"text", -1, 5, 7, 1}, {"none", -1, 7, 6, 1},
    };
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = parse_bytes(text, strlen(text), diags);
    const gpuvm_node *root = ((const gpuvm_doc *)docs->pdata[0])->root;

    assert_int_equal(root->mark.line, 1);
    assert_int_equal(gpuvm_node_get_key(root, "text")->mark.line, 5);
    assert_int_equal(gpuvm_node_get_key(root, "text")->mark.length, 4);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gpuvm_node *node = gpuvm_node_get(root, cases[i].key);

        if (cases[i].index >= 0)
            node = node->values[cases[i].index];
        assert_int_equal(node->mark.line, cases[i].line);
        assert_int_equal(node->mark.column, cases[i].column);
        assert_int_equal(node->mark.length, cases[i].length);
    }
}

static void
test_get(void **state G_GNUC_UNUSED)
{
    static const char text[] = "a: 1\nb: [x]\nc: ~\nd: '~'\ne:\nf: ''\ng: null\nh: {}\n";
    static const char nulls[] = "ceg";
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = parse_bytes(text, strlen(text), diags);
    const gpuvm_node *root = ((const gpuvm_doc *)docs->pdata[0])->root;

    assert_string_equal(gpuvm_node_get(root, "a")->text, "1");
    assert_string_equal(gpuvm_node_get_key(root, "a")->text, "a");
    assert_null(gpuvm_node_get(root, "z"));
    assert_null(gpuvm_node_get_key(root, "z"));
    assert_null(gpuvm_node_get(gpuvm_node_get(root, "a"), "a"));
    assert_null(gpuvm_node_get(gpuvm_node_get(root, "b"), "x"));
    assert_null(gpuvm_node_get(NULL, "a"));
    assert_null(gpuvm_node_get_key(NULL, "a"));
    for (unsigned i = 0; i < root->n; i++)
        assert_int_equal(gpuvm_node_is_null(root->values[i]), strchr(nulls, *root->keys[i]->text) != NULL);
}

/** A document outlives the array and the source it came from. */
static void
test_lifetime(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    GPtrArray *docs = parse_bytes("a: b\n", 5, diags);
    g_autoptr(gpuvm_doc) doc = gpuvm_doc_ref(docs->pdata[0]);

    g_ptr_array_unref(docs);
    assert_string_equal(gpuvm_node_get(doc->root, "a")->text, "b");
    assert_string_equal(doc->root->mark.source->text, "a: b\n");
}

static char *
digest_of(const char *text)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = parse_bytes(text, strlen(text), diags);

    assert_int_equal(docs->len, 1);
    return gpuvm_node_digest(((const gpuvm_doc *)docs->pdata[0])->root);
}

static void
test_digest(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"a: 1\nb: 2\n", "b: 2 # c\n\na:   1\n", true},
        {"a: 1\n", "{\"a\": \"1\"}", true},
        {"a: {x: 1, y: [1, 2]}\n", "a:\n  y:\n    - 1\n    - 2\n  x: 1\n", true},
        {"a:\n", "a: ~\n", true},
        {"a:\n", "a: ''\n", false},
        {"a: ~\n", "a: '~'\n", false},
        {"[1, 2]", "[2, 1]", false},
        {"[a, b]", "['a, b']", false},
        {"[ab, c]", "[a, bc]", false},
        {"[[a], b]", "[[a, b]]", false},
        {"{a: b}", "[a, b]", false},
        {"{a: {b: c}, d: e}", "{a: {b: c, d: e}}", false},
        {"[]", "{}", false},
        {"[]", "['']", false},
        {"[s1]", "['s1:1']", false},
    };
    g_autofree char *known = digest_of("a: 1\n");
    g_autofree char *expected = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "m1:s1:as1:1", -1);

    assert_true(g_str_has_prefix(known, "sha256:"));
    assert_string_equal(known + strlen("sha256:"), expected);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *a = digest_of(cases[i].a), *b = digest_of(cases[i].b);

        assert_int_equal(strcmp(a, b) == 0, cases[i].same);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_what_is_returned),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
