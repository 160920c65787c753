/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ignore.h"

static gpuvm_ignore *
parse(const char *text, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new(".gpuvmignore", g_strdup(text), strlen(text));

    return gpuvm_ignore_parse(source, diags);
}

static void
leaves_out_what_matches(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *patterns, *path; /* a directory's path ends in '/' */
        bool ignored;
    } cases[] = {
        {"", "a.yaml", false},
        {"\n\n# a.yaml\n", "a.yaml", false},
        {"a.yaml", "a.yaml", true},
        {"a.yaml\r\n", "a.yaml", true},
        {"a.yaml   \n", "a.yaml", true},
        {"b.yaml\na.yaml", "a.yaml", true},
        {"a.yaml", "deep/er/a.yaml", true},
        {"a.yaml", "aa.yaml", false},
        {"/a.yaml", "a.yaml", true},
        {"/a.yaml", "deep/a.yaml", false},
        {"*.json", "a.json", true},
        {"*.json", "deep/a.json", true},
        {"*.json", "a.yaml", false},
        {"?.json", "a.json", true},
        {"?.json", "ab.json", false},
        {"[ab].json", "b.json", true},
        {"[!ab].json", "b.json", false},
        {"deep/*.yaml", "deep/a.yaml", true},
        {"deep/*.yaml", "deep/er/a.yaml", false},
        {"deep/*.yaml", "very/deep/a.yaml", false},
        {"/deep/*/a.yaml", "deep/er/a.yaml", true},
        {"deep", "deep/", true},
        {"deep/", "deep/", true},
        {"deep/", "very/deep/", true},
        {"/deep/", "very/deep/", false},
        {"a.yaml/", "a.yaml", false},
        {"\\#a.yaml", "#a.yaml", true},
        {"/", "a.yaml", false},
        {"ä*.yaml", "äö.yaml", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_ignore) ignore = parse(cases[i].patterns, diags);
        bool directory = g_str_has_suffix(cases[i].path, "/");
        g_autofree char *path = g_strndup(cases[i].path, strlen(cases[i].path) - directory);

        assert_int_equal(diags->items->len, 0);
        if (gpuvm_ignore_match(ignore, path, directory) != cases[i].ignored)
            fail_msg("'%s' and %s", cases[i].patterns, cases[i].path);
    }
}

static void
refuses_what_it_does_not_do(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *message;
        unsigned line;
    } cases[] = {
        {"a\n!b\n", "'!' is not supported here", 2},
        {"**/a", "'**' is not supported here", 1},
        {"a\n\na/**", "'**' is not supported here", 3},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_ignore) ignore = parse(cases[i].text, diags);
        const gpuvm_diag *diag;

        assert_non_null(ignore);
        assert_int_equal(diags->errors, 1);
        diag = diags->items->pdata[0];
        assert_string_equal(diag->message, cases[i].message);
        assert_int_equal(diag->mark.line, cases[i].line);
        assert_int_equal(diag->exit, GPUVM_EXIT_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_out_what_matches),
        cmocka_unit_test(refuses_what_it_does_not_do),
    };

    return cmocka_run_group_tests_name("ignore", tests, NULL, NULL);
}
