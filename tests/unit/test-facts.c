/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/facts.h"

static gpuvm_pci_addr
at(const char *text)
{
    gpuvm_pci_addr addr;

    assert_true(gpuvm_pci_addr_parse(text, &addr, NULL, NULL));
    return addr;
}

static gpuvm_device *
add(gpuvm_facts *facts, const char *text)
{
    gpuvm_pci_addr addr = at(text);
    gpuvm_device *device = gpuvm_device_new(&addr);

    gpuvm_facts_add_device(facts, device);
    return device;
}

/** The addresses of @devices, which is freed, in one line. */
static char *
addresses(GPtrArray *devices)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", GPUVM_PCI(&device->addr));
    }
    g_ptr_array_unref(devices);
    return g_strdup(text->str);
}

static void
finds_devices(void **state G_GNUC_UNUSED)
{
    static const char *const shuffled[] = {"0001:01:00.0", "0000:02:00.0", "0000:01:00.7",
                                           "0000:01:00.1", "0000:01:00.0", "0000:01:01.0"};
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autofree char *all = NULL, *slot = NULL, *none = NULL;
    gpuvm_pci_addr card = at("0000:01:00.1"), absent = at("0000:03:00.0");

    for (size_t i = 0; i < G_N_ELEMENTS(shuffled); i++)
        add(facts, shuffled[i]);
    all = addresses(gpuvm_facts_devices(facts));
    assert_string_equal(all, "0000:01:00.0 0000:01:00.1 0000:01:00.7 0000:01:01.0 0000:02:00.0 0001:01:00.0");
    slot = addresses(gpuvm_facts_slot(facts, &card));
    assert_string_equal(slot, "0000:01:00.0 0000:01:00.1 0000:01:00.7");
    none = addresses(gpuvm_facts_slot(facts, &absent));
    assert_string_equal(none, "");
    assert_true(gpuvm_pci_addr_equal(&gpuvm_facts_device(facts, &card)->addr, &card));
    assert_null(gpuvm_facts_device(facts, &absent));
}

static void
replaces_a_device(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    gpuvm_pci_addr addr = at("0000:01:00.0");
    const gpuvm_device *device;

    add(facts, "0000:01:00.0")->driver = g_strdup("nvidia");
    add(facts, "0000:01:00.0")->driver = g_strdup("vfio-pci");
    device = gpuvm_facts_device(facts, &addr);
    assert_string_equal(device->driver, "vfio-pci");
    assert_int_equal(g_hash_table_size(facts->devices), 1);
}

static void
knows_nothing_of_a_new_device(void **state G_GNUC_UNUSED)
{
    gpuvm_pci_addr addr = at("0000:01:00.0");
    g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);

    assert_int_equal(device->iommu_group, GPUVM_UNKNOWN);
    assert_int_equal(device->numa_node, GPUVM_UNKNOWN);
    assert_int_equal(device->boot_vga, GPUVM_UNKNOWN);
    assert_int_equal(device->group_members->len, 0);
    assert_int_equal(device->virtual_functions->len, 0);
}

static void
describes_devices(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *vendor, *product, *text;
    } cases[] = {
        {"NVIDIA Corporation", "GA102 [GeForce RTX 3090]",
         "NVIDIA Corporation GA102 [GeForce RTX 3090] (10de:2204)"},
        {"NVIDIA Corporation", NULL, "NVIDIA Corporation VGA compatible controller (10de:2204)"},
        {NULL, NULL, "VGA compatible controller (10de:2204)"},
    };
    gpuvm_pci_addr addr = at("0000:01:00.0");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);
        g_autofree char *text = NULL;

        device->vendor = g_strdup(cases[i].vendor);
        device->product = g_strdup(cases[i].product);
        device->class_code = 0x030000;
        device->vendor_id = 0x10de;
        device->device_id = 0x2204;
        text = gpuvm_device_describe(device);
        assert_string_equal(text, cases[i].text);
    }
}

static void
names_devices(void **state G_GNUC_UNUSED)
{
    static const struct {
        uint32_t class_code;
        const char *product, *name;
    } cases[] = {
        {0x030200, "GH100 [H100 SXM5 80GB]", "H100 SXM5 80GB"},
        {0x030000, "Navi 21 [Radeon RX 6800] [rev 2]", "Radeon RX 6800"},
        {0x030000, "ASPEED Graphics Family", "ASPEED Graphics Family"},
        {0x030000, "cut [off", "cut [off"},
        {0x010601, "SATA Controller [AHCI mode]", "SATA Controller [AHCI mode]"},
        {0x030000, NULL, "VGA compatible controller"},
    };
    gpuvm_pci_addr addr = at("0000:01:00.0");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_device) device = gpuvm_device_new(&addr);
        g_autofree char *name = NULL;

        device->product = g_strdup(cases[i].product);
        device->class_code = cases[i].class_code;
        name = gpuvm_device_name(device);
        assert_string_equal(name, cases[i].name);
    }
}

static gpuvm_claim *
make_claim(const char *domain, const char *now, const char *next)
{
    gpuvm_claim *claim = gpuvm_claim_new(domain, "e1e4ee3c-8cc5-4b4c-9a8a-3bd9cb5bd2f0");

    claim->active = now != NULL;
    if (now)
        g_array_append_vals(claim->now, (gpuvm_pci_addr[]){at(now)}, 1);
    if (next)
        g_array_append_vals(claim->next, (gpuvm_pci_addr[]){at(next)}, 1);
    return claim;
}

/** Who claims @address, as "b d a ". */
static void
assert_claims(const gpuvm_facts *facts, const char *address, const char *except, const char *expected)
{
    gpuvm_pci_addr addr = at(address);
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, &addr, except);
    g_autoptr(GString) domains = g_string_new(NULL);

    for (guint k = 0; k < claims->len; k++)
        g_string_append_printf(domains, "%s ", ((const gpuvm_claim *)claims->pdata[k])->domain);
    assert_string_equal(domains->str, expected);
}

