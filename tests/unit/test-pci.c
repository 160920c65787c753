/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/pci.h"

static void
reads_addresses(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"0000:01:00.0", "0000:01:00.0"},
        {"01:00.0", "0000:01:00.0"},
        {"01:00", "0000:01:00"},
        {"0000:01:00", "0000:01:00"},
        {"0:01:00.0", "0000:01:00.0"},
        {"pci_0000_01_00_0", "0000:01:00.0"},
        {"PCI_000A_C1_1F_7", "000a:c1:1f.7"},
        {"0000:C1:0A.7", "0000:c1:0a.7"},
        {"10000:e1:00.0", "10000:e1:00.0"},
        {"FFFFFFFF:FF:1F.7", "ffffffff:ff:1f.7"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_pci_ref ref;
        g_autofree char *canonical = NULL;

        assert_true(gpuvm_pci_ref_parse(cases[i].text, &ref, NULL, NULL));
        canonical = gpuvm_pci_ref_format(&ref);
        assert_string_equal(canonical, cases[i].canonical);
        assert_int_equal(ref.whole_card, strchr(cases[i].canonical, '.') == NULL);
    }
}

static void
refuses_addresses(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"0000:01:20.0", "the slot is at most 1f"},
        {"01:20", "the slot is at most 1f"},
        {"01:00.8", "the function is at most 7"},
        {"01:00.f", "the function is at most 7"},
        {"pci_0000_01_00_8", "the function is at most 7"},
        {"gpu0", "write it as"},
        {"", "write it as"},
        {"1:00.0", "write it as"},
        {"01:0.0", "write it as"},
        {"01:00.", "write it as"},
        {"01:00.10", "write it as"},
        {"01:00.0 ", "write it as"},
        {" 01:00.0", "write it as"},
        {":01:00.0", "write it as"},
        {"0000:01:00:0", "write it as"},
        {"0000:0000:01:00.0", "write it as"},
        {"123456789:01:00.0", "write it as"},
        {"0000.01.00.0", "write it as"},
        {"pci_0000_01_00", "write it as"},
        {"pci_0000:01:00.0", "write it as"},
        {"0000_01_00_0", "write it as"},
        {"g1:00.0", "write it as"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL, *hint = NULL;
        g_autofree char *message = g_strdup_printf("invalid PCI address: %s", cases[i].text);
        gpuvm_pci_ref ref = {.addr = {.domain = 42}};

        assert_false(gpuvm_pci_ref_parse(cases[i].text, &ref, &why, &hint));
        assert_string_equal(why, message);
        assert_true(g_str_has_prefix(hint, cases[i].hint));
        assert_int_equal(ref.addr.domain, 42);
        assert_false(gpuvm_pci_ref_parse(cases[i].text, &ref, NULL, NULL));
    }
}

static void
tells_functions_from_cards(void **state G_GNUC_UNUSED)
{
    g_autofree char *why = NULL, *hint = NULL, *nodedev = NULL;
    gpuvm_pci_addr addr;

    assert_false(gpuvm_pci_addr_parse("01:00", &addr, &why, &hint));
    assert_string_equal(why, "invalid PCI address: 01:00");
    assert_true(gpuvm_pci_addr_parse("3:c1:1f.7", &addr, NULL, NULL));
    nodedev = gpuvm_pci_addr_nodedev(&addr);
    assert_string_equal(nodedev, "pci_0003_c1_1f_7");
}

static void
orders_addresses(void **state G_GNUC_UNUSED)
{
    static const char *const ascending[] = {"0000:01:00.0", "0000:01:00.1", "0000:01:01.0",
                                            "0000:02:00.0", "0001:00:00.0", "ffffffff:00:00.0"};

    for (size_t i = 0; i < G_N_ELEMENTS(ascending); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(ascending); k++) {
            gpuvm_pci_addr a, b;

            assert_true(gpuvm_pci_addr_parse(ascending[i], &a, NULL, NULL));
            assert_true(gpuvm_pci_addr_parse(ascending[k], &b, NULL, NULL));
            assert_int_equal(gpuvm_pci_addr_compare(&a, &b), (i > k) - (i < k));
            assert_int_equal(gpuvm_pci_addr_equal(&a, &b), i == k);
            assert_int_equal(gpuvm_pci_addr_same_slot(&a, &b), i == k || (i < 2 && k < 2));
            if (i == k)
                assert_int_equal(gpuvm_pci_addr_hash(&a), gpuvm_pci_addr_hash(&b));
        }
    }
}

