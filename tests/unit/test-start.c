/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define CARD "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n0000:01:00.1 040300 10de:1aef group=14\n"
#define NIC "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"
#define OTHER "0000:05:00.0 030000 10de:2204 group=15\n"
#define RECORD "0000:01:00.0 10de:2204 requested\n0000:01:00.1 10de:1aef same-card\n"
#define BOTH "0000:01:00.0 0000:01:00.1"
#define ADDED "device 0000:05:00.0 was added to the domain after define"

static const struct {
    const char *name, *facts, *record, *hostdevs, *policy, *allow;
    const char *errors[5], *notes[3];
} cases[] = {
    {"as it was", CARD, RECORD, BOTH, NULL, NULL, {NULL}, {NULL}},
    {"without devices", CARD, "", "", NULL, NULL, {NULL}, {NULL}},
    {"bound to vfio-pci already",
     "0000:01:00.0 030000 10de:2204 group=14 driver=vfio-pci\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {NULL},
     {NULL}},
    {"absent",
     "",
     RECORD,
     BOTH,
     NULL,
     NULL,
     {"5 PCI device not found: 0000:01:00.0 :: gpuvm devices", "5 PCI device not found: 0000:01:00.1"},
     {NULL}},
    {"one of two is absent",
     "0000:01:00.0 030000 10de:2204 group=14\n",
     RECORD,
     BOTH,
     NULL,
     NULL,
     {"5 PCI device not found: 0000:01:00.1"},
     {NULL}},
    {"another card in its place",
     "0000:01:00.0 030000 10de:2330 group=14\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 device 0000:01:00.0 is now 10de:2330; it was 10de:2204 at define :: gpuvm define"},
     {NULL}},
    {"another vendor's",
     "0000:01:00.0 030000 1002:2204 group=14\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 device 0000:01:00.0 is now 1002:2204; it was 10de:2204"},
     {NULL}},
    {"something else altogether",
     "0000:01:00.0 020000 8086:1533 group=14 driver=igb\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 is now 8086:1533; it was 10de:2204", "4 device 0000:01:00.0 (8086:1533) not in allowlist"},
     {NULL}},
    {"all hostdevs were removed",
     CARD,
     RECORD,
     "",
     NULL,
     NULL,
     {"5 device 0000:01:00.0 was removed from the domain after define :: gpuvm define FILE",
      "5 device 0000:01:00.1 was removed from the domain after define"},
     {NULL}},
    {"one hostdev was removed",
     CARD,
     RECORD,
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 device 0000:01:00.1 was removed from the domain after define"},
     {NULL}},
    {"a hostdev was put in another's place",
     CARD OTHER,
     RECORD,
     "0000:01:00.0 0000:05:00.0",
     NULL,
     NULL,
     {"5 device 0000:01:00.1 was removed from the domain after define"},
     {ADDED}},
    {"a hostdev was added", CARD OTHER, RECORD, BOTH " 0000:05:00.0", NULL, NULL, {NULL}, {ADDED}},
    {"one that is not permitted",
     CARD "0000:05:00.0 020000 8086:1533 group=15\n",
     RECORD,
     BOTH " 0000:05:00.0",
     NULL,
     NULL,
     {"4 device 0000:05:00.0 (8086:1533) not in allowlist"},
     {ADDED}},
    {"one of a permitted card rides along",
     CARD OTHER "0000:05:00.1 040300 10de:1aef group=15\n",
     RECORD,
     BOTH " 0000:05:00.0 0000:05:00.1",
     NULL,
     NULL,
     {NULL},
     {ADDED, "device 0000:05:00.1 was added"}},
    {"the policy was tightened",
     CARD,
     RECORD,
     BOTH,
     "allowlist: ['1002:*']",
     NULL,
     {"4 device 0000:01:00.0 (10de:2204) not in allowlist :: the policy allows 1002:*"},
     {NULL}},
    {"there is no policy any more",
     CARD,
     RECORD,
     BOTH,
     NO_POLICY,
     NULL,
     {"4 device 0000:01:00.0 (10de:2204) not in allowlist"},
     {NULL}},
    {"a function is denied now",
     CARD,
     RECORD,
     BOTH,
     "{allowlist: ['10de:*'], denylist: ['10de:1aef']}",
     NULL,
     {"4 device 0000:01:00.1 (10de:1aef) not in allowlist"},
     {NULL}},
    {"the VM's own list still counts",
     CARD OTHER,
     RECORD,
     BOTH " 0000:05:00.0",
     NULL,
     "{address: '01:00'}",
     {"4 device 0000:05:00.0 (10de:2204) not in allowlist"},
     {ADDED}},
    {"the host boots with it now",
     "0000:01:00.0 030000 10de:2204 group=14 boot=1\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"4 device 0000:01:00.0 is the host's boot display"},
     {NULL}},
    {"the IOMMU is off",
     "0000:01:00.0 030000 10de:2204\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 device 0000:01:00.0 has no IOMMU group"},
     {NULL}},
    {"a sibling has a driver now",
     CARD,
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {NULL},
     {NULL}},
    {"a sibling that is left has a driver now",
     "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n",
     "0000:01:00.0 10de:2204 requested\n",
     "0000:01:00.0",
     NULL,
     NULL,
     {"5 IOMMU group 14 of device 0000:01:00.0 is not viable :: 0000:01:00.1 Audio device"},
     {NULL}},
    {"a new member of the group",
     CARD NIC,
     RECORD,
     BOTH,
     NULL,
     NULL,
     {"5 IOMMU group 14 of device 0000:01:00.0 is not viable :: 0000:02:00.0"},
     {NULL}},
    {"a detached member is a hostdev",
     CARD NIC,
     RECORD "0000:02:00.0 8086:1533 detached\n",
     BOTH " 0000:02:00.0",
     "allowlist: ['*:*']",
     NULL,
     {NULL},
     {NULL}},
    {"and must still be permitted",
     CARD NIC,
     RECORD "0000:02:00.0 8086:1533 detached\n",
     BOTH " 0000:02:00.0",
     NULL,
     NULL,
     {"4 device 0000:02:00.0 (8086:1533) not in allowlist"},
     {NULL}},
    {"another VM runs with it",
     CARD "domain a active 0000:01:00.0 0000:01:00.1\n",
     RECORD,
     BOTH,
     NULL,
     NULL,
     {"5 device 0000:01:00.0 is in use by domain 'a', which is running"},
     {NULL}},
    {"another VM runs with its group",
     CARD "domain a active 0000:02:00.0\n0000:02:00.0 030000 10de:2204 group=14\n",
     RECORD,
     BOTH,
     NULL,
     NULL,
     {"5 device 0000:02:00.0, in IOMMU group 14 with 0000:01:00.0, is in use"},
     {NULL}},
    {"another VM names it", CARD "domain a 0000:01:00.0\n", RECORD, BOTH, NULL, NULL, {NULL}, {NULL}},
    {"it runs itself", CARD "domain vm active 0000:01:00.0\n", RECORD, BOTH, NULL, NULL, {NULL}, {NULL}},
    {"all that is wrong at once",
     "0000:05:00.0 020000 8086:1533 group=15\ndomain a active 0000:05:00.0\n",
     RECORD,
     "0000:01:00.0 0000:05:00.0",
     NULL,
     NULL,
     {"5 PCI device not found: 0000:01:00.0", "4 device 0000:05:00.0 (8086:1533) not in allowlist",
      "5 device 0000:01:00.1 was removed", "5 device 0000:05:00.0 is in use"},
     {ADDED}},
};

