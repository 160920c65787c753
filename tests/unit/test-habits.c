/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define PASS "devices: {pci_passthrough: ['01:00.0']}\n"
#define ALONE "devices: {pci_passthrough: ['01:00.0'], functions: requested}\n"
#define GPU(more) "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia" more "\n"
#define AUDIO(more) "0000:01:00.1 040300 10de:1aef group=15 driver=none" more "\n"
#define AMD(id, more) "0000:01:00.0 030000 1002:" id " group=14 driver=amdgpu" more "\n"
#define NVIDIA(id) "0000:01:00.0 030000 10de:" id " group=14 driver=nouveau reset=bus\n"

#define NO_RESET "device 0000:01:00.0 cannot be reset :: restarted"
#define SHARED "device 0000:01:00.0 is only reset together with its bus :: functions: all"
#define VENDOR "device 0000:01:00.0 is of those AMD cards :: vendor-reset"
#define SILENT "device 0000:01:00.0 is an Instinct that was seen to answer no more :: gim"
#define SHADOW "is the host's boot display :: rom_file"
#define CODE_43 "(code 43) :: <hidden state='on'/>"
#define BOOT_ALLOWED "{allowlist: ['*:*'], allow_host_display: true}"

static void
of_resets(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"that are not known", GPU(""), PASS},
        {"of the function", GPU(" reset=flr,bus") AUDIO(" reset=flr"), ALONE},
        {"by a module", GPU(" reset=device_specific") AUDIO(" reset="), ALONE},
        {"none", GPU(" reset="), PASS, .notes = {NO_RESET}},
        {"none, on the root bus", "0000:00:02.0 040300 8086:a348 group=1 reset=\n",
         "devices: {pci_passthrough: ['00:02.0']}", "allowlist: ['*:*']",
         .notes = {"device 0000:00:02.0 cannot be reset"}},
        {"none of two on the root bus, said once",
         "0000:00:02.0 040300 8086:a348 group=1 reset=\n0000:00:02.1 040300 8086:a348 group=1 reset=\n",
         "devices: {pci_passthrough: ['00:02.0']}", "allowlist: ['*:*']",
         .notes = {"device 0000:00:02.0 cannot be reset"}},
        {"none in a file, said of each card",
         GPU(" reset=") "0000:02:00.0 030000 10de:2204 group=16 reset=\n",
         "devices: {pci_passthrough: ['01:00.0', '02:00.0']}",
         .notes = {NO_RESET, "device 0000:02:00.0 cannot be reset"}},
        {"by power state", GPU(" reset=pm"), PASS,
         .notes = {"device 0000:01:00.0 can only be reset by its power state"}},
        {"by power state or bus", GPU(" reset=pm,bus"), PASS},
        {"of the bus", GPU(" reset=bus"), PASS},
        {"of the bus, with all that is on it", GPU(" reset=") AUDIO(" reset="), PASS},
        {"of the bus, with what VFIO has",
         GPU(" reset=") "0000:01:00.1 040300 10de:1aef group=15 driver=vfio-pci reset=\n", ALONE},
        {"of the bus, with what stays", GPU(" reset=") AUDIO(" reset="), ALONE, .notes = {SHARED}},
        {"of the bus and power state, with what stays", GPU(" reset=pm,bus") AUDIO(" reset=pm,bus"), ALONE,
         .notes = {SHARED}},
        {"what is on another bus",
         GPU(" reset=bus") "0000:02:00.0 030000 10de:2204 group=16 reset=bus\n"
                           "0001:01:00.0 030000 10de:2204 group=17 reset=bus\n",
         PASS},
        {"of a virtual function",
         "0000:01:00.0 030000 8086:56c0 group=14 reset=flr\n0000:01:00.1 030000 8086:56c0 group=15 reset= vf=0000:01:00.0\n",
         "devices: {pci_passthrough: ['01:00.1']}", "allowlist: ['*:*']"},
        {"of what is refused", GPU(" reset="), PASS, "allowlist: []", .errors = {"4 not in allowlist"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
of_amd(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"Navi 10", AMD("731f", " reset=bus"), PASS, "allowlist: ['*:*']", .notes = {VENDOR}},
        {"Polaris 10", AMD("67df", " reset=pm,bus"), PASS, "allowlist: ['*:*']", .notes = {VENDOR}},
        {"with the module", AMD("731f", " reset=device_specific,bus"), PASS, "allowlist: ['*:*']"},
        {"of which that is not known", AMD("731f", ""), PASS, "allowlist: ['*:*']"},
        {"MI300X", AMD("74a1", " reset=bus"), PASS, "allowlist: ['*:*']", .notes = {SILENT}},
        {"MI355X, by FLR", AMD("75a3", " reset=flr"), PASS, "allowlist: ['*:*']", .notes = {SILENT}},
        {"MI210", AMD("740f", " reset=flr"), PASS, "allowlist: ['*:*']"},
        {"a virtual function of MI300X",
         AMD("74a1", "") "0000:02:00.0 120000 1002:74b5 group=15 reset=flr vf=0000:01:00.0\n",
         "devices: {pci_passthrough: ['02:00.0']}", "allowlist: ['*:*']"},
        {"Navi 21", AMD("73bf", " reset=bus"), PASS, "allowlist: ['*:*']"},
        {"of another vendor", "0000:01:00.0 030000 10de:731f group=14 reset=bus\n", PASS},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
of_nvidia(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"Fermi", NVIDIA("0de1"), PASS, .notes = {CODE_43}},
        {"Fermi, later", NVIDIA("1080"), PASS, .notes = {CODE_43}},
        {"Fermi, last", NVIDIA("1251"), PASS, .notes = {CODE_43}},
        {"Kepler", NVIDIA("0fc6"), PASS},
        {"Kepler, large", NVIDIA("1004"), PASS},
        {"Kepler, middle", NVIDIA("1180"), PASS},
        {"Kepler, small", NVIDIA("1288"), PASS},
        {"with a template", NVIDIA("0de1"), PASS "template: own.xml\n"},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

#define WITH_BARS(address, id, more) address " 030000 " id " group=14" more "\n"
#define NO_BAR "device 0000:01:00.0 has no address for its memory :: Above 4G Decoding"
#define FRAMEBUFFER "host framebuffer=0000:01:00.0\n"
#define IN_THE_WAY                                                                                           \
    "device 0000:01:00.0 has the host's boot framebuffer in a BAR :: initcall_blacklist=sysfb_init"

static void
of_what_the_firmware_left(void **state G_GNUC_UNUSED)
{
    static const char anything[] = "allowlist: ['*:*']";
    static const plan_case cases[] = {
        {"a large BAR", WITH_BARS("0000:01:00.0", "10de:2204", " link=16x16/16x16 bars=16M,32Gp"), PASS},
        {"none", WITH_BARS("0000:01:00.0", "10de:2204", " link=16x16/16x16 bars=16M"), PASS,
         .notes = {NO_BAR}},
        {"none of AMD's", WITH_BARS("0000:01:00.0", "1002:73bf", " link=16x16/16x16 bars=1M"), PASS, anything,
         .notes = {NO_BAR}},
        {"no BAR is known", WITH_BARS("0000:01:00.0", "10de:2204", " link=16x16/16x16"), PASS},
        {"conventional PCI", WITH_BARS("0000:01:00.0", "10de:0110", " bars=16M,128M"), PASS, anything,
         .notes = {CODE_43}},
        {"another vendor's", WITH_BARS("0000:01:00.0", "1a03:2000", " link=5x1/5x1 bars=16M"), PASS,
         anything},
        {"no framebuffer", GPU(""), PASS},
        {"a framebuffer", GPU("") FRAMEBUFFER, PASS, .notes = {IN_THE_WAY}},
        {"of another card", GPU("") "0000:02:00.0 030000 10de:2204 group=15\n" FRAMEBUFFER,
         "devices: {pci_passthrough: ['02:00.0']}"},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
of_displays(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"not the boot display", GPU(" boot=0"), PASS, BOOT_ALLOWED},
        {"a shadowed ROM", GPU(" boot=1"), PASS, BOOT_ALLOWED, .notes = {SHADOW}},
        {"its own ROM", GPU(" boot=1"),
         "devices: {pci_passthrough: [{address: '01:00.0', rom_file: gpu.rom}]}\n", BOOT_ALLOWED},
        {"no ROM", GPU(" boot=1"), "devices: {pci_passthrough: [{address: '01:00.0', rom_bar: false}]}\n",
         BOOT_ALLOWED},
        {"its audio stays", GPU(" reset=flr") "0000:01:00.1 040300 10de:1aef group=15 driver=snd_hda_intel\n",
         ALONE, .notes = {"leaves its audio function with the host :: functions: all"}},
        {"its audio goes along",
         GPU(" reset=flr") "0000:01:00.1 040300 10de:1aef group=15 driver=snd_hda_intel\n", PASS},
        {"its audio has another driver",
         GPU(" reset=flr") "0000:01:00.1 040300 10de:1aef group=15 driver=vfio-pci\n", ALONE},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_resets),   cmocka_unit_test(of_amd),
        cmocka_unit_test(of_nvidia),   cmocka_unit_test(of_what_the_firmware_left),
        cmocka_unit_test(of_displays),
    };

    return cmocka_run_group_tests_name("habits", tests, NULL, NULL);
}
