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

/* What a BAR is, and what it can be resized to: of two wide ones, the second begins at number 3. */
static void
test_bars(void **state)
{
    static const gpuvm_bar expected[] = {
        {.size = UINT64_C(16) << 20},
        {.size = UINT64_C(256) << 20, .largest = UINT64_C(32) << 30, .wide = true, .prefetchable = true},
        {.size = UINT64_C(32) << 20, .wide = true},
    };
    const gpuvm_pci_addr addr = {0, 1, 0, 0};
#define HERE "sys/bus/pci/devices/0000:01:00.0/resource"
    char *root = tree_make(HERE ": " LINE("f6000000", "f6ffffff", "40200") HERE
                           ": " LINE("e00000000", "e0fffffff", "14220c") HERE
                           ": " NONE HERE ": " LINE("f0000000", "f1ffffff", "140204") HERE
                           ": " NONE HERE "1_resize: 000000000000ff00\n");
    g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);

    (void)state;
    gpuvm_sysfs_fill(root, device);
    gpuvm_sysfs_fill(root, device); /* again: nothing twice */
    assert_int_equal(device->bars->len, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const gpuvm_bar *bar = &g_array_index(device->bars, gpuvm_bar, i);

        if (bar->size != expected[i].size || bar->largest != expected[i].largest ||
            bar->wide != expected[i].wide || bar->prefetchable != expected[i].prefetchable)
            fail_msg("BAR %zu", i);
    }
    assert_int_equal(device->memory_size, UINT64_C(304) << 20);
    tree_remove(root);
}

/* who said which driver it has */
static void
test_lent(void **state)
{
#define OVERRIDE(driver) "sys/bus/pci/devices/0000:01:00.0/driver_override: " driver "\n"
    static const struct {
        const char *tree;
        bool lent;
    } rows[] = {
        {"sys/bus/pci/devices/0000:01:00.0/class: 0x030000\n", false},
        {OVERRIDE("(null)"), false},
        {OVERRIDE("vfio-pci"), true},
        {OVERRIDE("vfio-pci") "etc/driverctl.d/0000:02:00.0: vfio-pci\n", true},
        {OVERRIDE("vfio-pci") "etc/driverctl.d/0000:01:00.0: vfio-pci\n", false},
    };
    const gpuvm_pci_addr addr = {0, 1, 0, 0};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *root = tree_make(rows[i].tree);

        if (gpuvm_sysfs_lent(root, &addr) != rows[i].lent)
            fail_msg("%s", rows[i].tree);
        tree_remove(root);
    }
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

/* the first 8 bytes of its configuration space, and whether it answers */
static void
test_silent(void **state)
{
#define FF "\xff\xff\xff\xff"
    static const struct {
        const char *config, *driver, *power_state, *runtime_status;
        bool silent;
    } rows[] = {
        {FF FF, "vfio-pci", "D0", "active", true},
        {FF FF, "vfio-pci", "D3hot", "suspended", true},
        {FF FF, NULL, "unknown", NULL, true},
        {FF FF, "nvidia", "D3cold", "active", true},
        {FF FF, "nvidia", "D3cold", "suspended", false}, /* switched off */
        {FF FF, NULL, NULL, "suspended", false},
        {FF FF, "vfio-pci", "D3cold", "suspended", true},       /* the read would have woken it */
        {FF "\x06\x04\x10\x10", "iavf", "D0", "active", false}, /* a virtual function */
        {"\xde\x10\xff\xff" FF, "nvidia", "D0", "active", false},
        {FF "\xff", "nvidia", "D0", "active", false}, /* half of one */
        {NULL, "nvidia", NULL, NULL, false},
    };
    const gpuvm_pci_addr addr = {0, 1, 0, 0};
    char *root = tree_make("sys/bus/pci/devices/0000:01:00.0/power/\n");
    g_autofree char *folder = g_build_filename(root, "sys/bus/pci/devices/0000:01:00.0", NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);

        put(folder, "config", rows[i].config);
        put(folder, "power_state", rows[i].power_state);
        put(folder, "power/runtime_status", rows[i].runtime_status);
        device->driver = g_strdup(rows[i].driver);
        gpuvm_sysfs_fill(root, device);
        if (device->silent != rows[i].silent)
            fail_msg("case %zu: it is %ssilent", i, device->silent ? "" : "not ");
    }
    tree_remove(root);
}

