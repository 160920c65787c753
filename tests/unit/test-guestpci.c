/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <stdlib.h>
#include <string.h>

#include "core/guestpci.h"

#define CARD(address) address " 030000 10de:2204\n"
#define DETACHED(address) address " 020000 8086:1533\n"
#define VIRTUAL(address) address " 030000 10de:2231 vf=0000:01:00.0\n"
#define ON(address, numa) address " 030000 10de:2204 numa=" #numa "\n"
/* a switch below @root: the upstream port and two downstream ports */
#define BRIDGE(address, below) address " 060400 1000:c030 bridge below=" below "\n"
#define SWITCH(root, up, down)                                                                               \
    root " 060400 8086:352a bridge\n" BRIDGE(up, root) BRIDGE(down ".0", up) BRIDGE(down ".1", up)
#define BELOW(address, port, numa)                                                                           \
    address " 030200 10de:2330 numa=" #numa " link=32x16/32x16 below=" port "\n"
#define SWITCHED                                                                                             \
    SWITCH("0000:10:00.0", "0000:11:00.0", "0000:12:00")                                                     \
    BELOW("0000:13:00.0", "0000:12:00.0", 0)                                                                 \
    BELOW("0000:14:00.0", "0000:12:00.1", 0)
#define OTHER                                                                                                \
    SWITCH("0000:20:00.0", "0000:21:00.0", "0000:22:00")                                                     \
    BELOW("0000:23:00.0", "0000:22:00.0", 1)                                                                 \
    BELOW("0000:24:00.0", "0000:22:00.1", 1)

/* A plan whose functions are all devices of @facts but bridges, from the last on, and whose guest has @cells cells. */
static gpuvm_plan *
plan_all(const gpuvm_facts *facts, const gpuvm_spec *spec, int cells)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    gpuvm_plan *plan = gpuvm_plan_new(spec->vm);

    for (guint k = devices->len; k-- > 0;) {
        const gpuvm_device *device = devices->pdata[k];
        bool detached = device->class_code == 0x020000;

        if (!device->bridge)
            gpuvm_functions_add(plan->functions, device,
                                detached ? GPUVM_ROLE_DETACHED : GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0},
                                NULL);
    }
    plan->place.cells = cells > 0 ? g_array_new(FALSE, FALSE, sizeof(gpuvm_guest_cell)) : NULL;
    for (int node = 0; node < cells; node++) {
        gpuvm_guest_cell cell = {.node = node, .cpus = 1, .memory_mb = 1024};
        g_array_append_val(plan->place.cells, cell);
    }
    return plan;
}

/* "root-port", "expander-bus@40 cell 0, root-port 1:0.0, switch-upstream-port 2:0.0" */
static char *
controllers_text(const gpuvm_plan *plan)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < plan->controllers->len; i++) {
        const gpuvm_guest_controller *controller = plan->controllers->pdata[i];

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", controller->model + strlen("pcie-"));
        if (controller->bus_number > 0)
            g_string_append_printf(text, "@%u cell %u", controller->bus_number, controller->cell);
        if (controller->parent > 0)
            g_string_append_printf(text, " %u:%x.%u", controller->parent, controller->slot,
                                   controller->function);
    }
    return g_strdup(text->str);
}

