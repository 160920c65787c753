/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "doc/build.h"
#include "doc/emit.h"

/** The only document of @text. */
static gpuvm_doc *
parse(const char *text)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("test.yaml", g_strdup(text), strlen(text));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

    for (guint i = 0; i < diags->items->len; i++) {
        g_autofree char *message = gpuvm_diag_format(diags->items->pdata[i], false);

        print_error("%s", message);
    }
    assert_int_equal(diags->items->len, 0);
    assert_int_equal(docs->len, 1);
    return gpuvm_doc_ref(docs->pdata[0]);
}

static void
assert_same_tree(const gpuvm_node *a, const gpuvm_node *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(gpuvm_node_is_null(a), gpuvm_node_is_null(b));
    if (a->type == GPUVM_NODE_SCALAR) {
        if (!gpuvm_node_is_null(a))
            assert_string_equal(a->text, b->text);
        return;
    }
    assert_int_equal(a->n, b->n);
    for (unsigned i = 0; i < a->n; i++) {
        if (a->type == GPUVM_NODE_MAPPING)
            assert_string_equal(a->keys[i]->text, b->keys[i]->text);
        assert_same_tree(a->values[i], b->values[i]);
    }
}

/** What is written of @root is the same tree, and the same text when it is written again. */
static void
assert_reads_back(const gpuvm_node *root)
{
    g_autofree char *text = gpuvm_emit_yaml(root), *again = NULL;
    g_autoptr(gpuvm_doc) doc = parse(text);

    assert_same_tree(root, doc->root);
    again = gpuvm_emit_yaml(doc->root);
    assert_string_equal(text, again);
}

static void
test_layout(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_doc) doc =
        parse("{name: trainer, 'version': '1.0', devices: {pci_passthrough: [0000:01:00.0], gpus: []},\n"
              " labels: {}, command: \"two\\nlines\\n\", quoted: 'no', plain: no, nothing: , null: null}\n");
    g_autofree char *text = gpuvm_emit_yaml(doc->root);

    assert_string_equal(text, "name: trainer\n"
                              "version: '1.0'\n"
                              "devices:\n"
                              "  pci_passthrough:\n"
                              "  - '0000:01:00.0'\n"
                              "  gpus: []\n"
                              "labels: {}\n"
                              "command: |\n"
                              "  two\n"
                              "  lines\n"
                              "quoted: 'no'\n"
                              "plain: 'no'\n"
                              "nothing: ~\n"
                              "'null': null\n");
}

/* Texts that YAML has its own idea of: each as a value, as a key, and as an item of a list in a list. */
static void
test_texts(void **state G_GNUC_UNUSED)
{
    static const char *const texts[] = {
        "",
        " ",
        "\u202Eright\u2066 \U000E0041",
        "two\nlines\u200F\n",
        "\u200Ekey: \"quoted\" \\u202e",
        "  a",
        "a  ",
        "~",
        "null",
        "yes",
        "1",
        "0x1f",
        "-1.5e3",
        ".inf",
        "=",
        "<<",
        "-",
        "- a",
        "?",
        "? a",
        ":",
        ": a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "a#b",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "%YAML",
        "@a",
        "`a",
        "|",
        ">",
        "{a}",
        "[a]",
        "a, b",
        "'",
        "''",
        "\"",
        "\\",
        "it's",
        "---",
        "--- a",
        "...",
        "a\n",
        "a\n\n",
        "\na",
        "\n",
        "\n\n",
        "a\nb",
        "a\n\nb\n",
        " a\nb",
        "\n a\n",
        "a\n b\n",
        "a \nb",
        "a\n \nb",
        "a\tb",
        "\ta",
        "a\n\tb\n",
        "a\n---\nb",
        "a\n# b\n",
        "é",
        "日本語",
        "\U0001F600",
        "a\u2028b",
        "a\u2029",
        "\u00a0",
        "\u200b",
        "10de:*",
        "0000:01:00.0",
        "https://example.com/?a=b#c",
        "/a: b",
        "trailing:\nspace \n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(gpuvm_source) source = gpuvm_source_new("test", g_strdup(""), 0);
        g_autoptr(gpuvm_doc) doc = gpuvm_doc_new(source);
        const gpuvm_mark mark = {.source = source};
        gpuvm_node *text = gpuvm_doc_scalar(doc, texts[i], &mark);
        gpuvm_node *outer = gpuvm_doc_sequence(doc, &mark), *inner = gpuvm_doc_sequence(doc, &mark);

        gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, "value", &mark), text);
        gpuvm_doc_append(doc, inner, text);
        gpuvm_doc_append(doc, outer, inner);
        gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, "list", &mark), outer);
        gpuvm_doc_set(doc, doc->root, text, text);
        assert_reads_back(doc->root);
    }
}

