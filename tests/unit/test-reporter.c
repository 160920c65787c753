/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/reporter.h"

#define BEGIN "gpuvm-verify begin\n"
#define END(digest) "gpuvm-verify end " digest "\n"

/* the SHA-256 of "cpus 0\nend\n", of "other\n", of nothing, and of "a\0b\n" */
#define CPUS "cpus 0\nend\n"
#define OF_CPUS END("519cc6ab75a220e968fb06b3cbf43e3cb77c355c07b2b7dbb9b9f51488acb186")
#define OF_OTHER END("7e4fa2eb8c7ac089739d5defc4489fad68a100d92082ca35c6b40a4524821f87")
#define OF_NOTHING END("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
#define OF_NUL END("3a100994c4e38751871e6e8eef9adad2b20177fdeaf650daacdcd74f4c9421e3")

#define WHOLE BEGIN CPUS OF_CPUS
#define CASE(bytes, expected)                                                                                \
    {                                                                                                        \
        bytes, sizeof bytes - 1, expected                                                                    \
    }

static void
finds_a_whole_report(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *expected; /* NULL: there is none */
    } cases[] = {
        CASE("", NULL),
        CASE(WHOLE, CPUS),
        CASE(BEGIN OF_NOTHING, ""),
        /* the rest of one that nobody read, and one that was left off */
        CASE("0-3\nend\n" OF_OTHER WHOLE, CPUS),
        CASE(BEGIN "cp" BEGIN CPUS OF_CPUS, NULL),
        CASE(BEGIN "cp\n" BEGIN CPUS OF_CPUS, CPUS),
        CASE(WHOLE BEGIN "other\n" OF_OTHER, CPUS),
        /* cut off, or changed on the way */
        CASE(BEGIN, NULL),
        CASE(BEGIN CPUS, NULL),
        CASE(CPUS OF_CPUS, NULL),
        CASE(BEGIN CPUS "gpuvm-verify end 519cc6ab75a220e968fb06b3cbf43e3cb77c355c07b2b7dbb9b9f51488acb186",
             NULL),
        CASE(BEGIN CPUS "gpuvm-verify end 519cc6ab75a220e968fb06b3cbf43e3cb77c355c07b2b7dbb9b9f51488acb18\n",
             NULL),
        CASE(BEGIN CPUS "gpuvm-verify end\n", NULL),
        CASE(BEGIN CPUS "gpuvm-verify end \n", NULL),
        CASE(BEGIN CPUS " " OF_CPUS, NULL),
        CASE(BEGIN CPUS OF_OTHER, NULL),
        CASE(BEGIN "cpus 1\nend\n" OF_CPUS, NULL),
        CASE(BEGIN CPUS OF_OTHER OF_CPUS, NULL),
        CASE(BEGIN CPUS OF_OTHER WHOLE, CPUS),
        CASE("gpuvm-verify begin\r\n" CPUS OF_CPUS, NULL),
        CASE("gpuvm-verify beginning\n" CPUS OF_CPUS, NULL),
        /* no text */
        CASE("\0\0\xff\n" WHOLE, CPUS),
        CASE(BEGIN "a\0b\n" OF_NUL, "a"),
        CASE(BEGIN "\0" CPUS OF_CPUS, NULL),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        /* of their size, so that whoever reads beyond it is found */
        g_autofree char *bytes = g_memdup2(cases[i].bytes, cases[i].size);
        g_autofree char *report = gpuvm_reporter_find(bytes, cases[i].size);

        expect_text(cases[i].bytes, report ? report : "none", cases[i].expected ? cases[i].expected : "none");
    }
}

/* What tries to have each of many lines taken for the end of all before it. */
static void
takes_no_time(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) bytes = g_string_new(BEGIN);

    while (bytes->len < GPUVM_REPORTER_MOST)
        g_string_append(bytes, "gpuvm-verify end x\n");
    assert_null(gpuvm_reporter_find(bytes->str, bytes->len));
}

static void
sets_a_service_up(void **state G_GNUC_UNUSED)
{
    g_autofree char *script = gpuvm_reporter_setup();
    static const char *const parts[] = {
        "<<'EOF'\n# SPDX",
        "\necho end\nEOF\n",
        "sh \"${0%/*}/inside\"",
        "\nBindsTo=dev-virtio\\x2dports-org.gpuvm.verify.0.device\n",
        "\nExecStart=/bin/sh /usr/local/lib/gpuvm/report /dev/virtio-ports/org.gpuvm.verify.0\n",
        "\nEOF\nsystemctl daemon-reload\n",
    };
    const char *at = script;

    assert_true(g_str_has_prefix(script, "#!/bin/sh\nset -e\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        at = strstr(at, parts[i]);
        if (!at)
            fail_msg("no '%s' in its place in: %s", parts[i], script);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_whole_report),
        cmocka_unit_test(takes_no_time),
        cmocka_unit_test(sets_a_service_up),
    };

    return cmocka_run_group_tests_name("reporter", tests, NULL, NULL);
}
