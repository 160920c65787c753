/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#define GPU                                                                                                  \
    "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia numa=0\n0000:01:00.1 040300 10de:1aef group=14 numa=0\n"
#define SECOND "0000:02:00.0 030000 10de:2204 group=15 driver=nvidia numa=1\n"
#define NIC "0000:05:00.0 020000 8086:1533 group=16 driver=igb\n"
#define PASS(address) "devices: {pci_passthrough: ['" address "']}\n"

static void
reports_everything_at_once(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"a VM without devices", GPU, "", .functions = ""},
        {"named and chosen cards", GPU SECOND, "devices: {pci_passthrough: ['02:00.0'], gpus: [{}]}",
         .functions = "0000:01:00.0 requested 1.0+, 0000:01:00.1 same-card 1.1, 0000:02:00.0 requested 2.0"},
        {"several devices are wrong", GPU NIC "0000:00:01.0 060400 8086:1901 group=2 bridge\n",
         "devices: {pci_passthrough: ['05:00.0', '09:00.0', '01:00.0', '00:01.0']}",
         .functions = "0000:00:01.0 requested 1.0, 0000:01:00.0 requested 2.0+, 0000:01:00.1 same-card 2.1, "
                      "0000:05:00.0 requested 3.0",
         .errors = {"4 device 0000:05:00.0 (8086:1533) not in allowlist",
                    "5 PCI device not found: 0000:09:00.0", "4 device 0000:00:01.0 is a PCI bridge"}},
        {"devices and resources are wrong", "host cpus=4 memory=4096\n" NIC,
         "resources: {cpu_cores: 8, memory_mb: 8192}\n" PASS("05:00.0"),
         .errors = {"4 device 0000:05:00.0", "5 cpu_cores is 8", "5 memory_mb is 8192 MiB"}},
        {"not permitted and not viable", NIC "0000:06:00.0 020000 8086:1533 group=16 driver=igb\n",
         PASS("05:00.0"),
         .errors = {"4 device 0000:05:00.0", "5 IOMMU group 16 of device 0000:05:00.0 is not viable"}},
        {"what is not supported", GPU, "network: {subnet: 10.0.0.0/24, gateway: 10.0.0.1}\n",
         .errors = {"2 subnet is not supported", "2 gateway is not supported"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
errors_have_places(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition;
        unsigned line, column;
    } cases[] = {
        {"devices:\n  pci_passthrough:\n    - '01:00.0'\n    - '05:00.0'\n", 5, 7},
        {"devices:\n  pci_passthrough:\n    - {rom_bar: no, address: '05:00.0'}\n", 4, 7},
        {"devices:\n  pci_passthrough: ['09:00']\n", 3, 21},
        {"devices:\n  gpus: [{count: 9}]\n", 3, 10},
        {"resources:\n  cpu_cores: 99\n", 3, 14},
        {"network: {auto_assign: yes}\n", 2, 11},
        {"kernel_cmdline: quiet\n", 2, 17},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("host cpus=8\n" GPU NIC, cases[i].definition, NULL, NULL);
        const gpuvm_mark *mark;

        scene_plan(scene);
        assert_int_equal(scene->diags->items->len, 1);
        mark = &((const gpuvm_diag *)scene->diags->items->pdata[0])->mark;
        if (mark->line != cases[i].line || mark->column != cases[i].column)
            fail_msg("%s is said of %u:%u", cases[i].definition, mark->line, mark->column);
    }
}

static void
fills_the_plan(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new("host type=qemu emulator=/opt/qemu\n" GPU, "disks: [a.img]\n" PASS("01:00.0"), NULL, NULL);
    const gpuvm_plan *plan;

    scene->uuid = "e1e4ee3c-8cc5-4b4c-9a8a-3bd9cb5bd2f0";
    scene->mac = "52:54:00:00:00:01";
    scene_plan(scene);
    plan = scene->plan;
    assert_ptr_equal(plan->vm, scene->vm->vm);
    assert_string_equal(plan->uuid, scene->uuid);
    assert_string_equal(plan->mac, scene->mac);
    assert_string_equal(plan->source, "vm.yaml");
    assert_string_equal(plan->directory, "/definitions");
    assert_string_equal(plan->domain_type, "qemu");
    assert_string_equal(plan->emulator, "/opt/qemu");
    assert_string_equal(plan->arch, "x86_64");
    assert_true(g_str_has_prefix(plan->digest, "sha256:"));
    assert_int_equal(plan->controllers->len, 1);
    assert_int_equal(plan->disks->len, 1);
}

static void
the_definition_says_the_mac(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene = scene_new("", "network: {mac: '52:54:00:00:00:02'}", NULL, NULL);

    scene->mac = "52:54:00:00:00:01";
    scene_plan(scene);
    assert_string_equal(scene->plan->mac, "52:54:00:00:00:02");
}

static void
options_stay_with_their_function(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *item, *rom_files; /* of each function; "off" without a BAR */
    } cases[] = {
        {"'01:00.0'", "- - "},
        {"{address: '01:00.0', rom_file: a.rom}", "a.rom - "},
        {"{address: '01:00', rom_file: a.rom}", "a.rom - "},
        {"{address: '01:00.1', rom_bar: no}", "- off "},
        {"{address: '01:00.0', rom_bar: no}, '01:00.1'", "off - "},
        {"'01:00.1', {address: '01:00.0', rom_bar: no}", "off - "},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *definition = g_strdup_printf("devices: {pci_passthrough: [%s]}", cases[i].item);
        g_autoptr(plan_scene) scene = scene_new(GPU, definition, NULL, NULL);
        g_autoptr(GString) text = g_string_new(NULL);

        scene_plan(scene);
        for (guint k = 0; k < scene->plan->functions->len; k++) {
            const gpuvm_plan_function *function = scene->plan->functions->pdata[k];
            g_string_append_printf(text, "%s ",
                                   !function->rom_bar   ? "off"
                                   : function->rom_file ? function->rom_file
                                                        : "-");
        }
        expect_text(cases[i].item, text->str, cases[i].rom_files);
    }
}