/* What stood without quotes stays so where readers of YAML 1.1 and 1.2 and of JSON take it for the same, and for no text. */
static void
test_plain(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *read, *written;
    } cases[] = {
        {"0", "0"},
        {"12", "12"},
        {"-7", "-7"},
        {"123456789012345678", "123456789012345678"},
        {"1234567890123456789", "'1234567890123456789'"},
        {"true", "true"},
        {"false", "false"},
        {"null", "null"},
        {"~", "~"},
        {"a-b.c", "a-b.c"},
        {"True", "'True'"},
        {"yes", "'yes'"},
        {"No", "'No'"},
        {"on", "'on'"},
        {"OFF", "'OFF'"},
        {"y", "'y'"},
        {"nUll", "'nUll'"},
        {"03", "'03'"},
        {"0302", "'0302'"},
        {"0b10", "'0b10'"},
        {"0o17", "'0o17'"},
        {"0x1f", "'0x1f'"},
        {"1_000", "'1_000'"},
        {"+1", "'+1'"},
        {"1.0", "'1.0'"},
        {"1e3", "'1e3'"},
        {".inf", "'.inf'"},
        {"-.INF", "'-.INF'"},
        {".nan", "'.nan'"},
        {"01:00", "'01:00'"},
        {"81:00", "'81:00'"},
        {"0000:01:00.0", "'0000:01:00.0'"},
        {"52:54:00:12:34:56", "'52:54:00:12:34:56'"},
        {"2026-01-01", "'2026-01-01'"},
        {"2026-01-01 10:20:30", "'2026-01-01 10:20:30'"},
        {"=", "'='"},
        {"<<", "'<<'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("a: %s\n", cases[i].read), *written = NULL;
        g_autofree char *expected = g_strdup_printf("a: %s\n", cases[i].written);
        g_autoptr(gpuvm_doc) doc = parse(text);

        written = gpuvm_emit_yaml(doc->root);
        assert_string_equal(written, expected);
    }
}

static void
test_changes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *set, *remove, *expected;
    } cases[] = {
        {"b", "", "a: 1\nb: new\nc: 3\n"},  {"d", "", "a: 1\nb: 2\nc: 3\nd: new\n"},
        {"a", "a", "b: 2\nc: 3\n"},         {"d", "b", "a: 1\nc: 3\nd: new\n"},
        {"c", "d", "a: 1\nb: 2\nc: new\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_doc) doc = parse("a: 1\nb: 2\nc: 3\n");
        const gpuvm_mark *mark = &doc->root->mark;
        g_autofree char *text = NULL;

        gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, cases[i].set, mark),
                      gpuvm_doc_scalar(doc, "new", mark));
        gpuvm_node_remove(doc->root, cases[i].remove);
        text = gpuvm_emit_yaml(doc->root);
        assert_string_equal(text, cases[i].expected);
    }
}

/* What is added one by one is not copied each time: all copies stay as long as the document. */
static void
test_growth(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_doc) doc = parse("a: 1\nb: [2]\n");
    const gpuvm_mark mark = doc->root->mark;
    gpuvm_node *list = doc->root->values[1];
    const unsigned n = 10000;
    guint before = doc->blocks->len;

    for (unsigned i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("k%u", i);
        gpuvm_node *node = gpuvm_doc_scalar(doc, name, &mark);

        gpuvm_doc_add(doc, doc->root, node, node);
        gpuvm_doc_append(doc, list, node);
    }
    assert_int_equal(doc->root->n, 2 + n);
    assert_int_equal(list->n, 1 + n);
    assert_string_equal(doc->root->keys[0]->text, "a");
    assert_string_equal(doc->root->keys[1 + n]->text, "k9999");
    assert_string_equal(list->values[0]->text, "2");
    assert_string_equal(list->values[n]->text, "k9999");
    assert_in_range(doc->blocks->len - before, 2 * n,
                    2 * n + 100); /* a node and its text, and arrays of twice the size */
}

/* Texts longer than a line, and keys longer than YAML's simple ones. */
static void
test_long_texts(void **state G_GNUC_UNUSED)
{
    g_autofree char *words = g_strnfill(3000, 'x');
    g_autofree char *document = NULL;

    for (size_t i = 7; i < 3000; i += 8)
        words[i] = ' ';
    words[2999] = 'x';
    document = g_strdup_printf("a: %s\nb: \"%s\\n%s\"\n? %.200s\n: c\n", words, words, words, words);
    g_autoptr(gpuvm_doc) doc = parse(document);
    assert_reads_back(doc->root);
}

/* Every example and everything that fuzzing found, as far as it is YAML. */
static void
test_files(void **state G_GNUC_UNUSED)
{
    static const char *const directories[] = {"examples/vms",           "examples/plugins",
                                              "examples/deployments",   "examples/policies",
                                              "tests/fuzz/corpus/spec", "tests/fuzz/corpus/yaml"};
    unsigned written = 0;

    if (!g_getenv("top_srcdir"))
        skip();
    for (size_t d = 0; d < G_N_ELEMENTS(directories); d++) {
        g_autofree char *directory = g_build_filename(g_getenv("top_srcdir"), directories[d], NULL);
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name;

        assert_non_null(dir);
        while ((name = g_dir_read_name(dir))) {
            g_autofree char *file = g_build_filename(directory, name, NULL);
            g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
            char *text = NULL;
            size_t size;

            assert_true(g_file_get_contents(file, &text, &size, NULL));
            g_autoptr(gpuvm_source) source = gpuvm_source_new(file, text, size);
            g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);
            for (guint i = 0; diags->errors == 0 && i < docs->len; i++, written++)
                assert_reads_back(((const gpuvm_doc *)docs->pdata[i])->root);
        }
    }
    assert_true(written > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_texts),  cmocka_unit_test(test_plain),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_growth), cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
