/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/select.h"

#include "core/assess.h"
#include "core/group.h"

/* One card that matches a selector. */
typedef struct candidate {
    const gpuvm_device *device;
    bool had;          /* the VM has it already */
    char *unavailable; /* why it cannot be had; NULL: it can */
} candidate;

static void
candidate_free(gpointer data)
{
    candidate *c = data;

    g_free(c->unavailable);
    g_free(c);
}

static bool
matches(const gpuvm_selector *selector, const gpuvm_device *device)
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

static bool
recorded(const gpuvm_record *record, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; record && i < record->devices->len; i++) {
        const gpuvm_recorded *device = &g_array_index(record->devices, gpuvm_recorded, i);

        if (gpuvm_pci_addr_equal(&device->addr, addr))
            return device->role == GPUVM_ROLE_REQUESTED;
    }
    return false;
}

static bool
in_one_group(const GPtrArray *functions, const gpuvm_device *device)
{
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (gpuvm_device_same_card(function->device, device) ||
            function->device->iommu_group == device->iommu_group)
            return true;
    }
    return false;
}

/* Why @device cannot be had; NULL when it can. */
static char *
why_unavailable(const gpuvm_select_input *input, const GPtrArray *taken, const gpuvm_device *device)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    const gpuvm_devices *devices = input->vm->body.devices;
    g_autoptr(GPtrArray) functions =
        gpuvm_assess(device, devices->functions, devices->iommu_group, input->facts, input->permit, diags);

    if (diags->errors > 0)
        return g_strdup(((const gpuvm_diag *)diags->items->pdata[0])->message);
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_device *part = ((const gpuvm_plan_function *)functions->pdata[i])->device;

        if (in_one_group(taken, part))
            return g_strdup("this VM has it already");
        if (part->virtual_functions->len > 0)
            return g_strdup_printf("it has %u virtual functions, which go away when it is passed",
                                   part->virtual_functions->len);
        for (guint m = 0; m < part->group_members->len; m++) {
            const gpuvm_pci_addr *member = &g_array_index(part->group_members, gpuvm_pci_addr, m);
            g_autoptr(GPtrArray) claims = gpuvm_facts_claims(input->facts, member, input->vm->name);

            if (claims->len > 0)
                return g_strdup_printf("domain '%s' has %s", ((const gpuvm_claim *)claims->pdata[0])->domain,
                                       GPUVM_PCI(member));
        }
    }
    return NULL;
}

/* The cards that match, one function each (a card's lowest that matches), in address order. */
static GPtrArray *
find_candidates(const gpuvm_select_input *input, const gpuvm_selector *selector, const GPtrArray *taken)
{
    GPtrArray *candidates = g_ptr_array_new_with_free_func(candidate_free);
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(input->facts);
    const gpuvm_device *last = NULL;

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (!matches(selector, device))
            continue;
        if (last && gpuvm_device_same_card(last, device))
            continue;
        last = device;
        candidate *c = g_new0(candidate, 1);
        c->device = device;
        c->had = recorded(input->record, &device->addr);
        c->unavailable = why_unavailable(input, taken, device);
        g_ptr_array_add(candidates, c);
    }
    return candidates;
}

/* The node that all of @taken are on; GPUVM_UNKNOWN when there is none. */
static int
common_node(const GPtrArray *taken)
{
    int node = GPUVM_UNKNOWN;

    for (guint i = 0; i < taken->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)taken->pdata[i])->device;

        if (i > 0 && device->numa_node != node)
            return GPUVM_UNKNOWN;
        node = device->numa_node;
    }
    return node;
}

/* The node to prefer: that of @taken when they agree, else the lowest with @count free candidates. */
static int
preferred_node(const GPtrArray *candidates, const GPtrArray *taken, uint64_t count)
{
    int best = common_node(taken);

    if (best != GPUVM_UNKNOWN)
        return best;
    for (guint i = 0; i < candidates->len; i++) {
        int node = ((const candidate *)candidates->pdata[i])->device->numa_node;
        uint64_t free = 0;

        for (guint k = 0; k < candidates->len; k++) {
            const candidate *c = candidates->pdata[k];
            free += !c->unavailable && c->device->numa_node == node && !in_one_group(taken, c->device);
        }
        if (free >= count && (best == GPUVM_UNKNOWN || node < best))
            best = node;
    }
    return best;
}

/* Takes up to @wanted free candidates, those that pass @pass only. */
static uint64_t
take(GPtrArray *candidates, const gpuvm_selector *selector, int node, int pass, uint64_t wanted,
     GPtrArray *functions)
{
    uint64_t n = 0;

    for (guint i = 0; i < candidates->len && n < wanted; i++) {
        candidate *c = candidates->pdata[i];
        bool near = node != GPUVM_UNKNOWN && c->device->numa_node == node;

        if (c->unavailable || (pass == 0 && !c->had) || (pass == 1 && !near) ||
            in_one_group(functions, c->device))
            continue;
        gpuvm_group_take(functions, c->device, GPUVM_ROLE_REQUESTED, &selector->object.node->mark,
                         pass == 0   ? g_strdup("chosen: this VM had it before")
                         : pass == 1 ? g_strdup_printf("chosen: a free card on NUMA node %d", node)
                                     : g_strdup("chosen: a free card"));
        n++;
    }
    return n;
}

static void
select_one(const gpuvm_select_input *input, const gpuvm_selector *selector, GPtrArray *functions,
           gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) candidates = find_candidates(input, selector, functions);
    uint64_t n = take(candidates, selector, GPUVM_UNKNOWN, 0, selector->count, functions);
    int node = preferred_node(candidates, functions, selector->count - n);

    for (int pass = 1; pass < 3; pass++)
        n += take(candidates, selector, node, pass, selector->count - n, functions);
    if (n == selector->count)
        return;

    if (candidates->len == 0) {
        gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &selector->object.node->mark,
                                             "no card of the host matches");
        gpuvm_diag_hint(diag, "see what the host has: gpuvm devices");
        return;
    }
    gpuvm_diag *diag = gpuvm_diags_error(
        diags, GPUVM_EXIT_HOST, &selector->object.node->mark,
        "no room: %" G_GUINT64_FORMAT " card%s wanted, %" G_GUINT64_FORMAT " of %u that match can be had",
        selector->count, selector->count == 1 ? "" : "s", n, candidates->len);
    for (guint i = 0; i < candidates->len; i++) {
        const candidate *c = candidates->pdata[i];

        if (c->unavailable)
            gpuvm_diag_hint(diag, "%s: %s", GPUVM_PCI(&c->device->addr), c->unavailable);
    }
}

void
gpuvm_select(const gpuvm_select_input *input, GPtrArray *functions, gpuvm_diags *diags)
{
    const GPtrArray *selectors = input->vm->body.devices->gpus;

    for (guint i = 0; i < selectors->len; i++)
        select_one(input, selectors->pdata[i], functions, diags);
}
