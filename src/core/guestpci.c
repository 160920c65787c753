/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestpci.h"

#include "core/switch.h"

#define SLOTS (GPUVM_PCI_SLOT_MAX + 1)
#define NO_CELL (-1) /* the place pcie.0 */

/* A layout that is being made. */
typedef struct layout {
    gpuvm_plan *plan;
    const gpuvm_facts *facts;
    GPtrArray *cards; /* gpuvm_plan_function: the first of each card, by address */
} layout;

static int
compare_functions(gconstpointer a, gconstpointer b)
{
    const gpuvm_plan_function *x = *(const gpuvm_plan_function *const *)a;
    const gpuvm_plan_function *y = *(const gpuvm_plan_function *const *)b;
    bool x_detached = x->role == GPUVM_ROLE_DETACHED, y_detached = y->role == GPUVM_ROLE_DETACHED;

    if (x_detached != y_detached)
        return x_detached ? 1 : -1;
    return gpuvm_pci_addr_compare(&x->device->addr, &y->device->addr);
}

/* The first functions of cards; in each of the others, its number, and in the first whether there are such. */
static GPtrArray *
find_cards(GPtrArray *functions)
{
    GPtrArray *cards = g_ptr_array_new();
    gpuvm_plan_function *first = NULL;

    for (guint i = 0; i < functions->len; i++) {
        gpuvm_plan_function *function = functions->pdata[i];

        if (function->role == GPUVM_ROLE_DETACHED)
            continue;
        if (first && gpuvm_device_same_card(first->device, function->device)) {
            first->guest.multifunction = true;
            function->guest.function = function->device->addr.function;
        } else {
            first = function;
            g_ptr_array_add(cards, first);
        }
    }
    return cards;
}

/* The @nth on @parent. */
static gpuvm_guest_controller *
add(const layout *l, const char *model, unsigned parent, unsigned nth)
{
    gpuvm_guest_controller *controller = g_new0(gpuvm_guest_controller, 1);

    g_ptr_array_add(l->plan->controllers, controller);
    controller->model = model;
    controller->index = l->plan->controllers->len;
    controller->parent = parent;
    controller->slot = nth % SLOTS;
    controller->function = nth / SLOTS;
    return controller;
}

/* The guest's cell that stands for the one of the host that @card is in. */
static int
cell_of(const layout *l, const gpuvm_plan_function *card)
{
    const GArray *cells = l->plan->place.cells;

    for (guint i = 0; cells && cells->len > 1 && i < cells->len; i++) {
        if (g_array_index(cells, gpuvm_guest_cell, i).node == card->device->numa_node)
            return (int)i;
    }
    return NO_CELL;
}

/* The cards of @cell from the @from-th on that share a switch with that, itself too; one alone shares none. */
static GPtrArray *
find_sharers(const layout *l, guint from, int cell)
{
    const gpuvm_plan_function *card = l->cards->pdata[from];
    const gpuvm_device *shared = gpuvm_switch_of(l->facts, card->device);
    GPtrArray *sharers = g_ptr_array_new();

    for (guint i = from; i < l->cards->len; i++) {
        gpuvm_plan_function *other = l->cards->pdata[i];

        if (shared && cell_of(l, other) == cell && gpuvm_switch_of(l->facts, other->device) == shared)
            g_ptr_array_add(sharers, other);
    }
    return sharers;
}

/* A switch on root port @port for @sharers, which are below the host's @upstream. */
static void
add_switch(const layout *l, unsigned port, const GPtrArray *sharers)
{
    const gpuvm_plan_function *first = sharers->pdata[0];
    unsigned upstream = add(l, "pcie-switch-upstream-port", port, 0)->index;

    for (guint i = 0; i < sharers->len; i++) {
        gpuvm_plan_function *card = sharers->pdata[i];

        card->guest.bus = add(l, "pcie-switch-downstream-port", upstream, i)->index;
    }
    gpuvm_plan_decide(l->plan,
                      g_strdup_printf("a PCI switch for %u cards from %s on", sharers->len,
                                      GPUVM_PCI(&first->device->addr)),
                      g_strdup_printf("they share switch %s of the host",
                                      GPUVM_PCI(&gpuvm_switch_of(l->facts, first->device)->addr)));
}