static void
lists_active_claims_first(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *address, *except, *domains;
    } cases[] = {
        {"0000:01:00.0", NULL, "b d a c "},
        {"0000:01:00.0", "d", "b a c "},
        {"0000:01:00.0", "other", "b d a c "},
        {"0000:02:00.0", NULL, "e "},
        {"0000:02:00.0", "e", ""},
        {"0000:03:00.0", NULL, ""},
    };
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

    gpuvm_facts_add_claim(facts, make_claim("e", "0000:02:00.0", NULL));
    gpuvm_facts_add_claim(facts, make_claim("c", NULL, "0000:01:00.0"));
    gpuvm_facts_add_claim(facts, make_claim("b", "0000:01:00.0", "0000:01:00.0"));
    gpuvm_facts_add_claim(facts, make_claim("d", "0000:04:00.0", "0000:01:00.0"));
    gpuvm_facts_add_claim(facts, make_claim("a", NULL, "0000:01:00.0"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_claims(facts, cases[i].address, cases[i].except, cases[i].domains);
}

static void
replaces_a_claim(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    gpuvm_claim *taken;

    for (const char *name = "cabd"; *name; name++)
        gpuvm_facts_add_claim(facts, make_claim((char[]){*name, 0}, NULL, "0000:01:00.0"));
    gpuvm_facts_add_claim(facts, make_claim("b", "0000:01:00.0", "0000:02:00.0"));
    gpuvm_facts_add_claim(facts, make_claim("d", NULL, NULL)); /* none any more */
    assert_claims(facts, "0000:01:00.0", NULL, "b a c ");
    assert_claims(facts, "0000:02:00.0", NULL, "b ");
    assert_int_equal(facts->claims->len, 3);
    assert_string_equal(((const gpuvm_claim *)facts->claims->pdata[2])->domain, "c");
    assert_null(gpuvm_facts_claim(facts, "d"));
    assert_ptr_equal(gpuvm_facts_claim(facts, "b"), facts->claims->pdata[1]);

    taken = gpuvm_facts_take_claim(facts, "b");
    assert_null(gpuvm_facts_take_claim(facts, "b"));
    assert_claims(facts, "0000:01:00.0", NULL, "a c ");
    assert_claims(facts, "0000:02:00.0", NULL, "");
    g_array_append_vals(taken->next, (gpuvm_pci_addr[]){at("0000:03:00.0")}, 1);
    gpuvm_facts_add_claim(facts, taken);
    assert_claims(facts, "0000:03:00.0", NULL, "b ");
    assert_true(gpuvm_claim_has(taken, (gpuvm_pci_addr[]){at("0000:01:00.0")}));
    assert_false(gpuvm_claim_has(taken, (gpuvm_pci_addr[]){at("0000:03:00.0")}));
}

static void
tells_who_waits_for_its_next_start(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *now, *next;
        bool active, waits;
    } cases[] = {
        {NULL, NULL, true, false},
        {NULL, "0000:01:00.0", false, false},
        {"0000:01:00.0", "0000:01:00.0", true, false},
        {"0000:01:00.0", "0000:02:00.0", true, true},
        {"0000:01:00.0", NULL, true, true},
        {NULL, "0000:01:00.0", true, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_claim) claim = make_claim("a", cases[i].now, cases[i].next);

        claim->active = cases[i].active;
        assert_int_equal(gpuvm_claim_waits(claim), cases[i].waits);
    }
}

static void
finds_cells(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

    g_ptr_array_add(facts->cells, gpuvm_cell_new(0));
    g_ptr_array_add(facts->cells, gpuvm_cell_new(8));
    assert_int_equal(gpuvm_facts_cell(facts, 8)->id, 8);
    assert_null(gpuvm_facts_cell(facts, 1));
    assert_null(gpuvm_facts_cell(facts, GPUVM_UNKNOWN));
}

static void
forgets_a_domain(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    const gpuvm_pci_addr addr = {.bus = 1};

    for (char name[] = "a"; name[0] <= 'b'; name[0]++) {
        gpuvm_claim *claim = gpuvm_claim_new(name, NULL);

        g_array_append_val(claim->next, addr);
        g_ptr_array_add(claim->writes, g_strdup_printf("/%s.raw", name));
        g_ptr_array_add(claim->shares, g_strdup_printf("/%s.iso", name));
        gpuvm_facts_add_claim(facts, claim);
    }
    gpuvm_facts_forget_domain(facts, "a");
    gpuvm_facts_forget_domain(facts, "nobody");
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, &addr, NULL);
    assert_int_equal(claims->len, 1);
    assert_null(gpuvm_facts_claim(facts, "a"));
    assert_null(gpuvm_facts_writer(facts, "/a.raw", NULL));
    assert_true(gpuvm_facts_runs_with(facts, "/a.raw"));
    assert_true(gpuvm_facts_runs_with(facts, "/a.iso"));
    assert_non_null(gpuvm_facts_writer(facts, "/b.raw", NULL));
    assert_true(gpuvm_facts_runs_with(facts, "/b.iso"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_devices),
        cmocka_unit_test(replaces_a_device),
        cmocka_unit_test(knows_nothing_of_a_new_device),
        cmocka_unit_test(describes_devices),
        cmocka_unit_test(names_devices),
        cmocka_unit_test(lists_active_claims_first),
        cmocka_unit_test(replaces_a_claim),
        cmocka_unit_test(tells_who_waits_for_its_next_start),
        cmocka_unit_test(finds_cells),
        cmocka_unit_test(forgets_a_domain),
    };

    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
