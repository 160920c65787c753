/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/group.h"

#define ANYTHING "allowlist: ['*:*']"
#define GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n"
#define BRIDGE "0000:00:01.0 060400 8086:1901 group=14 driver=pcieport bridge\n"
#define NIC "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"
#define DISK "0000:03:00.0 010802 144d:a808 group=14 driver=nvme\n"

#define PASS(address) "devices: {pci_passthrough: ['" address "']}\n"
#define PASS_WITH(address, more) "devices: {pci_passthrough: ['" address "'], " more "}\n"

#define CARD "0000:01:00.0 requested 1.0+, 0000:01:00.1 same-card 1.1"
#define REMEDIES " :: iommu_group: include :: iommu_group: detach"

static void
one_function_means_the_card(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"by a function", GPU AUDIO, PASS("01:00.0"), .functions = CARD},
        {"by the card", GPU AUDIO, PASS("01:00"),
         .functions = "0000:01:00.0 requested 1.0+, 0000:01:00.1 requested 1.1"},
        {"by each function", GPU AUDIO, "devices: {pci_passthrough: ['01:00.1', '01:00.0']}",
         .functions = "0000:01:00.0 requested 1.0+, 0000:01:00.1 requested 1.1"},
        {"functions in other groups", GPU "0000:01:00.1 040300 10de:1aef group=15 driver=snd_hda_intel\n",
         PASS("01:00.0"), .functions = CARD},
        {"other slots and domains are other cards",
         GPU "0000:01:01.0 030000 10de:2204 group=15\n0001:01:00.1 030000 10de:2204 group=16\n",
         PASS("01:00.0"), .functions = "0000:01:00.0 requested 1.0"},
        {"only what is requested", GPU "0000:01:00.1 040300 10de:1aef group=14\n",
         PASS_WITH("01:00.0", "functions: requested"), .functions = "0000:01:00.0 requested 1.0"},
        {"what is left over stands in the way", GPU AUDIO, PASS_WITH("01:00.0", "functions: requested"),
         .functions = "0000:01:00.0 requested 1.0",
         .errors =
             {"5 IOMMU group 14 of device 0000:01:00.0 is not viable: it also holds 1 device in use by the host"
              " :: 0000:01:00.1 Audio device (10de:1aef), Audio device, driver snd_hda_intel"}},
        {"requested: the whole card", GPU AUDIO, PASS_WITH("01:00", "functions: requested"),
         .functions = "0000:01:00.0 requested 1.0+, 0000:01:00.1 requested 1.1"},
        {"not there", GPU, PASS("01:00.3"), .functions = "",
         .errors = {"5 PCI device not found: 0000:01:00.3 :: gpuvm devices"}},
        {"no such card", GPU, PASS("02:00"), .functions = "",
         .errors = {"5 PCI device not found: 0000:02:00"}},
        {"one there, one not", GPU, "devices: {pci_passthrough: ['05:00.0', '01:00.0']}",
         .functions = "0000:01:00.0 requested 1.0", .errors = {"5 PCI device not found: 0000:05:00.0"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

#define PF "0000:01:00.0 030000 10de:2230 group=14 driver=nvidia\n"
#define VF1 "0000:01:00.4 030000 10de:2231 group=15 vf=0000:01:00.0\n"
#define VF2 "0000:01:00.5 030000 10de:2231 group=16 driver=nvidia vf=0000:01:00.0\n"
#define GO_AWAY "device 0000:01:00.0 has 2 virtual functions, which go away when it is passed"

#define RESERVED "5 the kernel does not pass IOMMU group 14 of device 0000:01:00.0: :: RMRR :: another slot"

static void
a_reserved_group_is_not_passed(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"said once",
         "0000:01:00.0 030000 10de:2204 group=14 reserved\n0000:01:00.1 040300 10de:1aef group=14 reserved\n",
         PASS("01:00.0"), .errors = {RESERVED}},
        {"whatever else is in it", "0000:01:00.0 030000 10de:2204 group=14 reserved\n" NIC,
         PASS_WITH("01:00.0", "iommu_group: detach"), ANYTHING, .errors = {RESERVED}},
        {"another one is", GPU "0000:02:00.0 030000 10de:2204 group=15 reserved\n", PASS("01:00.0")},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
virtual_functions_stand_alone(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"one", PF VF1 VF2, PASS("01:00.4"), .functions = "0000:01:00.4 requested 1.0"},
        {"two are two cards", PF VF1 VF2, "devices: {pci_passthrough: ['01:00.5', '01:00.4']}",
         .functions = "0000:01:00.4 requested 1.0, 0000:01:00.5 requested 2.0"},
        {"of a slot of their own", PF "0000:01:02.3 030000 10de:2231 group=15 vf=0000:01:00.0\n",
         PASS("01:02.3"), .functions = "0000:01:02.3 requested 1.0"},
        {"the physical function takes none along", PF VF1 VF2, PASS("01:00.0"),
         .functions = "0000:01:00.0 requested 1.0", .warnings = {GO_AWAY}},
        {"nor does the card", PF VF1 VF2, PASS("01:00"), .functions = "0000:01:00.0 requested 1.0",
         .warnings = {GO_AWAY}},
        {"not along with its physical function", PF VF1, "devices: {pci_passthrough: ['01:00.0', '01:00.4']}",
         .errors =
             {"5 device 0000:01:00.4 is a virtual function of 0000:01:00.0, and goes away when that is passed"},
         .warnings = {"device 0000:01:00.0 has 1 virtual functions"}},
        {"nor with another function of that card", PF "0000:01:00.1 040300 10de:1aef group=14\n" VF1,
         "devices: {pci_passthrough: ['01:00.1', '01:00.4']}",
         .errors = {"5 device 0000:01:00.4 is a virtual function of 0000:01:00.0"},
         .warnings = {"device 0000:01:00.0 has 1 virtual functions"}},
        {"in the group of the physical function",
         PF "0000:01:00.4 030000 10de:2231 group=14 vf=0000:01:00.0\n", PASS("01:00.4"),
         .errors = {"5 IOMMU group 14 of device 0000:01:00.4 is not viable :: 0000:01:00.0"}},
        {"drawn in with the physical function", PF "0000:01:00.4 030000 10de:2231 group=14 vf=0000:01:00.0\n",
         "devices: {pci_passthrough: ['01:00.4'], iommu_group: include}",
         .errors = {"5 device 0000:01:00.4 is a virtual function of 0000:01:00.0"},
         .warnings = {"device 0000:01:00.0 has 1 virtual functions"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
groups_must_be_viable(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"a bridge stays", GPU AUDIO BRIDGE, PASS("01:00.0"), .functions = CARD},
        {"so does what has no driver", GPU "0000:02:00.0 020000 8086:1533 group=14\n", PASS("01:00.0"),
         .functions = "0000:01:00.0 requested 1.0"},
        {"or vfio-pci", GPU "0000:02:00.0 020000 8086:1533 group=14 driver=vfio-pci\n", PASS("01:00.0"),
         .functions = "0000:01:00.0 requested 1.0"},
        {"or a driver of VFIO's for the device",
         GPU "0000:02:00.0 020000 15b3:101e group=14 driver=mlx5_vfio_pci\n", PASS("01:00.0"),
         .functions = "0000:01:00.0 requested 1.0"},
        {"or pci-stub", GPU "0000:02:00.0 020000 8086:1533 group=14 driver=pci-stub\n", PASS("01:00.0"),
         .functions = "0000:01:00.0 requested 1.0"},
        {"a host bridge has a header of type 0",
         GPU "0000:00:00.0 060000 8086:1901 group=14 driver=skl_uncore\n", PASS("01:00.0"),
         .errors = {"5 is not viable :: 0000:00:00.0 Host bridge"}},
        {"a NIC stands in the way", GPU AUDIO NIC, PASS("01:00.0"), .functions = CARD,
         .errors =
             {"5 IOMMU group 14 of device 0000:01:00.0 is not viable: it also holds 1 device in use by the host"
              " :: 0000:02:00.0 Ethernet controller (8086:1533), Ethernet controller, driver igb" REMEDIES}},
        {"so does a disk", GPU NIC DISK BRIDGE, PASS("01:00.0"),
         .errors = {"5 it also holds 2 devices in use by the host :: 0000:02:00.0 :: 0000:03:00.0" REMEDIES}},
        {"each group is judged once", GPU AUDIO "0000:02:00.0 030000 10de:2204 group=14 driver=nvidia\n" DISK,
         "devices: {pci_passthrough: ['01:00.0', '02:00.0']}", .errors = {"5 it also holds 1 device"}},
        {"each group is judged",
         GPU NIC
         "0000:04:00.0 030000 10de:2204 group=15\n0000:05:00.0 020000 8086:1533 group=15 driver=igb\n",
         "devices: {pci_passthrough: ['01:00.0', '04:00.0']}",
         .errors = {"5 IOMMU group 14 of device 0000:01:00.0 is not viable :: 0000:02:00.0",
                    "5 IOMMU group 15 of device 0000:04:00.0 is not viable :: 0000:05:00.0"}},
        {"the group of another function of the card",
         GPU "0000:01:00.1 0c0330 10de:1ad8 group=15 driver=xhci_hcd\n"
             "0000:05:00.0 020000 8086:1533 group=15 driver=igb\n",
         PASS("01:00.0"),
         .errors = {"5 IOMMU group 15 of device 0000:01:00.1 is not viable :: 0000:05:00.0"}},
        {"two cards of one group together", GPU "0000:02:00.0 030000 10de:2204 group=14 driver=nvidia\n",
         "devices: {pci_passthrough: ['01:00.0', '02:00.0']}",
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 requested 2.0"},
        {"a member of which nothing is known", GPU "unknown 0000:09:00.0 group=14\n", PASS("01:00.0"),
         .errors =
             {"5 it also holds 1 device in use by the host :: 0000:09:00.0, of which the host says nothing"}},
        {"no group", "0000:01:00.0 030000 10de:2204 driver=nvidia\n", PASS("01:00.0"),
         .errors = {"5 device 0000:01:00.0 has no IOMMU group (IOMMU may not be enabled) :: intel_iommu=on"}},
        {"said once for a card", "0000:01:00.0 030000 10de:2204\n0000:01:00.1 040300 10de:1aef\n",
         PASS("01:00.0"), .errors = {"5 device 0000:01:00.0 has no IOMMU group"}},
        {"and for each card", "0000:01:00.0 030000 10de:2204\n0000:02:00.0 030000 10de:2204\n",
         "devices: {pci_passthrough: ['01:00.0', '02:00.0'], iommu_group: include}",
         .errors = {"5 device 0000:01:00.0 has no IOMMU group", "5 device 0000:02:00.0 has no IOMMU group"}},
        {"a bridge that is asked for does not hide its group", GPU BRIDGE NIC,
         "devices: {pci_passthrough: ['00:01.0', '01:00.0']}",
         .errors = {"5 IOMMU group 14 of device 0000:01:00.0 is not viable :: 0000:02:00.0",
                    "4 device 0000:00:01.0 is a PCI bridge"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
members_are_drawn_in(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"included", GPU AUDIO BRIDGE NIC, PASS_WITH("01:00.0", "iommu_group: include"), ANYTHING,
         .functions = CARD ", 0000:02:00.0 group-member 2.0"},
        {"detached", GPU AUDIO BRIDGE NIC, PASS_WITH("01:00.0", "iommu_group: detach"), ANYTHING,
         .functions = CARD ", 0000:02:00.0 detached"},
        {"detached ones come last", GPU "0000:00:02.0 030000 8086:9a49 group=14 driver=i915\n",
         PASS_WITH("01:00.0", "iommu_group: detach"),
         .functions = "0000:01:00.0 requested 1.0, 0000:00:02.0 detached"},
        {"included ones by address", GPU "0000:00:02.0 030000 8086:9a49 group=14 driver=i915\n",
         PASS_WITH("01:00.0", "iommu_group: include"),
         .functions = "0000:00:02.0 group-member 1.0, 0000:01:00.0 requested 2.0"},
        {"exempt ones stay",
         GPU BRIDGE "0000:02:00.0 020000 8086:1533 group=14 driver=vfio-pci\n"
                    "0000:03:00.0 010802 144d:a808 group=14\n",
         PASS_WITH("01:00.0", "iommu_group: include"), .functions = "0000:01:00.0 requested 1.0"},
        {"several functions of a member",
         GPU
         "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n0000:02:00.1 020000 8086:1533 group=14 driver=igb\n",
         PASS_WITH("01:00.0", "iommu_group: include"), ANYTHING,
         .functions =
             "0000:01:00.0 requested 1.0, 0000:02:00.0 group-member 2.0+, 0000:02:00.1 group-member 2.1"},
        {"not its functions in other groups", GPU NIC "0000:02:00.1 020000 8086:1533 group=15 driver=igb\n",
         PASS_WITH("01:00.0", "iommu_group: include"), ANYTHING,
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 group-member 2.0"},
        {"one of which nothing is known cannot be", GPU NIC "unknown 0000:09:00.0 group=14\n",
         PASS_WITH("01:00.0", "iommu_group: detach"), ANYTHING,
         .functions = "0000:01:00.0 requested 1.0, 0000:02:00.0 detached",
         .errors = {"5 device 0000:09:00.0 of IOMMU group 14 cannot be looked at"}},
        {"the rest of a card", GPU AUDIO, PASS_WITH("01:00.0", "functions: requested, iommu_group: detach"),
         ANYTHING, .functions = "0000:01:00.0 requested 1.0, 0000:01:00.1 detached"},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
takes_a_function_once(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = build_facts(GPU);
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    gpuvm_pci_addr addr = build_addr("0000:01:00.0");
    const gpuvm_device *device = gpuvm_facts_device(facts, &addr);
    const gpuvm_mark mark = {0};
    gpuvm_plan_function *first, *again;

    first = gpuvm_functions_add(functions, device, GPUVM_ROLE_REQUESTED, &mark, g_strdup("first"));
    again = gpuvm_functions_add(functions, device, GPUVM_ROLE_GROUP, &mark, g_strdup("again"));
    assert_ptr_equal(first, again);
    assert_int_equal(functions->len, 1);
    assert_int_equal(first->role, GPUVM_ROLE_REQUESTED);
    assert_string_equal(first->why, "first");
    assert_true(first->rom_bar);
}

static void
reasons_do_not_depend_on_order(void **state G_GNUC_UNUSED)
{
    static const char *const orders[] = {
        "devices: {pci_passthrough: ['01:00.0', '01:00.2', '03:00.0'], iommu_group: include}",
        "devices: {pci_passthrough: ['03:00.0', '01:00.2', '01:00.0'], iommu_group: include}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autoptr(plan_scene) scene = scene_new(GPU AUDIO NIC DISK "0000:01:00.2 0c0330 10de:1ad8 group=14\n",
                                                orders[i], ANYTHING, NULL);
        const gpuvm_plan_function *audio, *nic;

        scene_plan(scene);
        expect_diags(orders[i], scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        audio = scene->plan->functions->pdata[1];
        nic = scene->plan->functions->pdata[3];
        expect_text(orders[i], audio->why, "same card as 0000:01:00.0");
        expect_text(orders[i], nic->why, "in IOMMU group 14 of 0000:01:00.0");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_function_means_the_card),    cmocka_unit_test(a_reserved_group_is_not_passed),
        cmocka_unit_test(virtual_functions_stand_alone),  cmocka_unit_test(groups_must_be_viable),
        cmocka_unit_test(members_are_drawn_in),           cmocka_unit_test(takes_a_function_once),
        cmocka_unit_test(reasons_do_not_depend_on_order),
    };

    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