/* The ports of the cards of @cell. */
static void
add_cards(const layout *l, int cell)
{
    bool mirror = l->plan->vm->body.devices->topology != GPUVM_TOPOLOGY_FLAT;
    unsigned parent = 0, ports = 0;

    for (guint i = 0; i < l->cards->len; i++) {
        gpuvm_plan_function *card = l->cards->pdata[i];
        g_autoptr(GPtrArray) sharers = NULL;

        if (cell_of(l, card) != cell || card->guest.bus > 0)
            continue;
        if (cell != NO_CELL && parent == 0) {
            gpuvm_guest_controller *expander = add(l, "pcie-expander-bus", 0, 0);

            expander->cell = (unsigned)cell;
            parent = expander->index;
        }
        sharers = mirror ? find_sharers(l, i, cell) : NULL;
        card->guest.bus = add(l, "pcie-root-port", parent, ports++)->index;
        if (sharers && sharers->len > 1)
            add_switch(l, card->guest.bus, sharers);
    }
}

/*
 * Gives expanders their numbers, the last one the highest, since whatever libvirt adds to pcie.0 is numbered from below. Each
 * controller is one bus. Whether there are enough.
 */
static bool
number_buses(GPtrArray *controllers)
{
    unsigned end = GPUVM_BUS_END, above = controllers->len;

    for (unsigned index = controllers->len; index > 0; index--) {
        gpuvm_guest_controller *controller = controllers->pdata[index - 1];
        unsigned buses = above - index + 1;

        if (!g_str_equal(controller->model, "pcie-expander-bus"))
            continue;
        if (buses >= end)
            return false;
        controller->bus_number = end - buses;
        end = controller->bus_number - 1;
        above = index - 1;
    }
    return above + GPUVM_BUS_OTHERS < end;
}

unsigned
gpuvm_guestpci_number(const GPtrArray *controllers, unsigned index)
{
    for (unsigned i = index; i > 0; i--) {
        const gpuvm_guest_controller *controller = controllers->pdata[i - 1];

        if (controller->bus_number > 0)
            return controller->bus_number + (index - i);
    }
    return index;
}

static void
explain_expanders(gpuvm_plan *plan)
{
    for (guint i = 0; i < plan->controllers->len; i++) {
        const gpuvm_guest_controller *controller = plan->controllers->pdata[i];

        if (controller->bus_number > 0)
            gpuvm_plan_decide(
                plan,
                g_strdup_printf("PCI buses from %02x on in the guest's cell %u", controller->bus_number,
                                controller->cell),
                g_strdup_printf("their cards are on NUMA node %d",
                                g_array_index(plan->place.cells, gpuvm_guest_cell, controller->cell).node));
    }
}

void
gpuvm_guestpci_layout(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) cards = NULL;
    gpuvm_plan_function *first = NULL;

    g_ptr_array_sort(plan->functions, compare_functions);
    cards = find_cards(plan->functions);
    const layout l = {plan, facts, cards};
    for (int cell = NO_CELL; cell == NO_CELL || (plan->place.cells && cell < (int)plan->place.cells->len);
         cell++)
        add_cards(&l, cell);
    if (!number_buses(plan->controllers)) {
        gpuvm_mark mark = gpuvm_object_mark(&plan->vm->body.object, "devices");

        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                              "%u cards are more than the guest has PCI buses for", cards->len),
            "a guest has %d buses, and needs up to %d of them for other devices: give it fewer cards",
            GPUVM_BUS_END + 1, GPUVM_BUS_OTHERS);
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role == GPUVM_ROLE_DETACHED)
            continue;
        if (first && gpuvm_device_same_card(first->device, function->device))
            function->guest.bus = first->guest.bus;
        else
            first = function;
        function->guest.number = gpuvm_guestpci_number(plan->controllers, function->guest.bus);
    }
    explain_expanders(plan);
}
