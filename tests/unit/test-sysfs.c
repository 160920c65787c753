/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "fake-tree.h"
#include "host/sysfs.h"

#define LINE(start, end, flags) "0x" start " 0x" end " 0x" flags "\n"
#define NONE LINE("0000000000000000", "0000000000000000", "0000000000000000")

/* the files of a function; NULL: there is none */
typedef struct sys_case {
    const char *boot_vga, *resource, *reset_method;
    int expected_boot_vga;
    uint64_t expected_memory;
    const char *expected_reset;
} sys_case;

static const sys_case cases[] = {
    /* a card: 16 MiB and 256 MiB and 32 MiB of memory, 128 ports, a ROM of 512 KiB, which does not count */
    {"1\n",
     LINE("00000000f6000000", "00000000f6ffffff", "0000000000040200")
         LINE("0000000000e00000", "0000000010dfffff", "000000000014220c")
             NONE LINE("00000000f0000000", "00000000f1ffffff", "000000000014220c")
                 NONE LINE("000000000000e000", "000000000000e07f", "0000000000040101")
                     LINE("00000000f7000000", "00000000f707ffff", "0000000000046200"),
     "flr bus\n", 1, UINT64_C(304) << 20, "flr bus"},
    /* a BAR larger than 32 bits can say */
    {"0\n", LINE("0000006000000000", "0000007fffffffff", "000000000014220c"), "bus\n", 0, UINT64_C(128) << 30,
     "bus"},
    {NULL, NULL, NULL, GPUVM_UNKNOWN, 0, NULL},
    {NULL, NONE NONE NONE NONE NONE NONE NONE, "\n", GPUVM_UNKNOWN, 0, ""},
    {NULL, "", "pm", GPUVM_UNKNOWN, 0, "pm"},
    {NULL, "garbage\n0x1\n", "", GPUVM_UNKNOWN, 0, ""},
};

static void
put(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (text)
        assert_true(g_file_set_contents(path, text, -1, NULL));
    else
        g_remove(path);
}

static void
test_fill(void **state)
{
    const gpuvm_pci_addr addr = {0x10000, 0xc1, 0x1f, 7};
    g_autofree char *root = g_dir_make_tmp("gpuvm-sysfs-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(root, "sys/bus/pci/devices/10000:c1:1f.7", NULL);
    g_autofree char *remove = g_strdup_printf("rm -r '%s'", root);

    (void)state;
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);

        put(folder, "boot_vga", cases[i].boot_vga);
        put(folder, "resource", cases[i].resource);
        put(folder, "reset_method", cases[i].reset_method);
        gpuvm_sysfs_fill(root, device);
        if (device->boot_vga != cases[i].expected_boot_vga ||
            device->memory_size != cases[i].expected_memory ||
            g_strcmp0(device->reset_method, cases[i].expected_reset))
            fail_msg("case %zu: boot_vga %d, memory %" G_GUINT64_FORMAT ", reset %s", i, device->boot_vga,
                     device->memory_size, device->reset_method);
    }
    assert_int_equal(system(remove), 0);
}

/* a function that is not there stays unknown */
static void
test_absent(void **state)
{
    const gpuvm_pci_addr addr = {0, 1, 0, 0};
    g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);

    (void)state;
    gpuvm_sysfs_fill("/nonexistent", device);
    assert_int_equal(device->boot_vga, GPUVM_UNKNOWN);
    assert_int_equal(device->memory_size, 0);
    assert_null(device->reset_method);
}

static void
test_driver(void **state)
{
    const gpuvm_pci_addr bound = {0, 1, 0, 0}, unbound = {0, 1, 0, 1}, absent = {0, 1, 0, 2};
    char *root = tree_make("sys/bus/pci/devices/0000:01:00.0/driver => ../../drivers/vfio-pci\n"
                           "sys/bus/pci/devices/0000:01:00.1/\n");
    g_autofree char *driver = gpuvm_sysfs_driver(root, &bound);

    (void)state;
    assert_string_equal(driver, "vfio-pci");
    assert_null(gpuvm_sysfs_driver(root, &unbound));
    assert_null(gpuvm_sysfs_driver(root, &absent));
    tree_remove(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fill), cmocka_unit_test(test_absent),
                                       cmocka_unit_test(test_driver)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