static void
reads_patterns(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *canonical;
        bool rtx3090, arc; /* whether 10de:2204 and 8086:56a0 match */
    } cases[] = {
        {"10de:*", "10de:*", true, false},
        {"10DE:2204", "10de:2204", true, false},
        {"10de:2205", "10de:2205", false, false},
        {"8086:56A0", "8086:56a0", false, true},
        {"*:*", "*:*", true, true},
        {"0000:*", "0000:*", false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *canonical = NULL;
        gpuvm_pci_pattern pattern;

        assert_true(gpuvm_pci_pattern_parse(cases[i].text, &pattern, NULL, NULL));
        canonical = gpuvm_pci_pattern_format(&pattern);
        assert_string_equal(canonical, cases[i].canonical);
        assert_int_equal(gpuvm_pci_pattern_match(&pattern, 0x10de, 0x2204), cases[i].rtx3090);
        assert_int_equal(gpuvm_pci_pattern_match(&pattern, 0x8086, 0x56a0), cases[i].arc);
    }
}

static void
refuses_patterns(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"*", "write *:* for every device, or VENDOR:* for every device of a vendor, such as 10de:*"},
        {"10de", "write 10de:* for every device of vendor 10de"},
        {"0x10de:*", "write it without 0x: 10de:*"},
        {"0X10DE:0x2204", "write it without 0x: 10DE:2204"},
        {"10de:22*", "a device is 4 hex digits or *"},
        {"10de:", "a device is 4 hex digits or *"},
        {"10de:22040", "a device is 4 hex digits or *"},
        {"10de:2204:0", "a device is 4 hex digits or *"},
        {"10de:* ", "a device is 4 hex digits or *"},
        {"10d:*", "a vendor is 4 hex digits or *"},
        {":2204", "a vendor is 4 hex digits or *"},
        {"*:2204", "a device id needs its vendor: write VENDOR:2204"},
        {"nvidia", "write VENDOR:DEVICE or VENDOR:*, such as 10de:2204 or 10de:*"},
        {"", "write VENDOR:DEVICE or VENDOR:*, such as 10de:2204 or 10de:*"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL, *hint = NULL;
        gpuvm_pci_pattern pattern = {.vendor = 42};

        assert_false(gpuvm_pci_pattern_parse(cases[i].text, &pattern, &why, &hint));
        assert_true(g_str_has_prefix(why, "invalid device pattern: "));
        assert_string_equal(hint, cases[i].hint);
        assert_int_equal(pattern.vendor, 42);
        assert_false(gpuvm_pci_pattern_parse(cases[i].text, &pattern, NULL, NULL));
    }
}

static void
knows_classes(void **state G_GNUC_UNUSED)
{
    static const struct {
        uint32_t code;
        const char *name, *prefix, *other;
    } cases[] = {
        {0x030000, "VGA compatible controller", "03", "02"}, {0x030200, "3D controller", "0302", "0300"},
        {0x120000, "Processing accelerator", "12", "1201"},  {0x0b4000, "Co-processor", "0b40", "0b41"},
        {0x040300, "Audio device", "040300", "040301"},      {0x0c0330, "USB controller", "0c0330", "0c0320"},
        {0x03ff00, "Display controller", "03ff", "0380"},    {0xff0000, "Unassigned class", "ff", "0f"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_string_equal(gpuvm_pci_class_name(cases[i].code), cases[i].name);
        assert_true(gpuvm_pci_class_match(cases[i].prefix, cases[i].code));
        assert_false(gpuvm_pci_class_match(cases[i].other, cases[i].code));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),  cmocka_unit_test(refuses_addresses),
        cmocka_unit_test(orders_addresses), cmocka_unit_test(tells_functions_from_cards),
        cmocka_unit_test(reads_patterns),   cmocka_unit_test(refuses_patterns),
        cmocka_unit_test(knows_classes),
    };

    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
