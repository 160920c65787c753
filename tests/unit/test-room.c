/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/room.h"

#define CARDS                                                                                                \
    "0000:01:00.0 030000 10de:2204 group=1\n0000:02:00.0 030000 10de:2204 group=2\n"                         \
    "0000:03:00.0 020000 8086:1521 group=3\n"
#define HOST CARDS "host cpus=16 memory=32768\n"
#define PAGES CARDS "host cpus=16 memory=32768\ncell 0 cpus=0-15 memory=32768 2M=6144/8192\n"

/** "MEMORY CPUS CARDS", ? of what is not known. */
static char *
left_text(const gpuvm_left *left)
{
    g_autofree char *memory = left->memory_mib == UINT64_MAX
                                  ? g_strdup("?")
                                  : g_strdup_printf("%" G_GUINT64_FORMAT, left->memory_mib);
    g_autofree char *cpus =
        left->cpus == UINT64_MAX ? g_strdup("?") : g_strdup_printf("%" G_GUINT64_FORMAT, left->cpus);

    return g_strdup_printf("%s %s %u", memory, cpus, left->cards);
}

typedef struct room_case {
    const char *name, *facts, *definition;
    const char *before, *after; /* as left_text; after: when the VM is on the host */
    const char *errors[3];      /* as expect_diags, of the room alone */
    const char *policy;
} room_case;

static const room_case cases[] = {
    {"a VM with a card", HOST, "resources: {memory_mb: 8192, cpu_cores: 4}\ndevices: {gpus: [{count: 1}]}",
     "32768 16 2", "24576 12 1"},
    {"without one", HOST, "resources: {memory_mb: 1024, cpu_cores: 1}", "32768 16 2", "31744 15 2"},
    {"a device that is no GPU", HOST,
     "resources: {memory_mb: 1024, cpu_cores: 1}\n"
     "devices: {pci_passthrough: ['03:00.0'], allowlist: ['8086:*']}",
     "32768 16 2", "31744 15 2"},
    {"others' cards, memory and CPUs are gone", HOST "domain other 0000:01:00.0 memory=8192 pins=0-3\n",
     "resources: {memory_mb: 1024, cpu_cores: 1}", "24576 12 1", "23552 11 1"},
    {"of those that run, the memory", HOST "domain other active 0000:01:00.0 memory=8192 node=0\n",
     "resources: {memory_mb: 1024, cpu_cores: 1}", "24576 16 1", "23552 15 1"},
    {"and as many CPUs, pinned or not",
     HOST "domain other active cpus=4 pins=0-1\ndomain another active cpus=2\n",
     "resources: {memory_mb: 1024, cpu_cores: 1}", "32768 10 2", "31744 9 2"},
    {"of those that are off, the CPUs that they are pinned to",
     HOST "domain other pins=0-1\ndomain another pins=1-2\n", "resources: {memory_mb: 1024, cpu_cores: 1}",
     "32768 13 2", "31744 12 2"},
    {"its own domain's CPUs come back", HOST "domain vm active cpus=12 pins=0-3\ndomain other pins=2-5\n",
     "resources: {memory_mb: 1024, cpu_cores: 12}", "32768 2 2", "31744 0 2"},
    {"its own domain's memory comes back", HOST "domain vm active 0000:01:00.0 memory=30000 node=0\n",
     "resources: {memory_mb: 8192, cpu_cores: 1}\ndevices: {pci_passthrough: ['01:00.0']}", "2768 16 1",
     "24576 15 0"},
    {"nothing is known of the host", CARDS, "resources: {memory_mb: 8192, cpu_cores: 4}", "? ? 2", "? ? 2"},
    {"the policy leaves some to the host",
     HOST,
     "resources: {memory_mb: 30000, cpu_cores: 1}",
     "24576 16 2",
     NULL,
     {"5 memory_mb is 30000 MiB, 24576 MiB of the host's are left"},
     "reserved_memory_mb: 8192"},
    {"more than there is",
     HOST,
     "resources: {memory_mb: 1024, cpu_cores: 1}",
     "0 16 2",
     NULL,
     {"5 memory_mb is 1024 MiB, 0 MiB of the host's are left"},
     "reserved_memory_mb: 40000"},
    {"too little memory",
     HOST "domain other active 0000:01:00.0 memory=30000 node=0\n",
     "resources: {memory_mb: 8192, cpu_cores: 4}",
     "2768 16 1",
     NULL,
     {"5 memory_mb is 8192 MiB, 2768 MiB of the host's are left"}},
    {"too few CPUs",
     HOST "domain other pins=0-13\n",
     "resources: {memory_mb: 1024, cpu_cores: 4}",
     "32768 2 2",
     NULL,
     {"5 cpu_cores is 4, 2 of the host's CPUs are left"}},
    {"hugepages are set aside", PAGES, "resources: {memory_mb: 8192, cpu_cores: 4, hugepages: 2M}",
     "16384 16 2", "16384 12 2"},
    {"too few are free",
     PAGES,
     "resources: {memory_mb: 14336, cpu_cores: 4, hugepages: 2M}",
     "16384 16 2",
     NULL,
     {"5 too few free hugepages of 2 MiB are left"}},
};

