/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/guestexec.h"

static void
looks(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *reply;
        int64_t pid; /* -1: there is none */
    } cases[] = {
        {"{\"return\":{\"pid\":4711}}", 4711},
        {"{\"return\":{\"pid\":9223372036854775807}}", G_MAXINT64},
        {"{\"return\":{\"pid\":9223372036854775808}}", -1},
        {"{\"return\":{\"pid\":-1}}", -1},
        {"{\"return\":{\"pid\":[4711]}}", -1},
        {"{\"return\":{}}", -1},
        {"{\"return\":4711}", -1},
        {"{\"pid\":4711}", -1},
        {"[4711]", -1},
        {"", -1},
        {"{\"return\":{\"pid\":4711}", -1},
    };
    g_autofree char *look = gpuvm_guestexec_look(4711);

    g_autofree char *begin = gpuvm_guestexec_begin((const char *const[]){"-c", "echo \u2026", NULL});

    assert_string_equal(look, "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":4711}}");
    assert_non_null(strstr(begin, "\"arg\":[\"-c\",\"echo \\u2026\"]"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t pid = -1;

        assert_int_equal(gpuvm_guestexec_read_pid(cases[i].reply, &pid), cases[i].pid >= 0);
        assert_int_equal(pid, cases[i].pid);
    }
}

/* "EXIT:OUTPUT" of a process that has exited, "goes on", or "not understood". */
static void
reads_replies(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *reply, *expected;
    } cases[] = {
        {"{\"return\":{\"exited\":false}}", "goes on"},
        {"{\"return\":{\"exited\":false,\"out-data\":\"aGkK\"}}", "goes on"},
        {"{\"return\":{\"exited\":true}}", "0:"},
        {"{\"return\":{\"exited\":true,\"exitcode\":3,\"out-data\":\"aGkK\"}}", "3:hi\n"},
        {"{\"return\":{\"exited\":true,\"signal\":9,\"out-data\":[1]}}", "137:"},
        {"{\"return\":{\"exited\":true,\"exitcode\":-1}}", "0:"},
        {"{\"return\":{\"exited\":true,\"exitcode\":256,\"out-data\":\"====\"}}", "0:"},
        {"{\"return\":{\"exited\":true,\"out-data\":\"YQBi\"}}", "0:a"},
        {"{\"return\":{\"exited\":{}}}", "not understood"},
        {"{\"return\":{}}", "not understood"},
        {"{\"error\":{\"desc\":\"no\"}}", "not understood"},
        {"{\"return\":{\"exited\":true}", "not understood"},
    };
    g_autofree char *deep = g_strnfill(100000, '[');
    gpuvm_guestexec process;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool understood = gpuvm_guestexec_read(cases[i].reply, &process);
        g_autofree char *seen = !understood      ? g_strdup("not understood")
                                : process.exited ? g_strdup_printf("%d:%s", process.exit_code, process.output)
                                                 : g_strdup("goes on");

        expect_text(cases[i].reply, seen, cases[i].expected);
        if (understood)
            g_free(process.output);
    }
    assert_false(gpuvm_guestexec_read(deep, &process));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks),
        cmocka_unit_test(reads_replies),
    };

    return cmocka_run_group_tests_name("guestexec", tests, NULL, NULL);
}
