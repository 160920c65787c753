/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "base/text.h"

static void
makes_visible(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *line, *json, *yaml, *xml; /* NULL: as it is */
    } cases[] = {
        {"", NULL, NULL, NULL, NULL},
        {"plain \\ \"text\" ~", NULL, NULL, NULL, NULL},
        {"Grüße, 東京, e\u0301, \U0001F600", NULL, NULL, NULL, NULL},
        {"a\nb\tc", "a\\x0ab\\x09c", NULL, NULL, NULL},
        {"a\rb", "a\\x0db", "a\\u000db", "a\\u000Db", "a&#xD;b"},
        {"\033[31m", "\\x1b[31m", "\\u001b[31m", "\\u001B[31m", "&#x1B;[31m"},
        {"\001\037\177", "\\x01\\x1f\\x7f", "\\u0001\\u001f\\u007f", "\\u0001\\u001F\\u007F",
         "&#x1;&#x1F;&#x7F;"},
        /* C1, as characters and as bytes */
        {"\302\200\302\2332J\302\237", "<U+0080><U+009B>2J<U+009F>", "\\u0080\\u009b2J\\u009f",
         "\\u0080\\u009B2J\\u009F", "&#x80;&#x9B;2J&#x9F;"},
        {"\x9B"
         "2J",
         "\\x9b2J", "\\ufffd2J", "\\uFFFD2J", "&#xFFFD;2J"},
        /* the direction of writing */
        {"\u202A\u202E", "<U+202A><U+202E>", "\\u202a\\u202e", "\\u202A\\u202E", "&#x202A;&#x202E;"},
        {"\u2066\u2069", "<U+2066><U+2069>", "\\u2066\\u2069", "\\u2066\\u2069", "&#x2066;&#x2069;"},
        {"\u200E\u200F\u061C", "<U+200E><U+200F><U+061C>", "\\u200e\\u200f\\u061c", "\\u200E\\u200F\\u061C",
         "&#x200E;&#x200F;&#x61C;"},
        /* what has no shape, or ends a line */
        {"\u200B\uFEFF", "<U+200B><U+FEFF>", "\\u200b\\ufeff", "\\u200B\\uFEFF", "&#x200B;&#xFEFF;"},
        {"\u2028\u2029", "<U+2028><U+2029>", "\\u2028\\u2029", "\\u2028\\u2029", "&#x2028;&#x2029;"},
        {"\U000E0041", "<U+E0041>", "\\udb40\\udc41", "\\U000E0041", "&#xE0041;"},
        /* no UTF-8: a byte of its own, cut off, too long, a surrogate */
        {"a\xFF", "a\\xff", "a\\ufffd", "a\\uFFFD", "a&#xFFFD;"},
        {"\xE2\x82", "\\xe2\\x82", "\\ufffd\\ufffd", "\\uFFFD\\uFFFD", "&#xFFFD;&#xFFFD;"},
        {"\xC0\x9B", "\\xc0\\x9b", "\\ufffd\\ufffd", "\\uFFFD\\uFFFD", "&#xFFFD;&#xFFFD;"},
        {"\xED\xA0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd", "\\uFFFD\\uFFFD\\uFFFD",
         "&#xFFFD;&#xFFFD;&#xFFFD;"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = cases[i].text;
        const char *expected[] = {cases[i].line, cases[i].json, cases[i].yaml, cases[i].xml};

        for (gpuvm_text_form form = GPUVM_TEXT_LINE; form <= GPUVM_TEXT_XML; form++) {
            g_autofree char *safe = gpuvm_text_safe(text, form), *twice = gpuvm_text_safe(safe, form);

            expect_text(text, safe, expected[form] ? expected[form] : text);
            expect_text(safe, twice, safe);
        }
        g_autofree char *ascii = gpuvm_text_safe(text, GPUVM_TEXT_ASCII);
        assert_true(g_str_is_ascii(ascii));
    }
    g_autofree char *letters = gpuvm_text_safe("a\u2026\U0001F600\n", GPUVM_TEXT_ASCII);
    assert_string_equal(letters, "a\\u2026\\ud83d\\ude00\n");
}

