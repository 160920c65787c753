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
        g_autoptr(GBytes) key = g_bytes_new_static("k", 1);
        g_autoptr(gpuvm_doc) shown = gpuvm_secret_digest(table, root, "vm", key, NULL);
        g_autoptr(gpuvm_doc) other = gpuvm_secret_digest(table, root, "another", key, NULL);
        g_autofree char *text = gpuvm_emit_yaml(shown->root), *elsewhere = gpuvm_emit_yaml(other->root);
        g_autofree char *numbered = number_digests(text), *numbered_elsewhere = number_digests(elsewhere);

        expect_text(cases[i].text, numbered, cases[i].shown);
        expect_text(cases[i].text, numbered_elsewhere, cases[i].shown);
        assert_int_equal(g_str_equal(text, elsewhere), i == 0);
    }
}

/* What a domain shows of what is planned with @key. */
static char *
shown_with(const char *definition, const char *key)
{
    g_autoptr(plan_scene) scene = scene_new("", definition, NULL, NULL);

    scene->key = key ? g_bytes_new(key, strlen(key)) : NULL;
    scene_plan(scene);
    expect_diags(definition, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
    return g_strdup_printf("%s\n%s%s\n%s\n%s", scene->plan->digest, scene->plan->definition,
                           scene->plan->seed ? scene->plan->seed->volume : "",
                           scene->plan->manifest_volume ? scene->plan->manifest_volume : "",
                           scene->plan->key_id ? scene->plan->key_id : "");
}

static void
seals_whatever_is_made_of_secrets(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition;
        bool secrets;
    } cases[] = {
        {"title: x\n", false},
        {"workload: {entrypoint: [run]}\n", false},
        {"kernel: /boot/vmlinuz\nworkload: {entrypoint: [run]}\n", false},
        {"cloud_init: {user_data: 'pin: 1234'}\n", true},
        {"workload: {entrypoint: [run], env: {PIN: 1234}}\n", true},
        {"kernel: /boot/vmlinuz\nworkload: {entrypoint: [run], env: {PIN: 1234}}\n", true},
        {"metadata: {a: 'http://me:1234@h/'}\n", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *definition = cases[i].definition;
        g_autofree char *one = shown_with(definition, "one"), *again = shown_with(definition, "one"),
                        *other = shown_with(definition, "other"), *none = shown_with(definition, NULL);
        g_autoptr(GRegex) digits = g_regex_new("[0-9a-f]{12,}", 0, 0, NULL);
        g_autoptr(GMatchInfo) match = NULL;

        expect_text(definition, again, one);
        if (!cases[i].secrets) {
            expect_text(definition, other, one);
            expect_text(definition, none, one);
            continue;
        }
        g_regex_match(digits, one, 0, &match);
        assert_true(g_match_info_matches(match));
        for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
            g_autofree char *digest = g_match_info_fetch(match, 0);

            if (strstr(other, digest) || strstr(none, digest))
                fail_msg("%s: %s does not depend on the key:\n%s", definition, digest, one);
        }
    }
}

static void
says_that_another_key_was_used(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *definition, *former, *key; /* of the domain that is there */
        bool noted;
    } cases[] = {
        {"the same key", "workload: {env: {A: b}}\n", "workload: {env: {A: (hidden) sha256:0}}\n",
         "5008d90d783f", false},
        {"another", "workload: {env: {A: b}}\n", "workload: {env: {A: (hidden) sha256:0}}\n", "000000000000",
         true},
        {"by an older gpuvm", "workload: {env: {A: b}}\n", "workload: {env: {A: (hidden) sha256:0}}\n", NULL,
         true},
        {"there were no secrets", "workload: {env: {A: b}}\n", "title: x\n", NULL, false},
        {"there are none any more", "title: x\n", "workload: {env: {A: (hidden) sha256:0}}\n", NULL, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);
        static const char *const note[] = {"secrets of VM 'vm' :: not known", NULL}, *const nothing[] = {
                                                                                         NULL};

        scene->key = g_bytes_new("one", 3);
        scene->record = gpuvm_record_new();
        scene->record->definition = g_strdup(cases[i].former);
        scene->record->digest = g_strdup("");
        scene->record->key = g_strdup(cases[i].key);
        scene_plan(scene);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_NOTE, cases[i].noted ? note : nothing);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_secrets),
        cmocka_unit_test(tells_secrets_apart),
        cmocka_unit_test(seals_whatever_is_made_of_secrets),
        cmocka_unit_test(says_that_another_key_was_used),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
