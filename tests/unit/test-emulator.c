/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "fake-tree.h"
#include "host/emulator.h"

#define FIRST "proc/1/comm: init\n"
#define FILE(pid) "run/libvirt/qemu/vm.pid: " pid "\n"
#define STAT(state) "proc/7/stat: 7 (CPU 0) (KVM)) " state " 1 7 7\n"

static const struct {
    const char *name, *tree;
    const char *arguments; /* of process 7, ' ' for a zero byte; NULL: none can be read */
    gpuvm_emulator expected;
} cases[] = {
    {"it runs", FIRST FILE("7"), "/usr/bin/qemu -name guest=vm,debug-threads=on -S ", GPUVM_EMULATOR_RUNS},
    {"with nothing after its name", FIRST FILE("7"), "qemu -S -name guest=vm ", GPUVM_EMULATOR_RUNS},
    {"another guest", FIRST FILE("7"), "qemu -name guest=vm2,debug-threads=on ", GPUVM_EMULATOR_GONE},
    {"one whose name goes on after a comma", FIRST FILE("7"), "qemu -name guest=vm,,2 ", GPUVM_EMULATOR_GONE},
    {"another program, which names it", FIRST FILE("7"), "grep guest=vm ", GPUVM_EMULATOR_GONE},
    {"no such process", FIRST FILE("7"), NULL, GPUVM_EMULATOR_GONE},
    {"processes are hidden", FILE("7"), NULL, GPUVM_EMULATOR_UNSEEN},
    {"its arguments are hidden", FIRST FILE("7") "proc/7/comm: qemu\n", NULL, GPUVM_EMULATOR_UNSEEN},
    {"it has ended", FIRST FILE("7") STAT("Z") "proc/7/task/7/\n", "", GPUVM_EMULATOR_GONE},
    {"a thread of it has not", FIRST FILE("7") STAT("Z") "proc/7/task/7/\nproc/7/task/8/\n", "",
     GPUVM_EMULATOR_UNSEEN},
    {"it is about to end", FIRST FILE("7") STAT("D") "proc/7/task/7/\n", "", GPUVM_EMULATOR_UNSEEN},
    {"nothing is known of it", FIRST FILE("7"), "", GPUVM_EMULATOR_UNSEEN},
    {"no file", FIRST, "qemu -name guest=vm ", GPUVM_EMULATOR_UNSEEN},
    {"an empty file", FIRST FILE(""), NULL, GPUVM_EMULATOR_UNSEEN},
    {"no number", FIRST FILE("-7"), NULL, GPUVM_EMULATOR_UNSEEN},
    {"no process has it", FIRST FILE("0"), NULL, GPUVM_EMULATOR_UNSEEN},
    {"no process can have it", FIRST FILE("99999999999"), NULL, GPUVM_EMULATOR_UNSEEN},
};

static void
add_arguments(const char *root, const char *arguments)
{
    g_autofree char *directory = g_strconcat(root, "/proc/7", NULL);
    g_autofree char *path = g_strconcat(directory, "/cmdline", NULL), *bytes = g_strdup(arguments);
    gsize size = strlen(bytes);

    for (gsize i = 0; i < size; i++)
        bytes[i] = bytes[i] == ' ' ? '\0' : bytes[i];
    g_mkdir_with_parents(directory, 0755);
    assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

static void
looks(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *root = tree_make(cases[i].tree);
        int pid = 0;
        gpuvm_emulator seen;

        if (cases[i].arguments)
            add_arguments(root, cases[i].arguments);
        seen = gpuvm_emulator_look(root, "vm", &pid);
        if (seen != cases[i].expected)
            fail_msg("%s: %d", cases[i].name, (int)seen);
        if (seen == GPUVM_EMULATOR_RUNS)
            assert_int_equal(pid, 7);
        tree_remove(root);
    }
}

static void
looks_nowhere_else(void **state G_GNUC_UNUSED)
{
    char *root = tree_make(FIRST "run/libvirt/vm.pid: 7\n");
    int pid;

    assert_int_equal(gpuvm_emulator_look(root, "../vm", &pid), GPUVM_EMULATOR_UNSEEN);
    tree_remove(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(looks), cmocka_unit_test(looks_nowhere_else)};

    return cmocka_run_group_tests_name("emulator", tests, NULL, NULL);
}
