/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

/* four cards on two nodes; the lower addresses are on the higher node */
#define A "0000:01:00.0 030200 10de:2330 group=11 driver=nvidia numa=1\n"
#define B "0000:02:00.0 030200 10de:2330 group=12 driver=nvidia numa=1\n"
#define C "0000:81:00.0 030200 10de:2330 group=21 driver=nvidia numa=0\n"
#define D "0000:82:00.0 030200 10de:2331 group=22 driver=nvidia numa=0\n"
#define AMD "0000:41:00.0 120000 1002:740f group=31 numa=0\n"
#define NIC "0000:05:00.0 020000 15b3:1021 group=41 driver=mlx5_core numa=0\n"
#define HOST A B C D

#define GPUS(selectors) "devices: {gpus: [" selectors "]}\n"
#define NAMED(addresses, selectors) "devices: {pci_passthrough: [" addresses "], gpus: [" selectors "]}\n"

#define GOT_A "0000:01:00.0 requested 1.0"
#define GOT_AB "0000:01:00.0 requested 1.0, 0000:02:00.0 requested 2.0"
#define GOT_AC "0000:01:00.0 requested 1.0, 0000:81:00.0 requested 2.0"
#define GOT_C "0000:81:00.0 requested 1.0"
#define GOT_CD "0000:81:00.0 requested 1.0, 0000:82:00.0 requested 2.0"
#define GOT_D "0000:82:00.0 requested 1.0"
#define GOT_B "0000:02:00.0 requested 1.0"

static void
chooses_near_cards(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"one: of the lowest node", HOST, GPUS("{}"), .functions = GOT_C},
        {"not the last",
         "0000:03:00.0 030200 10de:2330 group=1 numa=0\n0000:04:00.0 030200 10de:2330 group=2 numa=1\n",
         GPUS("{}"), .functions = "0000:03:00.0 requested 1.0"},
        {"two of one node", HOST, GPUS("{count: 2}"), .functions = GOT_CD},
        {"two, when the lower node has but one", A B C, GPUS("{count: 2}"), .functions = GOT_AB},
        {"three are of two nodes, by address", HOST, GPUS("{count: 3}"),
         .functions = GOT_AB ", 0000:81:00.0 requested 3.0"},
        {"without nodes by address",
         "0000:09:00.0 030000 10de:2204 group=1\n0000:03:00.0 030000 10de:2204 group=2\n", GPUS("{}"),
         .functions = "0000:03:00.0 requested 1.0"},
        {"near the card that is named", HOST, NAMED("'01:00.0'", "{}"), .functions = GOT_AB},
        {"near the other one", HOST, NAMED("'82:00.0'", "{}"), .functions = GOT_CD},
        {"near a NIC that is named", HOST NIC, NAMED("'05:00.0'", "{id: '10de:2330'}"), "allowlist: ['*:*']",
         .functions = "0000:05:00.0 requested 1.0, 0000:81:00.0 requested 2.0"},
        {"named ones disagree: the lowest node", HOST AMD, NAMED("'01:00.0', '41:00.0'", "{}"),
         .functions = "0000:01:00.0 requested 1.0, 0000:41:00.0 requested 2.0, 0000:81:00.0 requested 3.0"},
        {"in either order", HOST AMD, NAMED("'41:00.0', '01:00.0'", "{}"),
         .functions = "0000:01:00.0 requested 1.0, 0000:41:00.0 requested 2.0, 0000:81:00.0 requested 3.0"},
        {"the second selector stays near the first", HOST, GPUS("{numa_node: 1}, {id: '10de:2330'}"),
         .functions = GOT_AB},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
chooses_what_matches(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"a node", HOST, GPUS("{numa_node: 1}"), .functions = GOT_A},
        {"a device", HOST, GPUS("'10de:2331'"), .functions = GOT_D},
        {"a vendor", HOST AMD, GPUS("'1002:*'"), .functions = "0000:41:00.0 requested 1.0"},
        {"a class", HOST AMD, GPUS("{class: '12'}"), .functions = "0000:41:00.0 requested 1.0"},
        {"a class that is no GPU's", HOST NIC, GPUS("{class: '0200'}"), "allowlist: ['*:*']",
         .functions = "0000:05:00.0 requested 1.0"},
        {"only GPUs without a class", NIC, GPUS("'15b3:*'"), "allowlist: ['*:*']", .functions = "",
         .errors = {"5 no card of the host matches :: gpuvm devices"}},
        {"every part must match", HOST AMD, GPUS("{id: '10de:*', class: '12'}"), .functions = "",
         .errors = {"5 no card of the host matches :: gpuvm devices"}},
        {"no node is no node", "0000:09:00.0 030000 10de:2204 group=1\n", GPUS("{numa_node: 0}"),
         .functions = "", .errors = {"5 no card of the host matches"}},
        {"several selectors", HOST AMD, GPUS("{id: '10de:2331'}, {id: '1002:*'}"),
         .functions = "0000:41:00.0 requested 1.0, 0000:82:00.0 requested 2.0"},
        {"the order of selectors counts", C D, GPUS("{id: '10de:*'}, {id: '10de:2330'}"), .functions = GOT_C,
         .errors =
             {"5 no room: 1 card wanted, 0 of 1 that match can be had :: 0000:81:00.0: this VM has it already"}},
        {"not a card that is named", C D, NAMED("'81:00.0'", "{}"), .functions = GOT_CD},
        {"nor is one counted twice", C, NAMED("'81:00.0'", "{}"), .functions = GOT_C,
         .errors =
             {"5 no room: 1 card wanted, 0 of 1 that match can be had :: 0000:81:00.0: this VM has it already"}},
        {"the whole card comes along",
         "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=14\n", GPUS("{}"),
         .functions = "0000:01:00.0 requested 1.0+, 0000:01:00.1 same-card 1.1"},
        {"a card with two GPUs is one card",
         "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 030000 10de:2204 group=14\n",
         GPUS("{count: 2}"), .errors = {"5 no room: 2 cards wanted, 1 of 1 that match can be had"}},
        {"virtual functions are cards",
         "0000:01:00.0 020000 8086:1572 group=14\n0000:01:00.4 030000 8086:56c0 group=15 vf=0000:01:00.0\n"
         "0000:01:00.5 030000 8086:56c0 group=16 vf=0000:01:00.0\n",
         GPUS("{count: 2}"), .functions = "0000:01:00.4 requested 1.0, 0000:01:00.5 requested 2.0"},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
