/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/faults.h"

/* a row is reached: its example is its own, not that of a wider row before it */
static void
rows_know_their_examples(void **state G_GNUC_UNUSED)
{
    for (unsigned i = 0; i < gpuvm_faults_count; i++) {
        const gpuvm_fault *row = &gpuvm_faults[i];
        const gpuvm_fault *found = !row->signature ? row
                                   : g_str_equal(row->where, "client")
                                       ? gpuvm_fault_of_error(row->code, row->example)
                                       : gpuvm_fault_of_line(row->example, false);

        if (found != row)
            fail_msg("%s: its example is %s's", row->id, found ? found->id : "nobody");
    }
}

static void
rows_are_in_order(void **state G_GNUC_UNUSED)
{
    for (unsigned i = 1; i < gpuvm_faults_count; i++)
        assert_true(gpuvm_faults[i - 1].severity <= gpuvm_faults[i].severity);
}

/* what is written of a start with which nothing is wrong; tests/faults/ordinary */
static void
ordinary_lines_are_no_faults(void **state G_GNUC_UNUSED)
{
    g_autofree char *folder = g_build_filename(getenv("top_srcdir"), "tests", "faults", "ordinary", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    unsigned lines = 0, phases = 0;

    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;

        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_auto(GStrv) all = g_strsplit(text, "\n", -1);
        for (char **line = all; *line; line++, lines++) {
            const gpuvm_fault *found = gpuvm_fault_of_line(*line, false);
            bool kernel = g_str_equal(name, "kernel.log"), console = g_str_equal(name, "console.log");

            phases += found && found->severity == GPUVM_FAULT_PHASE;
            if (found && found->severity < GPUVM_FAULT_BENIGN)
                fail_msg("%s: %s: %s", name, found->id, *line);
            if (!found && !console && gpuvm_fault_suspected(*line, kernel))
                fail_msg("%s is suspected: %s", name, *line);
        }
    }
    assert_true(lines > 400 && phases >= 3);
}

static void
numbers_have_names(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *line, *decoded;
    } cases[] = {
        {"NVRM: Xid (PCI:0000:06:00): 79, pid=1234, GPU has fallen off the bus.",
         "Xid 79: GPU_HAS_FALLEN_OFF_THE_BUS"},
        {"NVRM: Xid (PCI:0000:06:00): 99999, x", "Xid 99999: unknown"},
        {"NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x25:0x65:1457)",
         "stage 0x25: RM_INIT_GPU_LOAD_FAILED; status 0x65: NV_ERR_TIMEOUT"},
        {"RmInitAdapter failed! (0xfff:0xffff:1)", "stage 0xfff: unknown; status 0xffff: NV_ERR_GENERIC"},
        {"RmInitAdapter succeeded", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *decoded = gpuvm_fault_decode(cases[i].line);

        if (g_strcmp0(decoded, cases[i].decoded) != 0)
            fail_msg("%s: %s", cases[i].line, decoded ? decoded : "nothing");
    }
}

/* bytes that are no text, and lines that regular expressions like least */
static void
any_bytes_are_a_line(void **state G_GNUC_UNUSED)
{
    g_autofree char *odd = g_strnfill(4096, '\xff'), *deep = g_strnfill(4096, ':');

    assert_null(gpuvm_fault_of_line(odd, false));
    assert_null(gpuvm_fault_of_line(deep, false));
    assert_non_null(gpuvm_fault_of_line("\xff\xfe: group 14 is not viable\xff", false));
    assert_null(gpuvm_fault_of_line("a guest says: group 14 is not viable", true));
    assert_non_null(gpuvm_fault_of_line("NVRM: Xid (PCI:0000:06:00): 79, x", true));
    assert_null(gpuvm_fault_of_line("GROUP 14 IS NOT VIABLE", false));
}

static void
suspects_are_errors(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *line;
        bool kernel, suspected;
    } cases[] = {
        {"qemu-system-x86_64: -drive file=a: Could not open 'a': x", false, true},
        {"qemu-system-x86_64: something odd", false, false},
        {"vfio-pci 0000:01:00.0: odd thing failed", true, true},
        {"ACPI Error: AE_NOT_FOUND", true, false},
        {"failover is ready", false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (gpuvm_fault_suspected(cases[i].line, cases[i].kernel) != cases[i].suspected)
            fail_msg("%s", cases[i].line);
}

static void
texts_are_whole(void **state G_GNUC_UNUSED)
{
    const gpuvm_fault *fault = gpuvm_fault_of_line("vfio 0000:01:00.0: group 14 is not viable", false);
    g_autofree char *text = gpuvm_fault_text(fault), *trust = gpuvm_fault_trust(fault);
    g_autofree char *untried = gpuvm_fault_trust(gpuvm_fault_of_line("No available IOMMU models", false));

    assert_true(g_str_has_prefix(text, "another function of the IOMMU group"));
    assert_non_null(strstr(text, ": `gpuvm devices --all` shows which"));
    assert_string_equal(trust, "seen in a log, confidence high");
    assert_non_null(strstr(untried, "; remedy not tried"));
    for (unsigned i = 0; i < gpuvm_faults_count; i++) {
        g_autofree char *any = gpuvm_fault_text(&gpuvm_faults[i]);

        assert_true(any && *any);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_know_their_examples),
        cmocka_unit_test(rows_are_in_order),
        cmocka_unit_test(ordinary_lines_are_no_faults),
        cmocka_unit_test(numbers_have_names),
        cmocka_unit_test(any_bytes_are_a_line),
        cmocka_unit_test(suspects_are_errors),
        cmocka_unit_test(texts_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
