/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"

static gpuvm_source *
source_of(const char *name, const char *text)
{
    return gpuvm_source_new(name, g_strdup(text), strlen(text));
}

typedef struct format_case {
    const char *text;
    unsigned line, column, length;
    const char *expected;
} format_case;

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define EIGHTY SIXTY TEN TEN

static const format_case format_cases[] = {
    {"a: 1\n  memroy_mb: 2\n", 2, 3, 9, "f:2:3: error: wrong\n    2 |   memroy_mb: 2\n      |   ^~~~~~~~~\n"},
    {"a: 1\r\nb: 2\r\n", 2, 1, 1, "f:2:1: error: wrong\n    2 | b: 2\n      | ^\n"},
    {"a: 1\rb: 2\r", 2, 1, 0, "f:2:1: error: wrong\n    2 | b: 2\n      | ^\n"},
    {"a\u2028b\u2029c", 3, 1, 1, "f:3:1: error: wrong\n    3 | c\n      | ^\n"},
    {"\xEF\xBB\xBFx: y\n", 1, 4, 1, "f:1:4: error: wrong\n    1 | x: y\n      |    ^\n"},
    {"é: x\n", 1, 4, 1, "f:1:4: error: wrong\n    1 | é: x\n      |    ^\n"},
    {"日本: x y\n", 1, 5, 3, "f:1:5: error: wrong\n    1 | 日本: x y\n      |       ^~~\n"},
    {"x: 日本\n", 1, 4, 2, "f:1:4: error: wrong\n    1 | x: 日本\n      |    ^~~~\n"},
    {"e\u0301: x\n", 1, 5, 1, "f:1:5: error: wrong\n    1 | e\u0301: x\n      |    ^\n"},
    {"\tx: \x01\x1B[31m\n", 1, 5, 2,
     "f:1:5: error: wrong\n    1 |  x: \\x01\\x1b[31m\n      |     ^~~~~~~~\n"},
    {"x: \u202Ey\n", 1, 4, 1, "f:1:4: error: wrong\n    1 | x: <U+202E>y\n      |    ^~~~~~~~\n"},
    {"x: \xFFy\n", 1, 5, 1, "f:1:5: error: wrong\n    1 | x: \\xffy\n      |        ^\n"},
    {"x: 1", 1, 5, 1, "f:1:5: error: wrong\n    1 | x: 1\n      |     ^\n"},
    {"x: 1\n", 2, 1, 1, "f:2:1: error: wrong\n    2 | \n      | ^\n"},
    {"x: 1\n", 3, 1, 1, "f:3:1: error: wrong\n"},
    {"", 1, 1, 1, "f:1:1: error: wrong\n    1 | \n      | ^\n"},
    {"x: 1\n", 0, 0, 0, "f: error: wrong\n"},
    /* who may fetch what a URL names is nobody else's business */
    {"u: http://me:se/x@h/a\n", 1, 4, 3,
     "f:1:4: error: wrong\n    1 | u: http://*******@h/a\n      |    ^~~\n"},
    {"u: 'http://me:secret@h/a', x: https://ä@h/b@c\n", 1, 4, 24,
     "f:1:4: error: wrong\n    1 | u: 'http://*********@h/a', x: https://*@h/b@c\n      |    ^~~~~~~~~~~~~~~~~~~~~~~~\n"},
    {"u: '://@', '://a", 1, 1, 1, "f:1:1: error: wrong\n    1 | u: '://@', '://a\n      | ^\n"},
    /* lines that are too long */
    {SIXTY EIGHTY, 1, 1, 3, "f:1:1: error: wrong\n    1 | " EIGHTY TEN TEN "…\n      | ^~~\n"},
    {EIGHTY SIXTY, 1, 131, 2,
     "f:1:131: error: wrong\n    1 | …" SIXTY TEN "\n      |  " /* 60 before the caret */
     "                                                            ^~\n"},
    {EIGHTY EIGHTY EIGHTY, 1, 101, 1,
     "f:1:101: error: wrong\n    1 | …" EIGHTY TEN TEN "…\n      |  "
     "                                                            ^\n"},
};

static void
test_format(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(format_cases); i++) {
        const format_case *c = &format_cases[i];
        g_autoptr(gpuvm_source) source = source_of("f", c->text);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        gpuvm_mark mark = {source, c->line, c->column, c->length};
        g_autofree char *text =
            gpuvm_diag_format(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "wrong"), false);

        assert_string_equal(text, c->expected);
    }
}

static void
test_wide_line_numbers(void **state G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(123456, '\n');
    g_autoptr(gpuvm_source) source = source_of("f", text);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_mark mark = {source, 123456, 1, 1};
    g_autofree char *shown =
        gpuvm_diag_format(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "wrong"), false);

    assert_string_equal(shown, "f:123456:1: error: wrong\n123456 | \n       | ^\n");
}

