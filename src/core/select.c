/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/select.h"

#include "core/admit.h"

/* One card that matches a selector. */
typedef struct candidate {
    const gpuvm_device *device;
    bool had;      /* the VM has it already */
    int available; /* whether it can be had; GPUVM_UNKNOWN: not judged yet */
} candidate;

/* The choice for one selector. */
typedef struct choice {
    const gpuvm_admission *admission;
    gpuvm_admission rules; /* the same, for GPUVM_CHOOSE */
    const gpuvm_selector *selector;
    guint n_named;      /* of the functions, those that were there before this choice */
    GArray *candidates; /* in address order */
    uint64_t n;         /* chosen so far */
} choice;

bool
gpuvm_select_matches(const gpuvm_selector *selector, const gpuvm_device *device)
{
    if (device->bridge)
        return false;
    if (selector->id && !gpuvm_pci_pattern_match(selector->id, device->vendor_id, device->device_id))
        return false;
    if (selector->numa_node && device->numa_node != (int)*selector->numa_node)
        return false;
    if (selector->device_class)
        return gpuvm_pci_class_match(selector->device_class, device->class_code);
    return gpuvm_device_is_gpu(device);
}

/* Whether one of the first @n of @functions is of @device's card or group. */
static bool
in_one_group(const GPtrArray *functions, guint n, const gpuvm_device *device)
{
    for (guint i = 0; i < n; i++) {
        const gpuvm_device *other = ((const gpuvm_plan_function *)functions->pdata[i])->device;

        if (gpuvm_device_same_card(other, device) || other->iommu_group == device->iommu_group)
            return true;
    }
    return false;
}

/* Whether a function of the card of @device is of a card or group that the VM had before this choice. */
static bool
is_taken(const choice *made, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) card = NULL;

    if (in_one_group(made->admission->functions, made->n_named, device))
        return true;
    if (made->n_named == 0 || device->virtual_function ||
        made->admission->functions_mode != GPUVM_FUNCTIONS_ALL)
        return false;
    card = gpuvm_facts_card(made->admission->facts, &device->addr);
    for (guint i = 0; i < card->len; i++) {
        if (in_one_group(made->admission->functions, made->n_named, card->pdata[i]))
            return true;
    }
    return false;
}

/* Why @device cannot be had; NULL: it can. */
static char *
why_not(const choice *made, const gpuvm_device *device)
{
    char *why = gpuvm_admit_why_not(&made->rules, device);

    return why || !is_taken(made, device) ? why : g_strdup("this VM has it already");
}

/* What the rule about claims is going to say of most cards, without the words: each VM passes over those of all others. */
static bool
is_claimed(const choice *made, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) claims =
        gpuvm_facts_claims(made->admission->facts, &device->addr, made->admission->domain);

    return claims->len > 0;
}

/* Judges @c, once: most are never asked about. */
static bool
can_be_had(const choice *made, candidate *c)
{
    g_autofree char *why = NULL;

    if (c->available == GPUVM_UNKNOWN)
        c->available = !is_claimed(made, c->device) && !(why = why_not(made, c->device));
    return c->available;
}

/* The cards that match, one function each (a card's lowest that matches), in address order. */
static GArray *
find_candidates(const gpuvm_facts *facts, const gpuvm_selector *selector, const gpuvm_record *record)
{
    GArray *candidates = g_array_new(FALSE, FALSE, sizeof(candidate));
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    const gpuvm_device *last = NULL;

    for (guint i = 0; i < devices->len; i++) {
        candidate c = {.device = devices->pdata[i], .available = GPUVM_UNKNOWN};
        const gpuvm_record_device *recorded;

        if (!gpuvm_select_matches(selector, c.device) || (last && gpuvm_device_same_card(last, c.device)))
            continue;
        last = c.device;
        recorded = gpuvm_record_find(record, &c.device->addr);
        c.had = recorded && recorded->role == GPUVM_ROLE_REQUESTED;
        g_array_append_val(candidates, c);
    }
    return candidates;
}

/* The node that all of @functions are on; GPUVM_UNKNOWN when there is none. */
static int
common_node(const GPtrArray *functions)
{
    int node = GPUVM_UNKNOWN;

    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)functions->pdata[i])->device;

        if (i > 0 && device->numa_node != node)
            return GPUVM_UNKNOWN;
        node = device->numa_node;
    }
    return node;
}