static void
counts_columns(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text;
        unsigned width;
    } cases[] = {{"a", 1},    {"東", 2},       {"\u0301", 0}, {"\033", 4},
                 {"\xFF", 4}, {"\302\233", 8}, {"\u202E", 8}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        const char *at = cases[i].text, *end = at + strlen(at);

        assert_int_equal(gpuvm_text_append(out, &at, end, GPUVM_TEXT_LINE), cases[i].width);
        assert_ptr_equal(at, end);
    }
}

static void
fits_patterns(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *patterns, *text;
        bool fits;
    } cases[] = {
        {"raw qcow2", "raw", true},
        {"raw qcow2", "qcow2", true},
        {"raw qcow2", "qcow", false},
        {"raw qcow2", "raw qcow2", false},
        {"/usr/*", "/usr/a", true},
        {"/usr/*", "/opt/usr/a", false},
        {"/a* /b*", "/bin", true},
        {"*", "", true},
        {"a", "", false},
        {"a?c", "abc", false},
        {"", "a", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (gpuvm_text_fits(cases[i].patterns, cases[i].text) != cases[i].fits)
            fail_msg("'%s' and '%s'", cases[i].patterns, cases[i].text);
    }
}

static void
shows_the_begin(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *begin;
    } cases[] = {
        {"", ""},           {"abcde", "abcde"},   {"abcdef", "abcde…"},
        {"äöüäö", "äöüäö"}, {"äöüäöü", "äöüäö…"}, {"ab\n", "ab…"},
        {"ab\nc", "ab…"},   {"\nab", "…"},        {"abcdefg\nh", "abcde…"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *begin = gpuvm_text_begin(cases[i].text, 5);

        expect_text(cases[i].text, begin, cases[i].begin);
    }
}

static void
shortens(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text;
        size_t width;
        const char *shorter;
    } cases[] = {
        {"", 1, ""},
        {"abc", 3, "abc"},
        {"abcd", 3, "ab…"},
        {"ab cd", 4, "ab…"},
        {"東京都", 6, "東京都"},
        {"東京都", 5, "東京…"},
        {"東京都", 4, "東…"},
        {"e\u0301e\u0301e", 2, "e\u0301…"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shorter = gpuvm_text_shorten(cases[i].text, cases[i].width);

        expect_text(cases[i].text, shorter, cases[i].shorter);
    }
}

static void
fills_lines(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text;
        size_t indent, width;
        const char *filled;
    } cases[] = {
        {"", 0, 10, ""},
        {"one two  three", 0, 0, "one two  three"},
        {"one two  three", 0, 13, "one two three"},
        {"one two three", 0, 7, "one two\nthree"},
        {"one two three", 2, 7, "one\n  two\n  three"},
        {"one twothree", 2, 6, "one\n  twothree"},
        {"東京 都", 0, 6, "東京\n都"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *filled = gpuvm_text_fill(cases[i].text, cases[i].indent, cases[i].width);

        expect_text(cases[i].text, filled, cases[i].filled);
    }
}

static void
counts_things(void **state G_GNUC_UNUSED)
{
    static const char *const texts[] = {"0 CPUs", "1 CPU", "2 CPUs"};

    for (size_t n = 0; n < G_N_ELEMENTS(texts); n++) {
        g_autofree char *text = gpuvm_text_count(n, "CPU");

        assert_string_equal(text, texts[n]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_visible),   cmocka_unit_test(counts_columns), cmocka_unit_test(shortens),
        cmocka_unit_test(fills_lines),     cmocka_unit_test(counts_things),  cmocka_unit_test(fits_patterns),
        cmocka_unit_test(shows_the_begin),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
