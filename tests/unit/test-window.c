/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define HOST(bits) "host memory=4194304 bits=" #bits "\n"
#define CARD(slot, bars) "0000:" slot ":00.0 030200 10de:2321 group=1" slot " bars=" bars "\n"
#define NVL(slot) CARD(slot, "16M,128Gp,32Mp")
#define FOUR NVL("01") NVL("02") NVL("03") NVL("04")
#define EIGHT FOUR NVL("05") NVL("06") NVL("07") NVL("08")
#define ALL(more) "devices: {gpus: [{count: " #more "}]}\n"
#define BIOS "firmware: bios\n"
#define MEMORY(mb) "resources: {memory_mb: " #mb "}\n"

/* What opt/ovmf/X-PciMmio64Mb must say, in GiB; 0: nothing. */
static void
sizes_the_window(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *definition;
        uint64_t window_gb;
        bool bits;
        const char *error;
    } cases[] = {
        {"no cards", HOST(39), ""},
        {"small ones", HOST(39) CARD("01", "16M,256Mp,32Mp"), ALL(1)},
        {"small ones, together just", HOST(39) CARD("01", "16Gp") CARD("02", "8Gp,1Gp"), ALL(2)},
        {"a little more", HOST(39) CARD("01", "16Gp") CARD("02", "16Gp"), ALL(2), 33, true},
        {"what need not be above 4 GiB does not count", HOST(39) CARD("01", "128G"), ALL(1)},
        {"a large one", HOST(39) NVL("01"), ALL(1), 130, true},
        {"OVMF believes 41 bits, and takes an eighth", HOST(41) NVL("01"), ALL(1), 0, true},
        {"which is too little for two", HOST(41) NVL("01") NVL("02"), ALL(2), 386, true},
        {"SeaBIOS takes what it needs", HOST(39) NVL("01"), ALL(1) BIOS, 0, true},
        {"eight on a server", HOST(46) EIGHT, ALL(8), 0, true},
        {"its memory counts", HOST(41) NVL("01"), ALL(1) MEMORY(1850000), .bits = true,
         .error = "5 need 130 GiB :: the first 1809 of them :: 42 bits"},
        {"each begins at a multiple of its size", HOST(40) FOUR, ALL(4) BIOS, .bits = true,
         .error =
             "5 need 898 GiB :: 1024 GiB (40 bits) :: 0000:01:00.0 128 GiB, 0000:02:00.0 128 GiB :: 41 bits"},
        {"four at 39 bits", HOST(39) FOUR, ALL(4), .bits = true,
         .error =
             "5 need 898 GiB :: 512 GiB (39 bits) :: the first 4 of them for its memory :: pass fewer of them"},
        {"four at 41 bits", HOST(41) FOUR, ALL(4), 898, true},
        {"two just do not fit", HOST(39) NVL("01") NVL("02"), ALL(2) BIOS, .bits = true,
         .error = "5 need 386 GiB"},
        {"more than OVMF takes", HOST(46) CARD("01", "8192Gp") CARD("02", "8192Gp"), ALL(2), .bits = true,
         .error = "5 need 16385 GiB"},
        {"bits that are not known", FOUR, ALL(4)},
        {"BARs that are not known", HOST(39) "0000:01:00.0 030200 10de:2321 group=1\n", ALL(1)},
        {"emulation", "host type=qemu\n" HOST(39) FOUR, ALL(4)},
        {"another architecture", "host arch=aarch64\n" HOST(39) FOUR, ALL(4)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].host, cases[i].definition, NULL, NULL);
        const char *errors[] = {cases[i].error, NULL};

        scene_plan(scene);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, errors);
        if (scene->plan->window_mb != cases[i].window_gb * 1024 || scene->plan->address_bits != cases[i].bits)
            fail_msg("%s: a window of %" G_GUINT64_FORMAT " MiB, bits %d", cases[i].name,
                     scene->plan->window_mb, scene->plan->address_bits);
        if ((scene->plan->decisions->len > 0) != (cases[i].window_gb > 0))
            fail_msg("%s: %u decisions", cases[i].name, scene->plan->decisions->len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_the_window),
    };

    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
