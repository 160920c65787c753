/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/group.h"
#include "core/guestpci.h"

#define REQUESTED(address) address " 030000 10de:2204\n"
#define DETACHED(address) address " 020000 8086:1533\n"
#define VIRTUAL(address) address " 030000 10de:2231 vf=0000:01:00.0\n"

static void
lays_out_cards(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host; /* NICs are detached */
        unsigned ports;
        const char *functions;
    } cases[] = {
        {"nothing", "", 0, ""},
        {"one function", REQUESTED("0000:01:00.0"), 1, "0000:01:00.0 requested 1.0"},
        {"a card", REQUESTED("0000:01:00.1") REQUESTED("0000:01:00.0"), 1,
         "0000:01:00.0 requested 1.0+, 0000:01:00.1 requested 1.1"},
        {"gaps stay", REQUESTED("0000:01:00.0") REQUESTED("0000:01:00.3") REQUESTED("0000:01:00.7"), 1,
         "0000:01:00.0 requested 1.0+, 0000:01:00.3 requested 1.3, 0000:01:00.7 requested 1.7"},
        {"the lowest takes the place of function 0", REQUESTED("0000:01:00.2") REQUESTED("0000:01:00.3"), 1,
         "0000:01:00.2 requested 1.0+, 0000:01:00.3 requested 1.3"},
        {"a single function that is not 0", REQUESTED("0000:01:00.3"), 1, "0000:01:00.3 requested 1.0"},
        {"a port for each card, by address",
         REQUESTED("0000:81:00.0") REQUESTED("0000:01:00.0") REQUESTED("0001:01:00.0")
             REQUESTED("0000:01:01.0"),
         4,
         "0000:01:00.0 requested 1.0, 0000:01:01.0 requested 2.0, 0000:81:00.0 requested 3.0, "
         "0001:01:00.0 requested 4.0"},
        {"detached ones have no place",
         REQUESTED("0000:05:00.0") DETACHED("0000:01:00.0") DETACHED("0000:01:00.1"), 1,
         "0000:05:00.0 requested 1.0, 0000:01:00.0 detached, 0000:01:00.1 detached"},
        {"a card whose function 0 is detached", DETACHED("0000:01:00.0") REQUESTED("0000:01:00.1"), 1,
         "0000:01:00.1 requested 1.0, 0000:01:00.0 detached"},
        {"only detached ones", DETACHED("0000:01:00.0"), 0, "0000:01:00.0 detached"},
        {"virtual functions", VIRTUAL("0000:01:00.4") VIRTUAL("0000:01:00.5"), 2,
         "0000:01:00.4 requested 1.0, 0000:01:00.5 requested 2.0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = build_facts(cases[i].host);
        g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
        g_autoptr(GPtrArray) functions = gpuvm_functions_new();
        g_autofree char *text = NULL;
        unsigned ports;

        for (guint k = devices->len; k-- > 0;) {
            const gpuvm_device *device = devices->pdata[k];
            bool detached = device->class_code == 0x020000;

            gpuvm_functions_add(functions, device, detached ? GPUVM_ROLE_DETACHED : GPUVM_ROLE_REQUESTED,
                                &(gpuvm_mark){0}, NULL);
        }
        ports = gpuvm_guestpci_layout(functions);
        text = functions_text(functions);
        expect_text(cases[i].name, text, cases[i].functions);
        if (ports != cases[i].ports)
            fail_msg("%s: %u ports", cases[i].name, ports);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_cards),
    };

    return cmocka_run_group_tests_name("guestpci", tests, NULL, NULL);
}