static void
counts(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const room_case *c = &cases[i];
        g_autoptr(plan_scene) scene = scene_new(c->facts, c->definition, c->policy, NULL);
        g_autoptr(gpuvm_room) room = gpuvm_room_new(scene->facts, &scene->policies);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *before = left_text(&room->left);

        expect_text(c->name, before, c->before);
        scene_plan(scene);
        gpuvm_room_check(room, scene->plan, scene->facts, diags);
        expect_diags(c->name, diags, GPUVM_DIAG_ERROR, c->errors);
        if (!c->after)
            continue;
        gpuvm_room_take(room, scene->plan, scene->facts);
        g_autofree char *after = left_text(&room->left);
        expect_text(c->name, after, c->after);
        gpuvm_room_undo(room, scene->facts);
        g_autofree char *again = left_text(&room->left);
        expect_text(c->name, again, c->before);
        g_autoptr(gpuvm_room) anew = gpuvm_room_new(scene->facts, &scene->policies);
        g_autofree char *facts = left_text(&anew->left);
        expect_text(c->name, facts, c->before);
    }
}

/** As many VMs as there are pages for, then none; the pages come back. */
static void
takes_pages(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new(PAGES, "resources: {memory_mb: 8192, cpu_cores: 1, hugepages: 2M}", NULL, NULL);
    g_autoptr(gpuvm_room) room = gpuvm_room_new(scene->facts, &scene->policies);
    const char *const none[] = {NULL}, *const few[] = {"5 too few free hugepages", NULL};

    scene_plan(scene);
    for (unsigned turn = 0; turn < 2; turn++) {
        g_autoptr(gpuvm_diags) first = gpuvm_diags_new(), second = gpuvm_diags_new();

        gpuvm_room_check(room, scene->plan, scene->facts, first);
        expect_diags("12 GiB are free", first, GPUVM_DIAG_ERROR, none);
        gpuvm_room_take(room, scene->plan, scene->facts);
        gpuvm_room_check(room, scene->plan, scene->facts, second);
        expect_diags("4 GiB are free", second, GPUVM_DIAG_ERROR, few);
        gpuvm_room_undo(room, scene->facts);
    }
}

/** What was kept stays; a claim that was taken the place of comes back. */
static void
undoes(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new(HOST "domain vm 0000:02:00.0\n", "devices: {pci_passthrough: ['01:00.0']}", NULL, NULL);
    g_autoptr(gpuvm_room) room = gpuvm_room_new(scene->facts, &scene->policies);
    gpuvm_pci_addr card = build_addr("0000:02:00.0");

    scene_plan(scene);
    gpuvm_room_take(room, scene->plan, scene->facts);
    assert_true(gpuvm_facts_claim(scene->facts, "vm")->active);
    gpuvm_room_undo(room, scene->facts);
    assert_false(gpuvm_facts_claim(scene->facts, "vm")->active);
    assert_true(gpuvm_pci_addr_equal(
        &g_array_index(gpuvm_facts_claim(scene->facts, "vm")->next, gpuvm_pci_addr, 0), &card));
    gpuvm_room_take(room, scene->plan, scene->facts);
    gpuvm_room_keep(room, scene->facts);
    gpuvm_room_undo(room, scene->facts);
    assert_true(gpuvm_facts_claim(scene->facts, "vm")->active);
}

static void
adds_demands(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec =
        build_spec("name: vm\nresources: {memory_mb: 2048}\n"
                   "devices: {pci_passthrough: ['01:00.0'], gpus: [{count: 2}, {class: '0200'}]}\n",
                   "vm");
    gpuvm_demand demand = {0};
    gpuvm_room room = {.left = {.cards = 3}};

    gpuvm_demand_add(&demand, spec->vm);
    gpuvm_demand_add(&demand, spec->vm);
    assert_int_equal(demand.cards, 8);
    assert_int_equal(demand.gpus, 4);
    assert_int_equal(demand.memory_mib, 4096);
    assert_true(gpuvm_room_is_short(&room, &demand));
    room.left.cards = 4;
    assert_false(gpuvm_room_is_short(&room, &demand));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(takes_pages),
        cmocka_unit_test(undoes),
        cmocka_unit_test(adds_demands),
    };

    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
