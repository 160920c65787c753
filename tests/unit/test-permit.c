/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/permit.h"

#define GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n"
#define NIC "0000:02:00.0 020000 8086:1533 group=20 driver=igb\n"
#define NIC_IN_GROUP "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"
#define BRIDGE "0000:00:01.0 060400 8086:1901 group=2 driver=pcieport bridge\n"
#define BOOT_GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia boot=1\n"
#define VIRTUAL_NIC "0000:01:00.4 020000 10de:2300 group=15 vf=0000:03:00.0\n"

#define PASS(address) "devices: {pci_passthrough: ['" address "']}\n"
#define PASS_WITH(address, more) "devices: {pci_passthrough: ['" address "'], " more "}\n"

#define ONE "0000:01:00.0 requested 1.0"
#define CARD "0000:01:00.0 requested 1.0+, 0000:01:00.1 same-card 1.1"

#define NOT_GPU "4 device 0000:01:00.0 (10de:2204) not in allowlist"
#define NOT_AUDIO "4 device 0000:01:00.1 (10de:1aef) not in allowlist"
#define NOT_NIC "4 device 0000:02:00.0 (8086:1533) not in allowlist"
#define DARK "4 device 0000:01:00.0 is the host's boot display :: allow_host_display: true"

static void
policies_decide(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"built-in: display", GPU, PASS("01:00.0"), .functions = ONE},
        {"built-in: 3D controller", "0000:01:00.0 030200 10de:2330 group=1\n", PASS("01:00.0"),
         .functions = ONE},
        {"built-in: accelerator", "0000:01:00.0 120000 1002:740f group=1\n", PASS("01:00.0"),
         .functions = ONE},
        {"built-in: co-processor", "0000:01:00.0 0b4000 8086:2250 group=1\n", PASS("01:00.0"),
         .functions = ONE},
        {"built-in: another processor", "0000:01:00.0 0b3000 8086:2250 group=1\n", PASS("01:00.0"),
         .errors = {"4 device 0000:01:00.0 (8086:2250) not in allowlist"}},
        {"built-in: a NIC", NIC, PASS("02:00.0"),
         .errors = {NOT_NIC " :: its class is 020000 (Ethernet controller)"
                            " :: to allow it, add '- 8086:1533' to the allowlist of the policy"}},
        {"no policy", GPU, PASS("01:00.0"), NO_POLICY, .errors = {NOT_GPU}},
        {"empty policy", GPU, PASS("01:00.0"), "allowlist: []",
         .errors = {NOT_GPU " :: the policy allows nothing"}},
        {"by vendor", NIC, PASS("02:00.0"), "allowlist: ['8086:*']",
         .functions = "0000:02:00.0 requested 1.0"},
        {"by device", NIC, PASS("02:00.0"), "allowlist: ['8086:1533']",
         .functions = "0000:02:00.0 requested 1.0"},
        {"by another device", NIC, PASS("02:00.0"), "allowlist: ['8086:1534', '10de:*']",
         .errors = {NOT_NIC " :: the policy allows 8086:1534, 10de:*"}},
        {"everything", NIC, PASS("02:00.0"), "allowlist: ['*:*']", .functions = "0000:02:00.0 requested 1.0"},
        {"by address", NIC, PASS("02:00.0"), "allowlist: [{address: '02:00.0'}]",
         .functions = "0000:02:00.0 requested 1.0"},
        {"by card", NIC, PASS("02:00.0"), "allowlist: [{address: '02:00'}]",
         .functions = "0000:02:00.0 requested 1.0"},
        {"at another address", NIC, PASS("02:00.0"), "allowlist: [{id: '8086:*', address: '02:00.1'}]",
         .errors = {NOT_NIC " :: 8086:* at 0000:02:00.1"}},
        {"each part of a rule must match", NIC, PASS("02:00.0"), "allowlist: [{id: '8086:*', class: '03'}]",
         .errors = {NOT_NIC " :: 8086:* of class 03"}},
        {"each part of a rule matches", NIC, PASS("02:00.0"), "allowlist: [{id: '8086:*', class: '0200'}]",
         .functions = "0000:02:00.0 requested 1.0"},
        {"the denylist beats the allowlist", GPU, PASS("01:00.0"),
         "{allowlist: ['*:*'], denylist: ['10de:*']}",
         .errors = {NOT_GPU " :: the denylist of the policy has it: 10de:*"}},
        {"a denylist allows nothing", NIC, PASS("02:00.0"), "{denylist: ['10de:*']}", .errors = {NOT_NIC}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
lists_only_narrow(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"both policies allow", GPU, PASS("01:00.0"), "allowlist: ['10de:*']", "allowlist: ['10de:2204']",
         .functions = ONE},
        {"the second refuses", GPU, PASS("01:00.0"), "allowlist: ['10de:*']", "allowlist: ['1002:*']",
         .errors = {NOT_GPU " :: the second policy allows 1002:*"}},
        {"the first refuses", GPU, PASS("01:00.0"), "allowlist: ['1002:*']", "allowlist: ['*:*']",
         .errors = {NOT_GPU " :: the policy allows 1002:*"}},
        {"the second denies", GPU, PASS("01:00.0"), "allowlist: ['*:*']",
         "{allowlist: ['*:*'], denylist: ['10de:2204']}",
         .errors = {NOT_GPU " :: the denylist of the second policy has it: 10de:2204"}},
        {"the VM allows it too", GPU, PASS_WITH("01:00.0", "allowlist: ['10de:*']"), .functions = ONE},
        {"the VM has an empty list", GPU, PASS_WITH("01:00.0", "allowlist: []"), .functions = ONE},
        {"the VM's list has it not", GPU, PASS_WITH("01:00.0", "allowlist: ['1002:*']"),
         .errors = {NOT_GPU " :: devices.allowlist of the VM has 1002:*: add '10de:2204' or '10de:*'"}},
        {"the VM cannot allow", NIC, PASS_WITH("02:00.0", "allowlist: ['8086:1533']"), .errors = {NOT_NIC}},
        {"no list but the VM's", GPU, PASS_WITH("01:00.0", "allowlist: ['10de:*']"), NO_POLICY,
         .errors = {NOT_GPU}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
functions_of_an_allowed_card_ride_along(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"audio with its GPU", GPU AUDIO, PASS("01:00.0"), .functions = CARD},
        {"the GPU was not the one named", GPU AUDIO, PASS("01:00.1"),
         .functions = "0000:01:00.0 same-card 1.0+, 0000:01:00.1 requested 1.1"},
        {"the VM's list has the GPU only", GPU AUDIO, PASS_WITH("01:00.0", "allowlist: ['10de:2204']"),
         .functions = CARD},
        {"no one function passes all the lists", GPU AUDIO, PASS("01:00.0"), "allowlist: ['10de:2204']",
         "allowlist: ['10de:1aef']", .errors = {NOT_GPU}},
        {"a refused card is refused once", GPU AUDIO, PASS("01:00"), "allowlist: ['8086:*']",
         .errors = {NOT_GPU}},
        {"what is denied does not ride", GPU AUDIO, PASS("01:00.0"),
         "{allowlist: ['10de:2204'], denylist: ['10de:1aef']}",
         .errors = {NOT_AUDIO " :: the denylist of the policy has it: 10de:1aef"}},
        {"denied and not allowed are both said", GPU AUDIO, PASS("01:00.0"),
         "{allowlist: ['8086:*'], denylist: ['10de:1aef']}", .errors = {NOT_GPU, NOT_AUDIO}},
        {"another card does not ride", GPU NIC, "devices: {pci_passthrough: ['01:00.0', '02:00.0']}",
         .errors = {NOT_NIC}},
        {"a member of the group does not ride", GPU NIC_IN_GROUP,
         PASS_WITH("01:00.0", "iommu_group: include"),
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 group-member 2.0", .errors = {NOT_NIC}},
        {"nor is it detached", GPU NIC_IN_GROUP, PASS_WITH("01:00.0", "iommu_group: detach"),
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 detached", .errors = {NOT_NIC}},
        {"unless it is allowed by itself", GPU NIC_IN_GROUP, PASS_WITH("01:00.0", "iommu_group: include"),
         "allowlist: ['10de:*', '8086:1533']",
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 group-member 2.0"},
        {"by all the lists", GPU NIC_IN_GROUP,
         PASS_WITH("01:00.0", "iommu_group: detach, allowlist: ['10de:*']"), "allowlist: ['*:*']",
         .errors = {NOT_NIC " :: devices.allowlist of the VM"}},
        {"a virtual function does not ride", GPU VIRTUAL_NIC,
         "devices: {pci_passthrough: ['01:00.0', '01:00.4']}",
         .errors = {"4 device 0000:01:00.4 (10de:2300) not in allowlist"}},
        {"nor does another function with it", GPU VIRTUAL_NIC,
         "devices: {pci_passthrough: ['01:00.0', '01:00.4']}", "allowlist: [{class: '02'}]",
         .errors = {NOT_GPU}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
bridges_and_the_boot_display_stay(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"a bridge", BRIDGE, PASS("00:01.0"), "allowlist: ['*:*']",
         .errors = {"4 device 0000:00:01.0 is a PCI bridge, which is never passed"}},
        {"a bridge on a card", GPU "0000:01:00.1 060400 10de:1000 group=14 bridge\n", PASS("01:00.0"),
         "allowlist: ['*:*']", .errors = {"4 device 0000:01:00.1 is a PCI bridge"}},
        {"the boot display", BOOT_GPU, PASS("01:00.0"), .errors = {DARK}},
        {"not the boot display", "0000:01:00.0 030000 10de:2204 group=14 boot=0\n", PASS("01:00.0"),
         .functions = ONE},
        {"allowed", BOOT_GPU, PASS("01:00.0"), "{allowlist: ['10de:*'], allow_host_display: true}",
         .functions = ONE, .notes = {"shows as its ROM"}},
        {"allowed by one policy only", BOOT_GPU, PASS("01:00.0"),
         "{allowlist: ['10de:*'], allow_host_display: true}", "allowlist: ['10de:*']", .errors = {DARK}},
        {"allowed, but not in the allowlist", BOOT_GPU, PASS("01:00.0"),
         "{allowlist: ['8086:*'], allow_host_display: true}", .errors = {NOT_GPU}},
        {"neither", BOOT_GPU, PASS("01:00.0"), "allowlist: ['8086:*']", .errors = {NOT_GPU, DARK}},
        {"drawn in by its group", BOOT_GPU "0000:02:00.0 030000 10de:2204 group=14\n",
         PASS_WITH("02:00.0", "iommu_group: include"), .errors = {DARK}},
        {"detached with its group", BOOT_GPU "0000:02:00.0 030000 10de:2204 group=14\n",
         PASS_WITH("02:00.0", "iommu_group: detach"), .errors = {DARK}},
        {"on the same card", GPU "0000:01:00.1 030000 10de:2205 group=14 boot=1\n", PASS("01:00.0"),
         .errors = {"4 device 0000:01:00.1 is the host's boot display"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
rules_match_and_say_what(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *rule, *device, *text;
        bool match;
    } cases[] = {
        {"'10de:*'", GPU, "10de:*", true},
        {"10DE:2204", GPU, "10de:2204", true},
        {"10de:2205", GPU, "10de:2205", false},
        {"'*:*'", NIC, "*:*", true},
        {"{class: '03'}", GPU, "class 03", true},
        {"{class: '0302'}", GPU, "class 0302", false},
        {"{class: '030000'}", GPU, "class 030000", true},
        {"{class: '0B40'}", "0000:01:00.0 0b4000 8086:2250 group=1\n", "class 0b40", true},
        {"{address: '01:00.0'}", GPU, "at 0000:01:00.0", true},
        {"{address: '01:00.1'}", GPU, "at 0000:01:00.1", false},
        {"{address: '01:00'}", AUDIO, "at 0000:01:00", true},
        {"{address: '0001:01:00'}", AUDIO, "at 0001:01:00", false},
        {"{id: '10de:*', class: '0300', address: '01:00'}", GPU, "10de:* of class 0300 at 0000:01:00", true},
        {"{id: '10de:*', class: '0300', address: '01:00'}", AUDIO, "10de:* of class 0300 at 0000:01:00",
         false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf("allowlist: [%s]", cases[i].rule), *text = NULL;
        g_autoptr(gpuvm_spec) policy = build_spec(yaml, "policy");
        g_autoptr(gpuvm_facts) facts = build_facts(cases[i].device);
        g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
        const gpuvm_rule *rule = policy->policy->allowlist->pdata[0];

        text = gpuvm_rule_describe(rule);
        expect_text(cases[i].rule, text, cases[i].text);
        if (gpuvm_rule_match(rule, devices->pdata[0]) != cases[i].match)
            fail_msg("%s on %s", cases[i].rule, cases[i].device);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_decide),
        cmocka_unit_test(lists_only_narrow),
        cmocka_unit_test(functions_of_an_allowed_card_ride_along),
        cmocka_unit_test(bridges_and_the_boot_display_stay),
        cmocka_unit_test(rules_match_and_say_what),
    };

    return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
