/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/claim.h"

#include <string.h>

/* @function cannot be had without the function at @held, which @claim's domain has or names. */
typedef struct conflict {
    const gpuvm_claim *claim;
    const gpuvm_plan_function *function;
    const gpuvm_pci_addr *held;
} conflict;

/* When @starting, what a running domain has counts; else what any domain names, too. */
static void
find_at(GArray *conflicts, const gpuvm_plan_function *function, const gpuvm_pci_addr *held, const char *name,
        bool starting, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, held, name);

    for (guint i = 0; i < claims->len; i++) {
        const conflict found = {claims->pdata[i], function, held};

        if (!starting || gpuvm_claim_has(found.claim, held))
            g_array_append_val(conflicts, found);
    }
}

/*
 * What is claimed that @function cannot be had without: the device itself, the members of its group, its virtual
 * functions, which go away with it, and its physical function.
 */
static void
find_conflicts(GArray *conflicts, const gpuvm_plan_function *function, const char *name, bool starting,
               const gpuvm_facts *facts)
{
    const gpuvm_device *device = function->device;
    const GArray *lists[] = {device->group_members, device->virtual_functions};

    find_at(conflicts, function, &device->addr, name, starting, facts);
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; i < lists[l]->len; i++)
            find_at(conflicts, function, &g_array_index(lists[l], gpuvm_pci_addr, i), name, starting, facts);
    }
    if (device->virtual_function)
        find_at(conflicts, function, &device->physical_function, name, starting, facts);
}

static int
compare_domains(gconstpointer a, gconstpointer b)
{
    const conflict *left = a, *right = b;

    return strcmp(left->claim->domain, right->claim->domain);
}

/* "device HELD", and what it has to do with @device; g_malloc. */
static char *
describe(const gpuvm_device *device, const gpuvm_pci_addr *held)
{
    if (gpuvm_pci_addr_equal(held, &device->addr))
        return g_strdup_printf("device %s", GPUVM_PCI(held));
    for (guint i = 0; i < device->group_members->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(device->group_members, gpuvm_pci_addr, i), held))
            return g_strdup_printf("device %s, in IOMMU group %d with %s,", GPUVM_PCI(held),
                                   device->iommu_group, GPUVM_PCI(&device->addr));
    }
    return g_strdup_printf("device %s, %s function of %s,", GPUVM_PCI(held),
                           device->virtual_function ? "the physical" : "a virtual", GPUVM_PCI(&device->addr));
}

/* A card's further functions say nothing new. */
static bool
said_of_card(const GPtrArray *said, const gpuvm_pci_addr *held)
{
    for (guint i = 0; i < said->len; i++) {
        if (gpuvm_pci_addr_same_slot(said->pdata[i], held))
            return true;
    }
    return false;
}

static void
report(const conflict *found, bool starting, gpuvm_diags *diags)
{
    const gpuvm_claim *claim = found->claim;
    g_autofree char *what = describe(found->function->device, found->held);

    if (starting) {
        gpuvm_diag *diag =
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &found->function->mark,
                              "%s is in use by domain '%s', which is running", what, claim->domain);
        gpuvm_diag_hint(diag, "stop it first: %s %s", claim->metadata ? "gpuvm stop" : "virsh shutdown",
                        claim->domain);
    } else {
        gpuvm_diags_note(diags, &found->function->mark,
                         "%s is also named by domain '%s'%s: the two cannot run together", what,
                         claim->domain, claim->active ? ", which is running" : "");
    }
}

void
gpuvm_claim_check(const GPtrArray *functions, const char *name, bool starting, const gpuvm_facts *facts,
                  gpuvm_diags *diags)
{
    g_autoptr(GArray) conflicts = g_array_new(FALSE, FALSE, sizeof(conflict));
    g_autoptr(GPtrArray) said = g_ptr_array_new(); /* gpuvm_pci_addr of the domain at hand, borrowed */
    const conflict *last = NULL;

    for (guint i = 0; i < functions->len; i++)
        find_conflicts(conflicts, functions->pdata[i], name, starting, facts);
    g_array_sort(conflicts, compare_domains); /* which is stable */
    for (guint i = 0; i < conflicts->len; i++) {
        const conflict *found = &g_array_index(conflicts, conflict, i);
        bool same = last && last->claim == found->claim;

        if (!same)
            g_ptr_array_set_size(said, 0);
        if (!(same && last->function == found->function) && !said_of_card(said, found->held)) {
            report(found, starting, diags);
            g_ptr_array_add(said, (gpointer)found->held);
        }
        last = found;
    }
}