static void
run_case(size_t i)
{
    g_autofree char *definition =
        cases[i].allow ? g_strdup_printf("devices: {allowlist: [%s]}", cases[i].allow) : g_strdup("");
    g_autoptr(plan_scene) scene = scene_new(cases[i].facts, definition, cases[i].policy, NULL);

    scene->record = build_record(cases[i].record);
    scene_start(scene, cases[i].hostdevs, 0);
    expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, cases[i].errors);
    expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_NOTE, cases[i].notes);
}

static void
judges_what_libvirt_would_pass(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run_case(i);
}

/* Starts a VM with one card, or none, in @hostdevs, on a host of which @host is known. */
static void
start_card(const char *name, const char *hostdevs, uint64_t pinned_kib, const gpuvm_host *host,
           const char *const errors[])
{
    g_autoptr(plan_scene) scene =
        scene_new("0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n", "", NULL, NULL);

    scene->record = build_record(*hostdevs ? "0000:01:00.0 10de:2204 requested\n" : "");
    scene->facts->host = *host;
    scene_start(scene, hostdevs, pinned_kib);
    expect_diags(name, scene->diags, GPUVM_DIAG_ERROR, errors);
}

static void
takes_no_more_memory_than_is_available(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *hostdevs;
        int64_t pinned_mib, available_mib;
        const char *errors[2];
    } rows[] = {
        {"enough", "0000:01:00.0", 1024, 1024, {NULL}},
        {"too little",
         "0000:01:00.0",
         1025,
         1024,
         {"5 the VM takes 1025 MiB, and 1024 MiB of the host's memory are available now :: give the VM less"}},
        {"not known", "0000:01:00.0", 1025, GPUVM_UNKNOWN, {NULL}},
        {"reserved hugepages", "0000:01:00.0", 0, 1024, {NULL}},
        {"nothing is passed", "", 1025, 1024, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        gpuvm_host host;

        gpuvm_host_init(&host);
        if (rows[i].available_mib != GPUVM_UNKNOWN)
            host.available_kib = rows[i].available_mib * 1024;
        start_card(rows[i].name, rows[i].hostdevs, (uint64_t)rows[i].pinned_mib * 1024, &host,
                   rows[i].errors);
    }
}