static void
lays_out_cards(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host; /* NICs are detached */
        const char *controllers, *functions;
        int cells;
        const char *devices; /* NULL: as by default */
    } cases[] = {
        {"nothing", "", "", ""},
        {"one function", CARD("0000:01:00.0"), "root-port", "0000:01:00.0 requested 1.0"},
        {"a card", CARD("0000:01:00.1") CARD("0000:01:00.0"), "root-port",
         "0000:01:00.0 requested 1.0+, 0000:01:00.1 requested 1.1"},
        {"gaps stay", CARD("0000:01:00.0") CARD("0000:01:00.3") CARD("0000:01:00.7"), "root-port",
         "0000:01:00.0 requested 1.0+, 0000:01:00.3 requested 1.3, 0000:01:00.7 requested 1.7"},
        {"the lowest takes the place of function 0", CARD("0000:01:00.2") CARD("0000:01:00.3"), "root-port",
         "0000:01:00.2 requested 1.0+, 0000:01:00.3 requested 1.3"},
        {"a single function that is not 0", CARD("0000:01:00.3"), "root-port", "0000:01:00.3 requested 1.0"},
        {"a port for each card, by address",
         CARD("0000:81:00.0") CARD("0000:01:00.0") CARD("0001:01:00.0") CARD("0000:01:01.0"),
         "root-port, root-port, root-port, root-port",
         "0000:01:00.0 requested 1.0, 0000:01:01.0 requested 2.0, 0000:81:00.0 requested 3.0, "
         "0001:01:00.0 requested 4.0"},
        {"detached ones have no place",
         CARD("0000:05:00.0") DETACHED("0000:01:00.0") DETACHED("0000:01:00.1"), "root-port",
         "0000:05:00.0 requested 1.0, 0000:01:00.0 detached, 0000:01:00.1 detached"},
        {"a card whose function 0 is detached", DETACHED("0000:01:00.0") CARD("0000:01:00.1"), "root-port",
         "0000:01:00.1 requested 1.0, 0000:01:00.0 detached"},
        {"only detached ones", DETACHED("0000:01:00.0"), "", "0000:01:00.0 detached"},
        {"virtual functions", VIRTUAL("0000:01:00.4") VIRTUAL("0000:01:00.5"), "root-port, root-port",
         "0000:01:00.4 requested 1.0, 0000:01:00.5 requested 2.0"},

        {"an expander for each cell", ON("0000:01:00.0", 0) ON("0000:02:00.0", 1),
         "expander-bus@250 cell 0, root-port 1:0.0, expander-bus@253 cell 1, root-port 3:0.0",
         "0000:01:00.0 requested 2.0, 0000:02:00.0 requested 4.0", 2},
        {"cards of one cell together", ON("0000:01:00.0", 1) ON("0000:02:00.0", 0) ON("0000:03:00.0", 1),
         "expander-bus@249 cell 0, root-port 1:0.0, expander-bus@252 cell 1, root-port 3:0.0, root-port 3:1.0",
         "0000:01:00.0 requested 4.0, 0000:02:00.0 requested 2.0, 0000:03:00.0 requested 5.0", 2},
        {"a cell without cards has none", ON("0000:01:00.0", 2), "expander-bus@253 cell 2, root-port 1:0.0",
         "0000:01:00.0 requested 2.0", 3},
        {"one cell is none", ON("0000:01:00.0", 0), "root-port", "0000:01:00.0 requested 1.0", 1},
        {"cards of no cell come first", ON("0000:01:00.0", 0) CARD("0000:02:00.0") ON("0000:03:00.0", 7),
         "root-port, root-port, expander-bus@253 cell 0, root-port 3:0.0",
         "0000:01:00.0 requested 4.0, 0000:02:00.0 requested 1.0, 0000:03:00.0 requested 2.0", 2},

        {"flat", SWITCHED, "root-port, root-port", "0000:13:00.0 requested 1.0, 0000:14:00.0 requested 2.0"},
        {"a shared switch", SWITCHED,
         "root-port, switch-upstream-port 1:0.0, switch-downstream-port 2:0.0, switch-downstream-port 2:1.0",
         "0000:13:00.0 requested 3.0, 0000:14:00.0 requested 4.0", 0, "topology: mirror"},
        {"the first card behind a switch alone is behind none",
         SWITCH("0000:10:00.0", "0000:11:00.0", "0000:12:00") BELOW("0000:13:00.0", "0000:12:00.0", 0),
         "root-port", "0000:13:00.0 requested 1.0", 0, "topology: mirror"},
        {"two below one bridge, which is no switch",
         "0000:00:01.0 060400 8086:352a bridge\n" BRIDGE("0000:01:00.0", "0000:00:01.0")
             BELOW("0000:02:00.0", "0000:01:00.0", 0) BELOW("0000:02:01.0", "0000:01:00.0", 0),
         "root-port, root-port", "0000:02:00.0 requested 1.0, 0000:02:01.0 requested 2.0", 0,
         "topology: mirror"},
        {"bridges that are not known",
         BELOW("0000:13:00.0", "0000:12:00.0", 0) BELOW("0000:14:00.0", "0000:12:00.1", 0),
         "root-port, root-port", "0000:13:00.0 requested 1.0, 0000:14:00.0 requested 2.0", 0,
         "topology: mirror"},
        {"cells and switches", SWITCHED OTHER ON("0000:01:00.0", 0),
         "expander-bus@243 cell 0, root-port 1:0.0, root-port 1:1.0, switch-upstream-port 3:0.0, "
         "switch-downstream-port 4:0.0, switch-downstream-port 4:1.0, expander-bus@250 cell 1, root-port 7:0.0, "
         "switch-upstream-port 8:0.0, switch-downstream-port 9:0.0, switch-downstream-port 9:1.0",
         "0000:01:00.0 requested 2.0, 0000:13:00.0 requested 5.0, 0000:14:00.0 requested 6.0, "
         "0000:23:00.0 requested 10.0, 0000:24:00.0 requested 11.0",
         2, "topology: mirror"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml =
            g_strdup_printf("name: vm\ndevices: {%s}\n", cases[i].devices ? cases[i].devices : "");
        g_autoptr(gpuvm_spec) spec = build_spec(yaml, "vm");
        g_autoptr(gpuvm_facts) facts = build_facts(cases[i].host);
        g_autoptr(gpuvm_plan) plan = plan_all(facts, spec, cases[i].cells);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *controllers = NULL, *functions = NULL;

        gpuvm_guestpci_layout(plan, facts, diags);
        controllers = controllers_text(plan);
        functions = functions_text(plan->functions);
        expect_text(cases[i].name, controllers, cases[i].controllers);
        expect_text(cases[i].name, functions, cases[i].functions);
        assert_int_equal(diags->errors, 0);
    }
}

