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

/* What a running domain has now counts on every occasion; what a definition names, in plans and choices. */
static void
find_at(const gpuvm_admission *admission, const gpuvm_plan_function *function, const gpuvm_pci_addr *held,
        GArray *conflicts)
{
    bool named_counts = admission->occasion & (GPUVM_PLAN | GPUVM_CHOOSE);
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(admission->facts, held, admission->domain);

    for (guint i = 0; i < claims->len; i++) {
        const conflict found = {claims->pdata[i], function, held};

        if (named_counts || gpuvm_claim_has(found.claim, held))
            g_array_append_val(conflicts, found);
    }
}

/*
 * What is claimed that @function cannot be had without: the device itself, the members of its group, its virtual
 * functions, which go away with it, and its physical function.
 */
static void
find_conflicts(const gpuvm_admission *admission, const gpuvm_plan_function *function, GArray *conflicts)
{
    const gpuvm_device *device = function->device;
    const GArray *lists[] = {device->group_members, device->virtual_functions};

    find_at(admission, function, &device->addr, conflicts);
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; i < lists[l]->len; i++)
            find_at(admission, function, &g_array_index(lists[l], gpuvm_pci_addr, i), conflicts);
    }
    if (device->virtual_function)
        find_at(admission, function, &device->physical_function, conflicts);
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

/* Whether @claim's domain and the one at hand are planned to run together, each with what it names. */
static bool
runs_together(const gpuvm_admission *admission, const conflict *found)
{
    const GArray *next = found->claim->next;

    if (!admission->deployment || g_strcmp0(admission->deployment, found->claim->deployment) != 0)
        return false;
    for (guint i = 0; i < next->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(next, gpuvm_pci_addr, i), found->held))
            return true;
    }
    return false;
}

static void
report_plan(const gpuvm_admission *admission, const conflict *found, const char *what)
{
    const gpuvm_claim *claim = found->claim;
    const gpuvm_mark *mark = &found->function->mark;

    if (runs_together(admission, found))
        gpuvm_diag_hint(gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, mark,
                                          "%s is that of replica '%s': the two are to run together", what,
                                          claim->domain),
                        "give each replica a card of its own, which shares no IOMMU group with another's");
    else
        gpuvm_diags_note(admission->diags, mark,
                         "%s is also named by domain '%s'%s: the two cannot run together", what,
                         claim->domain,
                         !claim->active                        ? ""
                         : gpuvm_claim_has(claim, found->held) ? ", which is running"
                                                               : " for its next start");
}

static void
report(const gpuvm_admission *admission, const conflict *found)
{
    const gpuvm_claim *claim = found->claim;
    const gpuvm_mark *mark = &found->function->mark;
    g_autofree char *what = describe(found->function->device, found->held);
    gpuvm_diag *diag;

    switch (admission->occasion) {
    case GPUVM_PLAN:
        report_plan(admission, found, what);
        break;
    case GPUVM_CHOOSE:
        gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, mark, "domain '%s' has %s", claim->domain,
                          GPUVM_PCI(found->held));
        break;
    default:
        diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, mark,
                                 "%s is in use by domain '%s', which is running", what, claim->domain);
        gpuvm_diag_hint(diag, "stop it first: %s %s", claim->metadata ? "gpuvm stop" : "virsh shutdown",
                        claim->domain);
    }
}

void
gpuvm_claim_rule(const gpuvm_admission *admission)
{
    g_autoptr(GArray) conflicts = g_array_new(FALSE, FALSE, sizeof(conflict));
    g_autoptr(GPtrArray) said = g_ptr_array_new(); /* gpuvm_pci_addr of the domain at hand, borrowed */
    const conflict *last = NULL;

    for (guint i = 0; i < admission->functions->len; i++)
        find_conflicts(admission, admission->functions->pdata[i], conflicts);
    g_array_sort(conflicts, compare_domains); /* which is stable */
    for (guint i = 0; i < conflicts->len; i++) {
        const conflict *found = &g_array_index(conflicts, conflict, i);
        bool same = last && last->claim == found->claim;

        if (!same)
            g_ptr_array_set_size(said, 0);
        if (!(same && last->function == found->function) && !said_of_card(said, found->held)) {
            report(admission, found);
            g_ptr_array_add(said, (gpointer)found->held);
        }
        last = found;
    }
}
