/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/need.h"

#define SLOT(slot) slot ".0 " slot ".1 " slot ".2 " slot ".3 " slot ".4 " slot ".5 " slot ".6 " slot ".7 "

/** Moves what @need misses to @text as "ADDRESS …", and adds those of them that the @host has to @facts. */
static char *
answer(gpuvm_need *need, gpuvm_facts *facts, const char *host)
{
    g_autoptr(gpuvm_facts) known = build_facts(host);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < need->missing->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(need->missing, gpuvm_pci_addr, i);
        gpuvm_device *device = g_hash_table_lookup(known->devices, addr);

        g_string_append_printf(text, "%s ", GPUVM_PCI(addr));
        if (device) {
            g_hash_table_steal(known->devices, addr);
            gpuvm_facts_add_device(facts, device);
        }
    }
    g_array_set_size(need->missing, 0);
    return g_strdup(text->str);
}

static void
asks_for_slots_and_groups(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *devices,
            *rounds[4]; /* what each round asks for, until one asks for nothing */
        bool every_device;
    } cases[] = {
        {"nothing", "", "{}", {""}, false},
        {"an absent device", "", "{pci_passthrough: ['01:00.0']}", {SLOT("0000:01:00"), ""}, false},
        {"another function first is no different",
         "",
         "{pci_passthrough: ['01:00.3']}",
         {SLOT("0000:01:00"), ""},
         false},
        {"a card", "", "{pci_passthrough: ['01:00']}", {SLOT("0000:01:00"), ""}, false},
        {"two functions of a card",
         "",
         "{pci_passthrough: ['01:00.0', '01:00.1']}",
         {SLOT("0000:01:00"), ""},
         false},
        {"members of its group",
         "0000:01:00.0 030000 10de:2204 group=1\n0000:00:01.0 060400 8086:1901 group=1 bridge\n"
         "0000:05:00.0 020000 8086:1533 group=1\n",
         "{pci_passthrough: ['01:00.0']}",
         {SLOT("0000:01:00"), "0000:00:01.0 0000:05:00.0 ", ""},
         false},
        {"the bridges above it, when what they share counts",
         "0000:00:01.0 060400 8086:1901 bridge\n0000:01:00.0 060400 1000:c030 bridge below=0000:00:01.0\n"
         "0000:02:00.0 060400 1000:c030 bridge below=0000:01:00.0\n"
         "0000:03:00.0 030000 10de:2204 below=0000:02:00.0\n",
         "{topology: mirror, pci_passthrough: ['03:00.0']}",
         {SLOT("0000:03:00"), "0000:02:00.0 ", "0000:01:00.0 ", ""},
         false},
        {"and not otherwise",
         "0000:02:00.0 060400 1000:c030 bridge\n0000:03:00.0 030000 10de:2204 below=0000:02:00.0\n",
         "{pci_passthrough: ['03:00.0']}",
         {SLOT("0000:03:00"), ""},
         false},
        {"NVSwitches, wherever they are",
         "0000:03:00.0 030000 10de:2330\n",
         "{pci_passthrough: ['03:00.0']}",
         {SLOT("0000:03:00"), ""},
         true},
        {"the group of another function",
         "0000:01:00.0 030000 10de:2204 group=1\n0000:01:00.1 0c0330 10de:1ad8 group=2\n"
         "0000:05:00.0 020000 8086:1533 group=2\nunknown 0000:06:00.0 group=2\n0000:07:00.0 020000 8086:1533 group=3\n",
         "{pci_passthrough: ['01:00.0']}",
         {SLOT("0000:01:00"), "0000:05:00.0 0000:06:00.0 ", ""},
         false},
        {"all, for a selector", "", "{gpus: [{}]}", {""}, true},
        {"and those named", "", "{gpus: [{}], pci_passthrough: ['01:00.0']}", {SLOT("0000:01:00"), ""}, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf("{name: vm, devices: %s}", cases[i].devices);
        g_autoptr(gpuvm_spec) vm = build_spec(yaml, "vm");
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        g_autoptr(gpuvm_need) need = gpuvm_need_new();

        for (const char *const *round = cases[i].rounds; *round; round++) {
            g_autofree char *asked = NULL;

            gpuvm_need_of_vm(need, vm->vm, facts);
            asked = answer(need, facts, cases[i].host);
            expect_text(cases[i].name, asked, *round);
        }
        if (need->every_device != cases[i].every_device)
            fail_msg("%s: every device is %d", cases[i].name, need->every_device);
    }
}

static void
asks_only_for_what_is_not_known(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts =
        build_facts("0000:01:00.0 030000 10de:2204 group=1\nunknown 0000:02:00.0 group=1\n");
    g_autoptr(gpuvm_need) need = gpuvm_need_new();
    gpuvm_pci_addr addr = build_addr("0000:01:00.1");
    g_autofree char *first = NULL, *second = NULL;

    gpuvm_need_of_function(need, &addr, facts);
    first = answer(need, facts, "");
    expect_text("first", first,
                "0000:01:00.1 0000:01:00.2 0000:01:00.3 0000:01:00.4 0000:01:00.5 0000:01:00.6 0000:01:00.7 "
                "0000:02:00.0 ");
    gpuvm_need_of_function(need, &addr, facts);
    second = answer(need, facts, "");
    expect_text("second", second, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_slots_and_groups),
        cmocka_unit_test(asks_only_for_what_is_not_known),
    };

    return cmocka_run_group_tests_name("need", tests, NULL, NULL);
}
