/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define BRIDGE(address, below) address " 060400 1000:c030 bridge below=" below "\n"
#define SWITCH                                                                                               \
    "0000:10:00.0 060400 8086:352a bridge\n" BRIDGE("0000:11:00.0", "0000:10:00.0")                          \
        BRIDGE("0000:12:00.0", "0000:11:00.0") BRIDGE("0000:12:01.0", "0000:11:00.0")                        \
            BRIDGE("0000:12:02.0", "0000:11:00.0")
#define BELOW(slot, port, what)                                                                              \
    "0000:" slot ":00.0 " what " group=1" slot " link=32x16/32x16 below=0000:12:" port ".0\n"
#define GPU(slot, port) BELOW(slot, port, "030200 10de:2321")
#define LONE "0000:05:00.0 030200 10de:2321 group=5 link=32x16/32x16\n"
#define NVSWITCH(slot) "0000:" slot ":00.0 068000 10de:22a3 group=2" slot "\n"
#define SXM "0000:01:00.0 030200 10de:2330 group=1\n"
#define EVERYTHING "kind: policy\nallowlist: ['*:*']\n"
#define PASS(addresses) "devices: {pci_passthrough: [" addresses "]}\n"
#define P2P "devices: {p2p: auto, gpus: [{id: '10de:*', count: 2}]}\n"

static void
numbers_cliques(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *definition, *cliques;
    } cases[] = {
        {"two below one switch", SWITCH GPU("13", "00") GPU("14", "01"), P2P, "0 0"},
        {"not asked for", SWITCH GPU("13", "00") GPU("14", "01"), "devices: {gpus: [{count: 2}]}\n", "-1 -1"},
        {"one of them is elsewhere", LONE SWITCH GPU("13", "00"), P2P, "-1 -1"},
        {"bridges that are not known", GPU("13", "00") GPU("14", "01"), P2P, "-1 -1"},
        {"another device of the vendor's", SWITCH GPU("13", "00") BELOW("14", "01", "068000 10de:22a3"),
         "devices: {p2p: auto, pci_passthrough: ['13:00.0', '14:00.0']}\n", "-1 -1"},
        {"another vendor's",
         SWITCH BELOW("13", "00", "030000 1002:73bf") BELOW("14", "01", "030000 1002:73bf"),
         "devices: {p2p: auto, gpus: [{count: 2}]}\n", "-1 -1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].host, cases[i].definition, EVERYTHING, NULL);
        g_autoptr(GString) cliques = g_string_new(NULL);

        scene_plan(scene);
        for (guint k = 0; k < scene->plan->functions->len; k++)
            g_string_append_printf(cliques, "%s%d", k > 0 ? " " : "",
                                   ((const gpuvm_plan_function *)scene->plan->functions->pdata[k])->clique);
        expect_text(cases[i].name, cliques->str, cases[i].cliques);
    }
}

static void
misses_switches(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"without them", SXM NVSWITCH("05") NVSWITCH("06"), PASS("'01:00.0'"), EVERYTHING,
         .notes =
             {"CUDA will not initialise :: 0000:01:00.0 :: 0000:05:00.0, 0000:06:00.0 :: nvidia-fabricmanager"}},
        {"without one of them", SXM NVSWITCH("05") NVSWITCH("06"), PASS("'01:00.0', '05:00.0'"), EVERYTHING,
         .notes = {"not passed: 0000:06:00.0"}},
        {"with them", SXM NVSWITCH("05"), PASS("'01:00.0', '05:00.0'"), EVERYTHING},
        {"a board without any", SXM, PASS("'01:00.0'"), EVERYTHING},
        {"a card that has none", LONE NVSWITCH("06"), PASS("'05:00.0'"), EVERYTHING},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_cliques),
        cmocka_unit_test(misses_switches),
    };

    return cmocka_run_group_tests_name("nvidia", tests, NULL, NULL);
}