/* A function that has neither file cannot be reset; one with the latter alone is of an older kernel. */
static void
test_reset_method(void **state)
{
    const gpuvm_pci_addr none = {0, 1, 0, 0}, old = {0, 1, 0, 1};
    g_autoptr(gpuvm_device) without = gpuvm_device_new(&none), with = gpuvm_device_new(&old);
    char *root = tree_make("sys/bus/pci/devices/0000:01:00.0/config: x\n"
                           "sys/bus/pci/devices/0000:01:00.1/config: x\n"
                           "sys/bus/pci/devices/0000:01:00.1/reset: x\n");

    (void)state;
    gpuvm_sysfs_fill(root, without);
    gpuvm_sysfs_fill(root, with);
    assert_string_equal(without->reset_method, "");
    assert_null(with->reset_method);
    tree_remove(root);
}

/* The kernel lists a group's regions, each with its type. */
static void
test_reserved(void **state)
{
#define REGIONS(text)                                                                                        \
    "sys/bus/pci/devices/0000:01:00.0/iommu_group/reserved_regions: 0x00000000fee00000 0x00000000feefffff msi\n" text
#define REGION                                                                                               \
    "sys/bus/pci/devices/0000:01:00.0/iommu_group/reserved_regions: 0x00000000bf800000 0x00000000bfffffff "
    static const struct {
        const char *tree;
        bool reserved;
    } rows[] = {
        {"sys/bus/pci/devices/0000:01:00.0/class: 0x030000\n", false},
        {REGIONS(""), false},
        {REGIONS(REGION "direct\n"), true},
        {REGION "direct\n" REGIONS(""), true},
        {REGIONS(REGION "direct-relaxable\n"), false},
        {REGIONS(REGION "reserved\n"), false},
    };
    const gpuvm_pci_addr addr = {0, 1, 0, 0};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);
        char *root = tree_make(rows[i].tree);

        gpuvm_sysfs_fill(root, device);
        if (device->reserved != rows[i].reserved)
            fail_msg("%s", rows[i].tree);
        tree_remove(root);
    }
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

#define AT(address) "sys/bus/pci/devices/" address
#define IDS(address, class, vendor, device)                                                                  \
    AT(address)                                                                                              \
    "/class: 0x" class "\n" AT(address) "/vendor: 0x" vendor "\n" AT(address) "/device: 0x" device "\n"

/* "030000 10de:2204 nvidia group 14 of 2 node 1 bridge VF-of-… 2 VFs"; NULL when there is none. */
static char *
describe(const char *root, const char *text)
{
    gpuvm_pci_addr addr;
    g_autoptr(gpuvm_device) device = NULL;

    assert_true(gpuvm_pci_addr_parse(text, &addr, NULL, NULL));
    device = gpuvm_sysfs_device(root, &addr);
    if (!device)
        return NULL;
    return g_strdup_printf("%06x %04x:%04x %s group %d of %u node %d%s %s %u VFs boot %d", device->class_code,
                           device->vendor_id, device->device_id, device->driver ? device->driver : "-",
                           device->iommu_group, device->group_members->len, device->numa_node,
                           device->bridge ? " bridge" : "",
                           device->virtual_function ? GPUVM_PCI(&device->physical_function) : "-",
                           device->virtual_functions->len, device->boot_vga);
}

