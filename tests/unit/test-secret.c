/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/secret.h"
#include "doc/emit.h"
#include "model/spec.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_secrets),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