/* Whether @node has @wanted candidates that can be had. */
static bool
has_enough(const choice *made, int node, uint64_t wanted)
{
    const GPtrArray *functions = made->admission->functions;

    for (guint i = 0; i < made->candidates->len && wanted > 0; i++) {
        candidate *c = &g_array_index(made->candidates, candidate, i);

        wanted -= c->device->numa_node == node && !in_one_group(functions, functions->len, c->device) &&
                  can_be_had(made, c);
    }
    return wanted == 0;
}

/* The lowest node of a candidate that is above @above. */
static int
next_node(const choice *made, int above)
{
    int next = GPUVM_UNKNOWN;

    for (guint i = 0; i < made->candidates->len; i++) {
        int node = g_array_index(made->candidates, candidate, i).device->numa_node;

        if (node > above && (next == GPUVM_UNKNOWN || node < next))
            next = node;
    }
    return next;
}

/* The node to prefer: that of the VM's devices when they agree, else the lowest with enough free candidates. */
static int
preferred_node(const choice *made)
{
    int node = common_node(made->admission->functions);

    if (node != GPUVM_UNKNOWN)
        return node;
    do
        node = next_node(made, node);
    while (node != GPUVM_UNKNOWN && !has_enough(made, node, made->selector->count - made->n));
    return node;
}

typedef enum pass { HAD, NEAR, ANY } pass;

/* Takes free candidates, as many as are wanted still, those that are of @which only. */
static void
take(choice *made, pass which, int node)
{
    GPtrArray *functions = made->admission->functions;

    for (guint i = 0; i < made->candidates->len && made->n < made->selector->count; i++) {
        candidate *c = &g_array_index(made->candidates, candidate, i);
        bool near = node != GPUVM_UNKNOWN && c->device->numa_node == node;

        if ((which == HAD && !c->had) || (which == NEAR && !near) ||
            in_one_group(functions, functions->len, c->device) || !can_be_had(made, c))
            continue;
        gpuvm_functions_add(functions, c->device, GPUVM_ROLE_REQUESTED, &made->selector->object.node->mark,
                            which == HAD    ? g_strdup("chosen: this VM had it before")
                            : which == NEAR ? g_strdup_printf("chosen: a free card on NUMA node %d", node)
                                            : g_strdup("chosen: a free card"));
        made->n++;
    }
}

static void
report_shortage(const choice *made)
{
    const gpuvm_selector *selector = made->selector;
    const gpuvm_mark *mark = &selector->object.node->mark;
    gpuvm_diag *diag;

    if (made->candidates->len == 0) {
        diag =
            gpuvm_diags_error(made->admission->diags, GPUVM_EXIT_HOST, mark, "no card of the host matches");
        gpuvm_diag_hint(diag, "see what the host has: gpuvm devices");
        return;
    }
    diag = gpuvm_diags_error(
        made->admission->diags, GPUVM_EXIT_HOST, mark,
        "no room: %" G_GUINT64_FORMAT " card%s wanted, %" G_GUINT64_FORMAT " of %u that match can be had",
        selector->count, selector->count == 1 ? "" : "s", made->n, made->candidates->len);
    for (guint i = 0; i < made->candidates->len; i++) {
        const gpuvm_device *device = g_array_index(made->candidates, candidate, i).device;
        g_autofree char *why = why_not(made, device);

        if (why)
            gpuvm_diag_hint(diag, "%s: %s", GPUVM_PCI(&device->addr), why);
    }
}

void
gpuvm_select(const gpuvm_admission *admission, const GPtrArray *selectors, const gpuvm_record *record)
{
    for (guint i = 0; i < selectors->len; i++) {
        g_autoptr(GArray) candidates = find_candidates(admission->facts, selectors->pdata[i], record);
        choice made = {.admission = admission,
                       .rules = *admission,
                       .selector = selectors->pdata[i],
                       .n_named = admission->functions->len,
                       .candidates = candidates};

        made.rules.occasion = GPUVM_CHOOSE;
        take(&made, HAD, GPUVM_UNKNOWN);
        if (made.n < made.selector->count) {
            take(&made, NEAR, preferred_node(&made));
            take(&made, ANY, GPUVM_UNKNOWN);
        }
        if (made.n < made.selector->count)
            report_shortage(&made);
    }
}