static void
locks_no_more_memory_than_its_user_may(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *hostdevs;
        int64_t pinned_mib, session, memlock;
        const char *errors[2];
    } rows[] = {
        {"enough", "0000:01:00.0", 1024, 1, INT64_C(2) << 30, {NULL}},
        {"too little",
         "0000:01:00.0",
         1024,
         1,
         (INT64_C(2) << 30) - 1024,
         {"5 the VM locks 2048 MiB of memory, and this user's libvirt may lock 2047 MiB :: gpuvm check"}},
        {"the system's libvirt", "0000:01:00.0", 1024, 0, 8 << 20, {NULL}},
        {"no limit", "0000:01:00.0", 1024, 1, INT64_MAX, {NULL}},
        {"not known", "0000:01:00.0", 1024, 1, GPUVM_UNKNOWN, {NULL}},
        {"nothing is passed", "", 1024, 1, 8 << 20, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        gpuvm_host host;

        gpuvm_host_init(&host);
        host.session = rows[i].session;
        host.memlock = rows[i].memlock;
        start_card(rows[i].name, rows[i].hostdevs, (uint64_t)rows[i].pinned_mib * 1024, &host,
                   rows[i].errors);
    }
}

static void
needs_vfio_and_interrupt_remapping(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *hostdevs;
        int vfio_node, remapping, unsafe;
        const char *errors[2];
    } rows[] = {
        {"both are there", "0000:01:00.0", 1, 1, 0, {NULL}},
        {"not known", "0000:01:00.0", GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, {NULL}},
        {"no VFIO", "0000:01:00.0", 0, 1, 0, {"5 VFIO is not available :: gpuvm check"}},
        {"no remapping", "0000:01:00.0", 1, 0, 0, {"5 the host has no interrupt remapping :: gpuvm check"}},
        {"no remapping, module not loaded",
         "0000:01:00.0",
         1,
         0,
         GPUVM_UNKNOWN,
         {"5 the host has no interrupt remapping"}},
        {"no remapping, but allowed", "0000:01:00.0", 1, 0, 1, {NULL}},
        {"nothing is passed", "", 0, 0, 0, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        gpuvm_host host;

        gpuvm_host_init(&host);
        host.vfio_node = rows[i].vfio_node;
        host.interrupt_remapping = rows[i].remapping;
        host.unsafe_interrupts = rows[i].unsafe;
        start_card(rows[i].name, rows[i].hostdevs, 0, &host, rows[i].errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_vfio_and_interrupt_remapping),
        cmocka_unit_test(judges_what_libvirt_would_pass),
        cmocka_unit_test(takes_no_more_memory_than_is_available),
        cmocka_unit_test(locks_no_more_memory_than_its_user_may),
    };

    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