static void
test_without_place(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_diag *diag = gpuvm_diags_warning(diags, NULL, "%s is odd", "this");
    g_autofree char *plain = gpuvm_diag_format(diag, false), *of_vm = NULL, *after = NULL;

    assert_string_equal(plain, "warning: this is odd\n");
    gpuvm_diags_set_subject(diags, "vm 'a'");
    diag = gpuvm_diags_note(diags, NULL, "x");
    gpuvm_diag_hint(diag, "do %d\nand %d", 1, 2);
    gpuvm_diag_hint(diag, "and more");
    of_vm = gpuvm_diag_format(diag, false);
    assert_string_equal(of_vm, "vm 'a': note: x\nhint: do 1\nhint: and 2\nhint: and more\n");
    gpuvm_diags_set_subject(diags, diags->subject);
    assert_string_equal(diags->subject, "vm 'a'");
    gpuvm_diags_set_subject(diags, NULL);
    after = gpuvm_diag_format(gpuvm_diags_note(diags, NULL, "y"), false);
    assert_string_equal(after, "note: y\n");
    assert_int_equal(diags->errors, 0);
}

static void
test_color(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_source) source = source_of("f", "abc\n");
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_mark mark = {source, 1, 2, 2};
    g_autofree char *text =
        gpuvm_diag_format(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "wrong"), true);

    assert_string_equal(text, "\033[1mf:1:2:\033[0m \033[1;31merror:\033[0m wrong\n    1 | abc\n"
                              "      |  \033[1;32m^~\033[0m\n");
}

static void
test_messages_are_one_line(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autofree char *huge = g_strnfill(100000, 'x');
    gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "key 'a\nb\x1B[0m\xFF'");

    assert_string_equal(diag->message, "key 'a\\x0ab\\x1b[0m\\xff'");
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "%s", huge);
    assert_int_equal(g_utf8_strlen(diag->message, -1), 1001);
    assert_true(g_str_has_suffix(diag->message, "x…"));
}

/** A diagnostic is shown after everyone else has let go of its source. */
static void
test_source_is_kept(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_source *source = source_of("f", "abc\n");
    gpuvm_mark mark = {source, 1, 1, 3};
    g_autofree char *text = NULL;

    gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "wrong");
    gpuvm_source_unref(source);
    text = gpuvm_diag_format(diags->items->pdata[0], false);
    assert_string_equal(text, "f:1:1: error: wrong\n    1 | abc\n      | ^~~\n");
}

static void
test_exit(void **state G_GNUC_UNUSED)
{
    static const struct {
        enum gpuvm_exit errors[4]; /* ends with GPUVM_EXIT_OK */
        enum gpuvm_exit expected;
    } cases[] = {
        {{GPUVM_EXIT_OK}, GPUVM_EXIT_OK},
        {{GPUVM_EXIT_FAILED}, GPUVM_EXIT_FAILED},
        {{GPUVM_EXIT_UNHEALTHY}, GPUVM_EXIT_UNHEALTHY},
        {{GPUVM_EXIT_UNHEALTHY, GPUVM_EXIT_FAILED}, GPUVM_EXIT_FAILED},
        {{GPUVM_EXIT_FAILED, GPUVM_EXIT_USAGE}, GPUVM_EXIT_USAGE},
        {{GPUVM_EXIT_USAGE, GPUVM_EXIT_HOST}, GPUVM_EXIT_HOST},
        {{GPUVM_EXIT_HOST, GPUVM_EXIT_REFUSED}, GPUVM_EXIT_REFUSED},
        {{GPUVM_EXIT_REFUSED, GPUVM_EXIT_INVALID, GPUVM_EXIT_USAGE}, GPUVM_EXIT_INVALID},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        gpuvm_diags_warning(diags, NULL, "no error");
        for (const enum gpuvm_exit *code = cases[i].errors; *code != GPUVM_EXIT_OK; code++)
            gpuvm_diags_error(diags, *code, NULL, "an error");
        assert_int_equal(gpuvm_diags_exit(diags), cases[i].expected);
    }
}

static void
test_error_exit(void **state G_GNUC_UNUSED)
{
    g_autoptr(GError) ours = g_error_new(GPUVM_ERROR, GPUVM_EXIT_HOST, "busy");
    g_autoptr(GError) other = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "absent");

    assert_int_equal(gpuvm_error_exit(ours), GPUVM_EXIT_HOST);
    assert_int_equal(gpuvm_error_exit(other), GPUVM_EXIT_FAILED);
}

static void
says_nothing_twice(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_source) one = source_of("one", "a\nb\n"), two = source_of("two", "a\n");
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    const gpuvm_mark places[] = {{one, 1, 1, 1}, {one, 2, 1, 1}, {two, 1, 1, 1}, {0}};

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &places[i], "wrong");
            gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &places[i], "wrong"), "do it so");
            gpuvm_diags_note(diags, &places[i], "wrong");
            gpuvm_diags_warning(diags, &places[i], "wrong"); /* the error says it */
        }
        gpuvm_diags_set_subject(diags, "vm");
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL, "wrong");
        gpuvm_diags_set_subject(diags, NULL);
    }
    gpuvm_diags_sort(diags);
    assert_int_equal(diags->items->len, 13);
    assert_int_equal(diags->errors, 9);
    assert_int_equal(((const gpuvm_diag *)diags->items->pdata[0])->mark.line, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_twice),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_wide_line_numbers),
        cmocka_unit_test(test_without_place),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_messages_are_one_line),
        cmocka_unit_test(test_source_is_kept),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_error_exit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
