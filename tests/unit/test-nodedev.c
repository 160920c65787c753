/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "host/nodedev.h"

#define DEVICE(rest) "<device><name>pci_0000_01_00_1</name><parent>pci_0000_00_01_0</parent>" rest "</device>"
#define PCI(rest)                                                                                            \
    DEVICE("<capability type='pci'><domain>0</domain><bus>1</bus><slot>0</slot><function>1</function>" rest  \
           "</capability>")

static gpuvm_device *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    gpuvm_device *device = gpuvm_nodedev_parse(xml, &error);

    assert_null(error);
    assert_non_null(device);
    return device;
}

static void
assert_addrs(const GArray *addrs, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < addrs->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               GPUVM_PCI(&g_array_index(addrs, gpuvm_pci_addr, i)));
    assert_string_equal(text->str, expected);
}

/* a graphics card as libvirt 9.0 gives it */
static void
test_complete(void **state)
{
    g_autoptr(gpuvm_device) device =
        parse("<device>\n"
              "  <name>pci_0001_c1_1f_7</name>\n"
              "  <path>/sys/devices/pci0001:c0/0001:c0:01.0/0001:c1:1f.7</path>\n"
              "  <parent>pci_0001_c0_01_0</parent>\n"
              "  <driver>\n    <name>nvidia</name>\n  </driver>\n"
              "  <capability type='pci'>\n"
              "    <class>0x030000</class>\n"
              "    <domain>1</domain><bus>193</bus><slot>31</slot><function>7</function>\n"
              "    <product id='0x2204'>GA102 [GeForce RTX 3090]</product>\n"
              "    <vendor id='0x10de'>NVIDIA Corporation</vendor>\n"
              "    <iommuGroup number='14'>\n"
              "      <address domain='0x0001' bus='0xc1' slot='0x1f' function='0x7'/>\n"
              "      <address domain='0x0000' bus='0xff' slot='0x00' function='0x1'/>\n"
              "      <address domain='0x0001' bus='0xc0' slot='0x01' function='0x0'/>\n"
              "      <address domain='0x0001' bus='0xc1' slot='0x1f' function='0x7'/>\n"
              "    </iommuGroup>\n"
              "    <numa node='3'/>\n"
              "    <pci-express>\n"
              "      <link validity='cap' port='0' speed='16' width='16'/>\n"
              "      <link validity='sta' speed='2.5' width='8'/>\n"
              "    </pci-express>\n"
              "  </capability>\n"
              "</device>\n");

    (void)state;
    assert_string_equal(GPUVM_PCI(&device->addr), "0001:c1:1f.7");
    assert_true(device->below);
    assert_string_equal(GPUVM_PCI(&device->parent), "0001:c0:01.0");
    assert_int_equal(device->class_code, 0x030000);
    assert_int_equal(device->vendor_id, 0x10de);
    assert_int_equal(device->device_id, 0x2204);
    assert_string_equal(device->vendor, "NVIDIA Corporation");
    assert_string_equal(device->product, "GA102 [GeForce RTX 3090]");
    assert_string_equal(device->driver, "nvidia");
    assert_false(device->bridge);
    assert_int_equal(device->iommu_group, 14);
    assert_addrs(device->group_members, "0000:ff:00.1 0001:c0:01.0 0001:c1:1f.7");
    assert_int_equal(device->numa_node, 3);
    assert_false(device->virtual_function);
    assert_true(device->link_max_speed == 16 && device->link_speed == 2.5);
    assert_int_equal(device->link_max_width, 16);
    assert_int_equal(device->link_width, 8);
    assert_int_equal(device->boot_vga, GPUVM_UNKNOWN);
}

/* what is not given is unknown, not zero */
static void
test_bare(void **state)
{
    g_autoptr(gpuvm_device) device =
        parse(PCI("<numa node='-1'/><vendor id='0x1af4'/><product id='0x1041'/>"));

    (void)state;
    assert_int_equal(device->class_code, 0);
    assert_int_equal(device->vendor_id, 0x1af4);
    assert_null(device->vendor);
    assert_null(device->product);
    assert_null(device->driver);
    assert_int_equal(device->iommu_group, GPUVM_UNKNOWN);
    assert_int_equal(device->group_members->len, 0);
    assert_int_equal(device->numa_node, GPUVM_UNKNOWN);
    assert_int_equal(device->virtual_functions->len, 0);
}

