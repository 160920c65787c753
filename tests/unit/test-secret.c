/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/secret.h"
#include "doc/emit.h"
#include "model/spec.h"

/** @text with 1 in place of the first digest in it, 2 in place of another … g_malloc. */
static char *
number_digests(const char *text)
{
    g_autoptr(GRegex) digest = g_regex_new("(?<=sha256:)[0-9a-f]{12}(?![0-9a-f])", 0, 0, NULL);
    g_autoptr(GString) numbered = g_string_new(text);
    char number[] = "1";

    for (;; number[0]++) {
        g_autoptr(GMatchInfo) match = NULL;

        if (!g_regex_match(digest, numbered->str, 0, &match))
            return g_strdup(numbered->str);
        g_autofree char *found = g_match_info_fetch(match, 0);
        g_string_replace(numbered, found, number, 0);
    }
}

static void
hides_secrets(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *shown; /* NULL: nothing is secret */
    } cases[] = {
        {"title: x\nautostart: true\ndisks:\n- source: /a\n", NULL},
        {"workload:\n  env: {}\n", NULL},
        {"cloud_init:\n  user_data:\n    path: a\n", NULL},
        {"workload:\n  env:\n    A: 1\n    B: b\n", "workload:\n  env:\n    A: (hidden)\n    B: (hidden)\n"},
        {"cloud_init:\n  user_data: a\n  meta_data:\n    content: b\n    inline: true\n",
         "cloud_init:\n  user_data: (hidden)\n  meta_data:\n    content: (hidden)\n    inline: true\n"},
        {"rootfs: http://u:p@h/a\n", "rootfs: http://h/a\n"},
        {"disks:\n- source: http://u:p@h/a\n- http://h/b?key=k\n",
         "disks:\n- source: http://h/a\n- http://h/b?key=***\n"},
        {"metadata:\n  a:\n  - b: http://u:p@h/a\n", "metadata:\n  a:\n  - b: http://h/a\n"},
        {"expose:\n- '80'\n- http://u:p@h/a\n", "expose:\n- '80'\n- http://h/a\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_source) source =
            gpuvm_source_new("f", g_strdup(cases[i].text), strlen(cases[i].text));
        g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);
        bool any;
        g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(gpuvm_kind_table(GPUVM_KIND_VM), docs->pdata[0], &any);
        g_autofree char *text = gpuvm_emit_yaml(shown->root);
        const char *expected = cases[i].shown ? cases[i].shown : cases[i].text;

        expect_text(cases[i].text, text, expected);
        assert_int_equal(any, cases[i].shown != NULL);
    }
}

static void
tells_secrets_apart(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"title: x\ndisks:\n- source: /a\n", "title: x\ndisks:\n- source: /a\n"},
        {"workload:\n  env:\n    A: x\n    B: x\n    C: y\n",
         "workload:\n  env:\n    A: (hidden) sha256:1\n    B: (hidden) sha256:1\n    C: (hidden) sha256:2\n"},
        {"disks:\n- source: http://u:p@h/a\n- http://u:q@h/a\n- http://u:q@h/b?key=k\n",
         "disks:\n- source: (hidden) sha256:1 http://h/a\n- (hidden) sha256:2 http://h/a\n"
         "- (hidden) sha256:3 http://h/b?key=***\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_source) source =
            gpuvm_source_new("f", g_strdup(cases[i].text), strlen(cases[i].text));
        g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);
        const gpuvm_node *root = ((const gpuvm_doc *)docs->pdata[0])->root;
        const gpuvm_table *table = gpuvm_kind_table(GPUVM_KIND_VM);
        g_autoptr(gpuvm_doc) shown = gpuvm_secret_digest(table, root, "vm");
        g_autoptr(gpuvm_doc) other = gpuvm_secret_digest(table, root, "another");
        g_autofree char *text = gpuvm_emit_yaml(shown->root), *elsewhere = gpuvm_emit_yaml(other->root);
        g_autofree char *numbered = number_digests(text), *numbered_elsewhere = number_digests(elsewhere);

        expect_text(cases[i].text, numbered, cases[i].shown);
        expect_text(cases[i].text, numbered_elsewhere, cases[i].shown);
        assert_int_equal(g_str_equal(text, elsewhere), i == 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_secrets),
        cmocka_unit_test(tells_secrets_apart),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