static void
the_digest_is_of_the_meaning(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition;
        bool same;
    } cases[] = {
        {"firmware: bios\ntitle: a\n", true},
        {"# a comment\ntitle: 'a'\nfirmware: \"bios\"\n", true},
        {"firmware: efi\ntitle: a\n", false},
        {"firmware: bios\n", false},
    };
    g_autofree char *digest = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);

        scene_plan(scene);
        if (!digest)
            digest = g_strdup(scene->plan->digest);
        if (g_str_equal(scene->plan->digest, digest) != cases[i].same)
            fail_msg("%s: %s", cases[i].definition, scene->plan->digest);
    }
}

/** The definition that is remembered is the same however it was written, and without its secrets. */
static void
remembers_the_definition(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *expected;
    } cases[] = {
        {"", "name: vm\n"},
        {"resources: {memory_mb: '04096', cpu_cores: \"8\"}\ntitle: 'x'\nautostart: 'yes'",
         "name: vm\ntitle: x\nresources:\n  cpu_cores: 8\n  memory_mb: 4096\nautostart: true\n"},
        {"disks: [/a.raw, {target: vdb, source: /b.raw, readonly: true}]",
         "name: vm\ndisks:\n- /a.raw\n- source: /b.raw\n  target: vdb\n  readonly: true\n"},
        {"devices: {allowlist: ['10de:*'], gpus: [], pci_passthrough: [01:00.0]}",
         "name: vm\ndevices:\n  pci_passthrough:\n  - '01:00.0'\n  gpus: []\n  allowlist:\n  - '10de:*'\n"},
        {"labels: {b: yes, a: 1}\nexpose: [80]",
         "name: vm\nlabels:\n  b: 'yes'\n  a: '1'\nexpose:\n- '80'\n"},
        {"metadata: {b: true, a: 'true', c: ~}", "name: vm\nmetadata:\n  b: true\n  a: 'true'\n  c: ~\n"},
        {"kernel: {url: 'http://me:x@h/k'}",
         "name: vm\nkernel:\n  url: (hidden) sha256:000000000000 http://h/k\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);

        scene_plan(scene);
        expect_text(cases[i].definition, scene->plan->definition, cases[i].expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_everything_at_once),
        cmocka_unit_test(errors_have_places),
        cmocka_unit_test(fills_the_plan),
        cmocka_unit_test(the_definition_says_the_mac),
        cmocka_unit_test(options_stay_with_their_function),
        cmocka_unit_test(the_digest_is_of_the_meaning),
        cmocka_unit_test(remembers_the_definition),
    };

    return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