says_why_there_is_no_room(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"claimed ones are passed over", HOST "domain a active 0000:81:00.0\ndomain b 0000:82:00.0\n",
         GPUS("{}"), .functions = GOT_A},
        {"its own claim is none", HOST "domain vm active 0000:81:00.0\n", GPUS("{}"), .functions = GOT_C},
        {"all claimed", C D "domain a active 0000:81:00.0\ndomain b 0000:82:00.0\n", GPUS("{}"),
         .functions = "",
         .errors =
             {"5 no room: 1 card wanted, 0 of 2 that match can be had"
              " :: 0000:81:00.0: domain 'a' has 0000:81:00.0 :: 0000:82:00.0: domain 'b' has 0000:82:00.0"}},
        {"another function of the card is claimed",
         "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=15\ndomain a 0000:01:00.1\n",
         GPUS("{}"), .errors = {"5 no room :: 0000:01:00.0: domain 'a' has 0000:01:00.1"}},
        {"a member of its group is claimed",
         C "0000:83:00.0 020000 15b3:1021 group=21\ndomain a 0000:83:00.0\n", GPUS("{}"),
         .errors = {"5 no room :: 0000:81:00.0: domain 'a' has 0000:83:00.0"}},
        {"not permitted", C, GPUS("{}"), "allowlist: ['1002:*']", .functions = "",
         .errors = {"5 no room :: 0000:81:00.0: device 0000:81:00.0 (10de:2330) not in allowlist"}},
        {"permitted ones are chosen", HOST, GPUS("{}"), "allowlist: ['10de:2331']", .functions = GOT_D},
        {"the VM's list counts", HOST, "devices: {gpus: [{}], allowlist: ['10de:2331']}", .functions = GOT_D},
        {"not viable", C "0000:83:00.0 020000 15b3:1021 group=21 driver=mlx5_core\n" D, GPUS("{count: 2}"),
         .functions = GOT_D,
         .errors = {"5 no room: 2 cards wanted, 1 of 2 that match can be had"
                    " :: 0000:81:00.0: IOMMU group 21 of device 0000:81:00.0 is not viable"}},
        {"no group", "0000:81:00.0 030200 10de:2330\n", GPUS("{}"),
         .errors = {"5 no room :: 0000:81:00.0: device 0000:81:00.0 has no IOMMU group"}},
        {"its virtual functions would go away",
         "0000:01:00.0 030000 10de:2230 group=1\n0000:01:00.4 030000 10de:2231 group=2 vf=0000:01:00.0\n",
         GPUS("'10de:2230'"),
         .errors = {"5 no room :: 0000:01:00.0: device 0000:01:00.0 has 1 virtual functions, which go away"}},
        {"the boot display", "0000:81:00.0 030200 10de:2330 group=1 boot=1\n", GPUS("{}"),
         .errors = {"5 no room :: 0000:81:00.0: device 0000:81:00.0 is the host's boot display"}},
        {"too few", HOST, GPUS("{count: 5}"),
         .functions = GOT_AB ", 0000:81:00.0 requested 3.0, 0000:82:00.0 requested 4.0",
         .errors = {"5 no room: 5 cards wanted, 4 of 4 that match can be had"}},
        {"each selector says so", C, GPUS("{id: '1002:*'}, {id: '8086:*'}"),
         .errors = {"5 no card of the host matches", "5 no card of the host matches"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
keeps_what_the_vm_had(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"the same card", HOST, GPUS("{}"), .record = "0000:02:00.0 10de:2330 requested\n",
         .functions = GOT_B},
        {"more are near it", HOST, GPUS("{count: 2}"), .record = "0000:02:00.0 10de:2330 requested\n",
         .functions = GOT_AB},
        {"of several, the first", HOST, GPUS("{}"),
         .record = "0000:02:00.0 10de:2330 requested\n0000:82:00.0 10de:2331 requested\n",
         .functions = GOT_B},
        {"on two nodes", HOST, GPUS("{count: 2}"),
         .record = "0000:01:00.0 10de:2330 requested\n0000:81:00.0 10de:2330 requested\n",
         .functions = GOT_AC},
        {"unless it no longer matches", HOST, GPUS("'10de:2331'"),
         .record = "0000:02:00.0 10de:2330 requested\n", .functions = GOT_D},
        {"or another has it", HOST "domain a 0000:02:00.0\n", GPUS("{}"),
         .record = "0000:02:00.0 10de:2330 requested\n", .functions = GOT_C},
        {"or it is gone", HOST, GPUS("{}"), .record = "0000:09:00.0 10de:2330 requested\n",
         .functions = GOT_C},
        {"what came with its group was not asked for", HOST, GPUS("{}"),
         .record = "0000:02:00.0 10de:2330 group-member\n", .functions = GOT_C},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_near_cards),
        cmocka_unit_test(chooses_what_matches),
        cmocka_unit_test(says_why_there_is_no_room),
        cmocka_unit_test(keeps_what_the_vm_had),
    };

    return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
