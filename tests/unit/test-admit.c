/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <string.h>

#include "facts-builder.h"

#define CARD "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=15\n"

static const gpuvm_occasion occasions[] = {GPUVM_PLAN, GPUVM_CHOOSE, GPUVM_SHOW, GPUVM_START, GPUVM_RELEASE};

static void
without_vfio(gpuvm_facts *facts)
{
    facts->host.vfio_node = 0;
}

static void
without_memory(gpuvm_facts *facts)
{
    facts->host.available_kib = 1;
}

static void
held(gpuvm_facts *facts)
{
    const gpuvm_pci_addr addr = build_addr("0000:01:00.0");

    gpuvm_facts_add_use(facts, &addr, GPUVM_USE_HOLDER, false, "is open as /dev/dri/card0", NULL);
}

static void
with_hidden_processes(gpuvm_facts *facts)
{
    facts->processes_hidden = true;
}

/* For each rule, a host on which it alone stands in the way of 0000:01:00.0, and a part of what it says then. */
static const struct {
    const char *rule, *facts, *says;
    const char *policy, *record;
    void (*change)(gpuvm_facts *facts);
} cases[] = {
    {"present", "", "PCI device not found: 0000:01:00.0"},
    {"whole", CARD, "device 0000:01:00.1 was removed from the domain after define",
     .record = "0000:01:00.0 10de:2204 requested\n0000:01:00.1 10de:1aef same-card"},
    {"identity", CARD, "it was 10de:2208 at define", .record = "0000:01:00.0 10de:2208 requested"},
    {"ready", CARD, "VFIO is not available", .change = without_vfio},
    {"memory", CARD, "of the host's memory are available now", .change = without_memory},
    {"card", CARD AUDIO "domain a active 0000:01:00.1\n", "0000:01:00.1"},
    {"group", CARD "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n", "is not viable"},
    {"answers", "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia silent\n",
     "0000:01:00.0 does not answer"},
    {"virtual function", CARD "0000:01:00.4 030000 10de:2204 group=16 vf=0000:01:00.0\n",
     "1 virtual functions, which go away"},
    {"permit", CARD, "not in allowlist", "allowlist: []"},
    {"protect", "0000:01:00.0 030000 10de:2204 group=14 boot=1\n", "boot display"},
    {"unseen", CARD, "some are hidden", .change = with_hidden_processes},
    {"holder", CARD, "it is open as /dev/dri/card0", "protect: []", .change = held},
    {"claim", CARD "domain a active 0000:01:00.0\n", "domain 'a'"},
};

static bool
is_said(const gpuvm_diags *diags, const char *part)
{
    for (guint i = 0; i < diags->items->len; i++) {
        if (strstr(((const gpuvm_diag *)diags->items->pdata[i])->message, part))
            return true;
    }
    return false;
}

/* Whether the case at @i says what it has to say on @occasion. */
static bool
stands_in_the_way(size_t i, gpuvm_occasion occasion)
{
    const gpuvm_pci_addr addr = build_addr("0000:01:00.0");
    g_autoptr(plan_scene) scene = scene_new(cases[i].facts, "", cases[i].policy, NULL);
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    gpuvm_admission admission = scene_admission(scene, occasion, functions);

    if (cases[i].change)
        cases[i].change(scene->facts);
    scene->record = build_record(cases[i].record ? cases[i].record : "0000:01:00.0 10de:2204 requested");
    admission.record = scene->record;
    admission.absent = absent;
    admission.pinned_kib = 2;
    gpuvm_admission_name(&admission, &addr, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    gpuvm_admit(&admission);
    return is_said(scene->diags, cases[i].says);
}

/* A rule that is broken, or left out, fails here on each of its occasions. */
static void
each_rule_on_each_of_its_occasions(void **state G_GNUC_UNUSED)
{
    for (const gpuvm_admit_rule *rule = gpuvm_admit_rules; rule->name; rule++) {
        size_t i = 0;

        while (i < G_N_ELEMENTS(cases) && !g_str_equal(cases[i].rule, rule->name))
            i++;
        if (i == G_N_ELEMENTS(cases))
            fail_msg("no case for the rule '%s'", rule->name);
        for (size_t o = 0; o < G_N_ELEMENTS(occasions); o++) {
            bool applies = rule->occasions & occasions[o];

            if (stands_in_the_way(i, occasions[o]) != applies)
                fail_msg("%s, occasion %zu: it is %ssaid that %s", rule->name, o, applies ? "not " : "",
                         cases[i].says);
        }
    }
}

static void
each_rule_has_occasions_and_a_name_of_its_own(void **state G_GNUC_UNUSED)
{
    unsigned all = 0;

    for (size_t o = 0; o < G_N_ELEMENTS(occasions); o++)
        all |= occasions[o];
    for (const gpuvm_admit_rule *rule = gpuvm_admit_rules; rule->name; rule++) {
        assert_true(rule->occasions != 0 && (rule->occasions & ~all) == 0);
        for (const gpuvm_admit_rule *other = gpuvm_admit_rules; other < rule; other++) {
            assert_string_not_equal(rule->name, other->name);
            assert_ptr_not_equal(rule->apply, other->apply);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_on_each_of_its_occasions),
        cmocka_unit_test(each_rule_has_occasions_and_a_name_of_its_own),
    };

    return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