static void
test_bridge(void **state)
{
    static const struct {
        const char *pci;
        bool bridge;
    } cases[] = {
        {"<class>0x060400</class>", true},
        {"<class>0x060401</class>", true},
        {"<class>0x060000</class>", false}, /* a host bridge has an endpoint's header */
        {"<class>0x060100</class>", false},
        {"<class>0x030000</class>", false},
        {"<capability type='pci-bridge'/>", true},
        {"<class>0x060980</class><capability type='pci-bridge'/>", true},
        {"<class>0x060700</class><capability type='cardbus-bridge'/>", true},
        {"<capability type='virt_functions'/>", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml =
            g_strdup_printf("<device><capability type='pci'><domain>0</domain><bus>1</bus><slot>0</slot>"
                            "<function>1</function>%s</capability></device>",
                            cases[i].pci);
        g_autoptr(gpuvm_device) device = parse(xml);

        if (device->bridge != cases[i].bridge)
            fail_msg("%s: bridge is %d", cases[i].pci, device->bridge);
    }
}

static void
test_virtual_functions(void **state)
{
    g_autoptr(gpuvm_device) physical =
        parse(PCI("<capability type='virt_functions' maxCount='8'>"
                  "<address domain='0x0000' bus='0x01' slot='0x10' function='0x2'/>"
                  "<address domain='0x0000' bus='0x01' slot='0x10' function='0x0'/></capability>"));
    g_autoptr(gpuvm_device) virtual = parse(
        PCI("<capability type='phys_function'>"
            "<address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/>"
            "</capability>"));

    (void)state;
    assert_addrs(physical->virtual_functions, "0000:01:10.0 0000:01:10.2");
    assert_false(physical->virtual_function);
    assert_true(virtual->virtual_function);
    assert_string_equal(GPUVM_PCI(&virtual->physical_function), "0000:01:00.1");
}

static void
test_others(void **state)
{
    static const char *const cases[] = {
        "<device><name>computer</name><capability type='system'/></device>",
        "<device><name>net_eth0</name><capability type='net'><capability type='pci'/></capability></device>",
        "<device/>",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_nodedev_parse(cases[i], &error));
        assert_null(error);
    }
}

static void
test_malformed(void **state)
{
    static const struct {
        const char *xml, *message;
    } cases[] = {
        {"", "node device:1: "},
        {"<device>", "node device:1: "},
        {"<device>\n<capability type='pci'/></device>", "node device:2: a PCI device without <domain>"},
        {DEVICE("<capability type='pci'><domain>0</domain><bus>256</bus></capability>"), "up to 255: '256'"},
        {DEVICE("<capability type='pci'><domain>0</domain><bus>1</bus><slot>32</slot></capability>"), "'32'"},
        {DEVICE("<capability type='pci'><domain>0</domain><bus>-1</bus></capability>"), "'-1'"},
        {DEVICE("<capability type='pci'><domain/></capability>"), "without <domain>"},
        {PCI("<class>0x1000000</class>"), "'0x1000000'"},
        {PCI("<vendor id='0x'/>"), "attribute id of <vendor>"},
        {PCI("<product id='2204h'/>"), "'2204h'"},
        {PCI("<iommuGroup/>"), "<iommuGroup> without a number"},
        {PCI("<iommuGroup number='x'/>"), "attribute number"},
        {PCI("<iommuGroup number='1'><address function='8'/></iommuGroup>"), "attribute function"},
        {PCI("<numa node='-2'/>"), "'-2'"},
        {PCI("<pci-express><link validity='cap' speed='fast'/></pci-express>"), "'fast'"},
        {PCI("<pci-express><link validity='sta' speed='nan'/></pci-express>"), "'nan'"},
        {PCI("<pci-express><link validity='sta' width='65'/></pci-express>"), "'65'"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_nodedev_parse(cases[i].xml, &error));
        if (!error || !strstr(error->message, cases[i].message))
            fail_msg("%s: %s", cases[i].xml, error ? error->message : "no error");
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete), cmocka_unit_test(test_bare),
        cmocka_unit_test(test_bridge),   cmocka_unit_test(test_virtual_functions),
        cmocka_unit_test(test_others),   cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
