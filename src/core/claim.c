/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/claim.h"

#include <string.h>

#define MOST_NAMES 8 /* of domains in a note */

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

    if (admission->together)
        return true;
    if (!admission->deployment || g_strcmp0(admission->deployment, found->claim->deployment) != 0)
        return false;
    for (guint i = 0; i < next->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(next, gpuvm_pci_addr, i), found->held))
            return true;
    }
    return false;
}

static void
report_together(const gpuvm_admission *admission, const conflict *found, const char *what)
{
    const char *whom = admission->together ? "domain" : "replica";

    gpuvm_diag_hint(gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &found->function->mark,
                                      "%s is that of %s '%s': the two are to run together", what, whom,
                                      found->claim->domain),
                    "give each %s a card of its own, which shares no IOMMU group with another's", whom);
}

/* A card that several domains name, as the one at hand does. */
typedef struct shared {
    const conflict *first;
    GPtrArray *claims; /* of these domains, borrowed */
} shared;

static void
free_shared(gpointer data)
{
    shared *card = data;

    g_ptr_array_unref(card->claims);
    g_free(card);
}

static void
share(GPtrArray *cards, const conflict *found)
{
    shared *card = NULL;

    for (guint i = 0; i < cards->len && !card; i++) {
        shared *other = cards->pdata[i];

        if (gpuvm_pci_addr_equal(other->first->held, found->held))
            card = other;
    }
    if (!card) {
        card = g_new0(shared, 1);
        card->first = found;
        card->claims = g_ptr_array_new();
        g_ptr_array_add(cards, card);
    }
    g_ptr_array_add(card->claims, (gpointer)found->claim);
}

/* "'a' (running), 'b' and 3 more" */
static char *
list_domains(const shared *card)
{
    GString *text = g_string_new(NULL);
    guint n = card->claims->len, named = n > MOST_NAMES ? MOST_NAMES - 1 : n;

    for (guint i = 0; i < named; i++) {
        const gpuvm_claim *claim = card->claims->pdata[i];

        g_string_append_printf(text, "%s'%s'%s",
                               i == 0       ? ""
                               : i + 1 == n ? " and "
                                            : ", ",
                               claim->domain,
                               !claim->active                              ? ""
                               : gpuvm_claim_has(claim, card->first->held) ? " (running)"
                                                                           : " (next start)");
    }
    if (named < n)
        g_string_append_printf(text, " and %u more", n - named);
    return g_string_free(text, FALSE);
}

/* What a note says of @card to @domain. */
static char *
about(const shared *card, const char *domain)
{
    return g_strdup_printf("%s %s", GPUVM_PCI(card->first->held), domain);
}

/* One note for all: those that were added to the domains in it, when they were planned, say less. */
static void
report_shared(const gpuvm_admission *admission, const shared *card)
{
    const gpuvm_claim *claim = card->claims->pdata[0];
    const gpuvm_mark *mark = &card->first->function->mark;
    g_autofree char *what = describe(card->first->function->device, card->first->held);
    g_autofree char *domains = list_domains(card);
    g_autoptr(GHashTable) former = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gpuvm_diag *diag;

    for (guint i = 0; i < card->claims->len; i++)
        g_hash_table_add(former, about(card, ((const gpuvm_claim *)card->claims->pdata[i])->domain));
    gpuvm_diags_drop(admission->diags, former);
    if (card->claims->len == 1)
        diag = gpuvm_diags_note(admission->diags, mark,
                                "%s is also named by domain '%s'%s: the two cannot run together", what,
                                claim->domain,
                                !claim->active                              ? ""
                                : gpuvm_claim_has(claim, card->first->held) ? ", which is running"
                                                                            : " for its next start");
    else
        diag = gpuvm_diags_note(admission->diags, mark,
                                "%s is also named by domains %s: only one of them can run at a time", what,
                                domains);
    diag->about = about(card, admission->domain);
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
        report_together(admission, found, what);
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
    g_autoptr(GPtrArray) cards = g_ptr_array_new_with_free_func(free_shared);
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
            if (admission->occasion == GPUVM_PLAN && !runs_together(admission, found))
                share(cards, found);
            else
                report(admission, found);
            g_ptr_array_add(said, (gpointer)found->held);
        }
        last = found;
    }
    for (guint i = 0; i < cards->len; i++)
        report_shared(admission, cards->pdata[i]);
}