static void
test_device(void **state)
{
    static const struct {
        const char *address, *expected;
    } rows[] = {
        {"0000:01:00.0", "030000 10de:2204 nvidia group 14 of 2 node 1 - 0 VFs boot 1"},
        {"0000:01:00.1", "040300 10de:1aef - group 14 of 2 node -1 - 0 VFs boot -1"},
        {"0000:00:01.0", "060400 8086:1901 pcieport group -1 of 0 node -1 bridge - 0 VFs boot -1"},
        {"0000:00:02.0", "088000 8086:0001 - group -1 of 0 node -1 bridge - 0 VFs boot -1"},
        {"0000:00:03.0", "088000 8086:0001 - group -1 of 0 node -1 - 0 VFs boot -1"},
        {"10000:4d:00.0", "038000 8086:56c0 - group -1 of 0 node -1 - 2 VFs boot -1"},
        {"10000:4d:00.1", "038000 8086:56c0 - group -1 of 0 node -1 10000:4d:00.0 0 VFs boot -1"},
        {"0000:05:00.0", NULL},
        {"0000:06:00.0", NULL},
        {"0000:07:00.0", NULL},
    };
    static const char header[] = "0123456789abcd";
    char *root = tree_make(
        IDS("0000:01:00.0", "030000", "10de", "2204")
            AT("0000:01:00.0") "/driver => ../../drivers/nvidia\n" AT("0000:01:00.0") "/numa_node: 1\n" AT("0000:01:00.0") "/boot_vga: 1\n" AT(
                "0000:01:00.0") "/iommu_group -> sys/kernel/iommu_groups/14\n" IDS("0000:01:00.1", "040300",
                                                                                   "10de", "1aef")
                AT("0000:01:00.1") "/numa_node: -1\n" AT(
                    "0000:01:00.1") "/iommu_group -> sys/kernel/iommu_groups/14\n"
                                    "sys/kernel/iommu_groups/14/devices/0000:01:00.0/\nsys/kernel/iommu_groups/14/devices/0000:01:00.1/\n" IDS(
                                        "0000:00:01.0", "060400", "8086", "1901")
                                        AT("0000:00:01.0") "/driver => ../../drivers/pcieport\n" IDS(
                                            "0000:00:02.0", "088000", "8086",
                                            "0001") IDS("0000:00:03.0", "088000", "8086",
                                                        "0001") IDS("10000:4d:00.0", "038000", "8086", "56c0")
                                            AT("10000:4d:00.0") "/virtfn0 => ../10000:4d:00.1\n" AT(
                                                "10000:4d:00.0") "/virtfn1 => ../10000:4d:00.2\n" IDS("10000:4d:00.1",
                                                                                                      "038000",
                                                                                                      "8086",
                                                                                                      "56c0")
                                                AT("10000:4d:00.1") "/physfn => ../10000:4d:00.0\n" AT(
                                                    "0000:06:00.0") "/class: 0x030000\n" /* half of one */
        IDS("0000:07:00.0", "030000", "10de", "none"));

    (void)state;
    /* the header type, further functions or not: a bridge's, and an ordinary one's */
    for (int i = 0; i < 2; i++) {
        g_autofree char *path = g_strdup_printf("%s/" AT("0000:00:0%d.0") "/config", root, 2 + i);
        g_autofree char *config = g_strconcat(header, i == 0 ? "\x81" : "\x80", NULL);
        assert_true(g_file_set_contents(path, config, -1, NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *actual = describe(root, rows[i].address);

        if (g_strcmp0(actual, rows[i].expected) != 0)
            fail_msg("%s is %s, not %s", rows[i].address, actual, rows[i].expected);
    }
    tree_remove(root);
}

/* What tells a card from others. */
static void
test_identity(void **state)
{
#define VPD(text) text, sizeof(text) - 1
    static const struct {
        const char *vpd;
        size_t size;
        const char *serial;
    } rows[] = {
        {VPD("\x82\4\0card\x90\x0a\0PN\1xSN\3 12\x78"), "12"},
        {VPD("\x90\5\0SN\2\x1b[\x78"), "\\x1b["},
        {VPD("\x90\6\0SN\3   \x78"), NULL}, /* of blanks */
        {VPD("\x90\6\0SN\xff"
             "123"),
         NULL}, /* it says more than there is */
        {VPD("\x90\xff\xffPN\1"), NULL},
        {VPD("\x91\5\0SN\2"
             "12\x78"),
         NULL}, /* what is written, too */
        {VPD("\xff\xff\xff\xff"), NULL},
        {VPD(""), NULL},
    };
    gpuvm_pci_addr addr = {0, 1, 0, 0};
    char *root =
        tree_make("sys/bus/pci/devices/0000:01:00.0 -> sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0\n"
                  "sys/bus/pci/slots/PCIE4/address: 0000:01:00\nsys/bus/pci/slots/5/address: 0000:09:00\n"
                  "sys/bus/pci/slots/6/address: none\n"
                  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/subsystem_vendor: 0x1043\n"
                  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/subsystem_device: 0x87af\n"
                  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/class: 0x030000\n"
                  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/vendor: 0x10de\n"
                  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/device: 0x2204\n");
    g_autofree char *path = g_build_filename(root, "sys/bus/pci/devices/0000:01:00.0/vpd", NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        gpuvm_device *device;

        assert_true(g_file_set_contents(path, rows[i].vpd, (gssize)rows[i].size, NULL));
        device = gpuvm_sysfs_device(root, &addr);
        gpuvm_facts_add_device(facts, device);
        gpuvm_sysfs_slots(root, facts);
        if (g_strcmp0(device->serial, rows[i].serial) != 0)
            fail_msg("row %zu is %s", i, device->serial);
        assert_string_equal(device->path, "0000:00:01.0/00.0");
        assert_string_equal(device->slot, "PCIE4");
        assert_int_equal(device->subsystem, 0x104387af);
    }
    tree_remove(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fill),     cmocka_unit_test(test_bars),
                                       cmocka_unit_test(test_lent),     cmocka_unit_test(test_absent),
                                       cmocka_unit_test(test_silent),   cmocka_unit_test(test_reset_method),
                                       cmocka_unit_test(test_reserved), cmocka_unit_test(test_driver),
                                       cmocka_unit_test(test_device),   cmocka_unit_test(test_identity)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