/* What the guest calls the buses is what the firmware makes of them, depth first. */
static void
numbers_buses(void **state G_GNUC_UNUSED)
{
    static const unsigned expected[] = {1, 247, 248, 251, 254};
    g_autoptr(gpuvm_spec) spec = build_spec("name: vm\ndevices: {topology: mirror}\n", "vm");
    g_autoptr(gpuvm_facts) facts =
        build_facts(CARD("0000:01:00.0") SWITCHED ON("0000:30:00.0", 1) ON("0000:31:00.0", 2));
    g_autoptr(gpuvm_plan) plan = plan_all(facts, spec, 3);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

    gpuvm_guestpci_layout(plan, facts, diags);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->guest.number != expected[i])
            fail_msg("%s: %u", GPUVM_PCI(&function->device->addr), function->guest.number);
    }
}

static void
refuses_too_many(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = build_spec("name: vm\n", "vm");

    for (int cells = 0; cells <= 2; cells += 2) {
        for (unsigned cards = 180; cards <= 260; cards += 80) {
            g_autoptr(GString) host = g_string_new(NULL);
            g_autoptr(gpuvm_facts) facts = NULL;
            g_autoptr(gpuvm_plan) plan = NULL;
            g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

            for (unsigned i = 0; i < cards; i++)
                g_string_append_printf(host, "0000:%02x:%02x.0 030000 10de:2204 numa=%u\n", i / 32 + 1,
                                       i % 32, i % 2);
            facts = build_facts(host->str);
            plan = plan_all(facts, spec, cells);
            gpuvm_guestpci_layout(plan, facts, diags);
            assert_int_equal(diags->errors, cards > 190);
        }
    }
}

/** Fails unless @plan is a layout that a guest understands. */
static void
check_layout(guint32 seed, const gpuvm_plan *plan)
{
    unsigned used[256] = {0}, next = 0;
    GHashTable *slots = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < plan->controllers->len; i++) {
        const gpuvm_guest_controller *controller = plan->controllers->pdata[i];
        unsigned place = controller->parent << 16 | controller->slot << 8 | controller->function;

        if (controller->index != i + 1 || controller->parent >= controller->index)
            fail_msg("seed %u: controller %u is not behind its parent", seed, controller->index);
        if (controller->parent > 0 && !g_hash_table_add(slots, GUINT_TO_POINTER(place)))
            fail_msg("seed %u: two controllers at one place", seed);
        if (controller->slot > 31 || controller->function > 7)
            fail_msg("seed %u: controller %u has no address", seed, controller->index);
        if (controller->bus_number > 0 && (controller->bus_number <= next || controller->bus_number > 254))
            fail_msg("seed %u: the buses of controller %u touch others", seed, controller->index);
        next = controller->bus_number > 0 ? controller->bus_number + 1 : next + (next > 0);
        if (next > 255)
            fail_msg("seed %u: a bus beyond 254", seed);
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        const gpuvm_guest_controller *port = plan->controllers->pdata[function->guest.bus - 1];

        if (used[function->guest.bus]++ || !g_str_has_suffix(port->model, "-port") ||
            g_str_equal(port->model, "pcie-switch-upstream-port"))
            fail_msg("seed %u: %s has no port of its own", seed, GPUVM_PCI(&function->device->addr));
    }
    g_hash_table_unref(slots);
}

/* Cards on random cells, behind random switches. */
static void
makes_sense_of_any_host(void **state G_GNUC_UNUSED)
{
    const char *fixed = g_getenv("SEED");

    for (guint32 round = 0; round < 200; round++) {
        guint32 seed = fixed ? (guint32)atoi(fixed) : round;
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autoptr(GString) host = g_string_new("0000:00:01.0 060400 8086:352a bridge\n");
        g_autoptr(gpuvm_spec) spec = build_spec("name: vm\ndevices: {topology: mirror}\n", "vm");
        int cards = g_rand_int_range(random, 0, 60);
        g_autoptr(gpuvm_facts) facts = NULL;
        g_autoptr(gpuvm_plan) plan = NULL;
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        for (int up = 0; up < 4; up++)
            g_string_append_printf(host, "0000:a0:%02x.0 060400 1000:c030 bridge below=0000:00:01.0\n", up);
        for (int i = 0; i < cards; i++) {
            int up = g_rand_int_range(random, 0, 4);

            g_string_append_printf(host, "0001:%02x:00.0 060400 1000:c030 bridge below=0000:a0:%02x.0\n", i,
                                   up);
            g_string_append_printf(
                host, "0002:%02x:00.0 030200 10de:2330 link=32x16/32x16 numa=%d below=%04d:%02x:00.0\n", i,
                g_rand_int_range(random, 0, 5), g_rand_int_range(random, 1, 3) == 1, i);
        }
        facts = build_facts(host->str);
        plan = plan_all(facts, spec, g_rand_int_range(random, 0, 5));
        gpuvm_guestpci_layout(plan, facts, diags);
        assert_int_equal(diags->errors, 0);
        assert_int_equal(plan->functions->len, cards);
        check_layout(seed, plan);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_cards),
        cmocka_unit_test(numbers_buses),
        cmocka_unit_test(refuses_too_many),
        cmocka_unit_test(makes_sense_of_any_host),
    };

    return cmocka_run_group_tests_name("guestpci", tests, NULL, NULL);
}
