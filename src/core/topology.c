/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/topology.h"

#include "base/size.h"
#include "base/text.h"
#include "core/admit.h"
#include "model/cpuset.h"

#define DEPTH 64 /* bridges above a device, at most: what has more is below itself */

/* A tree that is being made. */
typedef struct planting {
    const gpuvm_facts *facts;
    gpuvm_admission admission;
    const char *unseen, *domain;
    bool all;
    gpuvm_branch *machine;
    GHashTable
        *branches; /* gpuvm_pci_addr * → gpuvm_branch: of a bridge, or of a function's card; both borrowed */
    GHashTable *forks; /* gpuvm_pci_addr *, borrowed: the bridges with a bridge below them */
} planting;

/* The bridge right above @device; NULL: none, or not known. */
static const gpuvm_device *
above(const gpuvm_facts *facts, const gpuvm_device *device)
{
    const gpuvm_device *at = device;

    for (unsigned depth = 0; at && depth < DEPTH; depth++)
        at = at->below ? gpuvm_facts_device(facts, &at->parent) : NULL;
    return at || !device->below ? NULL : gpuvm_facts_device(facts, &device->parent);
}

/* Whether @bridge is the upstream port of a switch; core/switch.h has the source. */
static bool
is_switch(const planting *p, const gpuvm_device *bridge)
{
    const gpuvm_device *port = above(p->facts, bridge);

    return port && bridge->link_max_width > 0 && g_hash_table_contains(p->forks, &bridge->addr) &&
           !is_switch(p, port);
}

static gpuvm_branch *
add_cell(gpuvm_branch *machine, int number)
{
    gpuvm_branch *cell = gpuvm_branch_add(machine, GPUVM_BRANCH_CELL);

    cell->number = number;
    return cell;
}

/* The cell that @device is near. */
static gpuvm_branch *
cell_of(const planting *p, const gpuvm_device *device)
{
    int number = GPUVM_UNKNOWN;
    gpuvm_branch *cell;

    for (const gpuvm_device *at = device; at && number == GPUVM_UNKNOWN; at = above(p->facts, at))
        number = at->numa_node;
    if (number == GPUVM_UNKNOWN && p->facts->cells->len == 1)
        number = ((const gpuvm_cell *)p->facts->cells->pdata[0])->id;
    cell = gpuvm_branch_cell(p->machine, number);
    return cell ? cell : add_cell(p->machine, number);
}

/* What @device is right below, as far as that is in the tree. */
static gpuvm_branch *
parent_of(const planting *p, const gpuvm_device *device)
{
    const gpuvm_device *bridge = above(p->facts, device), *port = bridge ? above(p->facts, bridge) : NULL;
    gpuvm_branch *branch = bridge ? g_hash_table_lookup(p->branches, &bridge->addr) : NULL;

    if (branch)
        return branch;
    if (!bridge)
        return cell_of(p, device);
    branch = parent_of(p, bridge);
    if (!port || !is_switch(p, port)) { /* no downstream port */
        branch = gpuvm_branch_add(branch, is_switch(p, bridge)                  ? GPUVM_BRANCH_SWITCH
                                          : port || bridge->link_max_width == 0 ? GPUVM_BRANCH_BRIDGE
                                                                                : GPUVM_BRANCH_PORT);
        g_array_append_val(branch->addrs, bridge->addr);
    }
    g_hash_table_insert(p->branches, (gpointer)&bridge->addr, branch);
    return branch;
}

gpuvm_branch_kind
gpuvm_branch_kind_of(const gpuvm_device *device)
{
    return gpuvm_device_is_gpu(device)                       ? GPUVM_BRANCH_GPU
           : gpuvm_pci_class_match("02", device->class_code) ? GPUVM_BRANCH_NIC
           : gpuvm_pci_class_match("01", device->class_code) ? GPUVM_BRANCH_DISK
           : device->vendor_id == 0x10de && gpuvm_pci_class_match("0680", device->class_code)
               ? GPUVM_BRANCH_NVSWITCH /* a bridge of another sort by its class */
               : GPUVM_BRANCH_DEVICE;
}

static bool
counts(const planting *p, const gpuvm_device *device)
{
    return !device->bridge && (p->all || gpuvm_branch_kind_of(device) != GPUVM_BRANCH_DEVICE);
}

static void
add_claims(const planting *p, gpuvm_branch *branch, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(p->facts, &device->addr, NULL);

    for (guint i = 0; i < claims->len; i++) {
        const gpuvm_claim *claim = claims->pdata[i];

        branch->own |= g_strcmp0(claim->domain, p->domain) == 0;
        if (gpuvm_claim_has(claim, &device->addr))
            branch->state = GPUVM_BRANCH_IN_VM;
        if (!g_ptr_array_find(branch->claims, claim, NULL))
            g_ptr_array_add(branch->claims, claims->pdata[i]);
    }
}

static void
add_function(const planting *p, gpuvm_branch *branch, const gpuvm_device *device)
{
    const GPtrArray *uses = gpuvm_facts_uses(p->facts, &device->addr);

    g_array_append_val(branch->addrs, device->addr);
    if (device->iommu_group != GPUVM_UNKNOWN && !gpuvm_cpuset_has(branch->groups, device->iommu_group)) {
        g_array_append_val(branch->groups, device->iommu_group);
        g_array_sort(branch->groups, gpuvm_cpuset_compare);
    }
    add_claims(p, branch, device);
    if (!branch->use && uses && uses->len > 0)
        branch->use = g_strdup(((const gpuvm_use *)uses->pdata[0])->what);
    if (!branch->use && device->boot_vga == 1)
        branch->use = g_strdup("is the host's boot display");
}

/* What is to be said of @branch, whose functions are in it; @first is one that is judged for all of them. */
static void
judge(const planting *p, gpuvm_branch *branch, const gpuvm_device *first)
{
    branch->reason = gpuvm_admit_why_not(&p->admission, first);
    if (branch->state == GPUVM_BRANCH_NO_STATE)
        branch->state = branch->reason && branch->use ? GPUVM_BRANCH_ON_HOST
                        : branch->reason              ? GPUVM_BRANCH_DENIED
                        : p->unseen                   ? GPUVM_BRANCH_UNSEEN
                                                      : GPUVM_BRANCH_PASSABLE;
    if (branch->state != GPUVM_BRANCH_ON_HOST)
        g_clear_pointer(&branch->use, g_free);
    if (!branch->reason)
        branch->reason = g_strdup(p->unseen);
}

/* The card whose first function is @first, unless none of it counts; where all are shown, each function is one. */
static void
add_card(const planting *p, const gpuvm_device *first)
{
    g_autoptr(GPtrArray) functions = gpuvm_facts_card(p->facts, &first->addr);
    const gpuvm_device *best = NULL;
    gpuvm_branch *branch;

    if (p->all) {
        g_ptr_array_set_size(functions, 0);
        g_ptr_array_add(functions, (gpointer)first);
    }
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_device *device = functions->pdata[i];

        if (counts(p, device) && (!best || gpuvm_branch_kind_of(device) < gpuvm_branch_kind_of(best)))
            best = device;
    }
    if (!best || functions->pdata[0] != first)
        return;
    branch = gpuvm_branch_add(parent_of(p, first), gpuvm_branch_kind_of(best));
    branch->name = gpuvm_device_name(best);
    add_function(p, branch, best);
    for (guint i = 0; i < functions->len; i++) {
        if (functions->pdata[i] != best)
            add_function(p, branch, functions->pdata[i]);
        g_hash_table_insert(p->branches, &((gpuvm_device *)functions->pdata[i])->addr, branch);
    }
    judge(p, branch, first);
}

static bool
are_alike(const gpuvm_branch *a, const gpuvm_branch *b)
{
    g_autofree char *left = gpuvm_branch_note(a), *right = gpuvm_branch_note(b);

    return a->virtual && b->virtual && a->kind == b->kind && a->state == b->state && a->own == b->own &&
           (a->state == GPUVM_BRANCH_IN_VM || g_strcmp0(left, right) == 0);
}

static void
name_virtual(gpuvm_branch *branch)
{
    g_free(branch->name);
    branch->name = gpuvm_text_count(branch->addrs->len, "virtual function");
}

/* Adds it to its card, or to what is like it there. */
static void
add_virtual(const planting *p, const gpuvm_device *device)
{
    gpuvm_branch *card = g_hash_table_lookup(p->branches, &device->physical_function);
    gpuvm_branch *parent = card ? card : parent_of(p, device);
    gpuvm_branch *branch = gpuvm_branch_add(parent, gpuvm_branch_kind_of(device));

    branch->virtual = true;
    add_function(p, branch, device);
    judge(p, branch, device);
    for (guint i = 0; i + 1 < parent->children->len; i++) {
        gpuvm_branch *other = parent->children->pdata[i];

        if (!are_alike(other, branch))
            continue;
        add_function(p, other, device);
        g_ptr_array_remove_index(parent->children, parent->children->len - 1);
        branch = other;
        break;
    }
    name_virtual(branch);
}

static void
add_cells(const planting *p)
{
    for (guint i = 0; i < p->facts->cells->len; i++) {
        const gpuvm_cell *cell = p->facts->cells->pdata[i];
        g_autofree char *memory =
            cell->memory_kib > 0 ? gpuvm_size_format(cell->memory_kib * 1024) : g_strdup("memory unknown");
        g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int));

        for (guint k = 0; k < cell->cpus->len; k++)
            g_array_append_val(cpus, g_array_index(cell->cpus, gpuvm_cpu, k).id);
        g_autofree char *list = cpus->len > 0 ? gpuvm_cpuset_format(cpus) : g_strdup("none");
        add_cell(p->machine, cell->id)->name = g_strdup_printf("%s, CPUs %s", memory, list);
    }
}

gpuvm_branch *
gpuvm_topology_host(const gpuvm_facts *facts, const gpuvm_policies *policies, const char *unseen,
                    const char *domain, bool all)
{
    g_autoptr(GHashTable) branches = g_hash_table_new(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal);
    g_autoptr(GHashTable) forks = g_hash_table_new(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal);
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    const planting p = {
        .facts = facts,
        .admission = {.occasion = GPUVM_SHOW, .domain = "", .facts = facts, .policies = policies},
        .unseen = unseen,
        .domain = domain,
        .all = all,
        .machine = gpuvm_branch_add(NULL, GPUVM_BRANCH_MACHINE),
        .branches = branches,
        .forks = forks};

    add_cells(&p);
    for (guint i = 0; i < devices->len; i++) {
        gpuvm_device *device = devices->pdata[i];

        if (device->bridge && device->below)
            g_hash_table_add(forks, &device->parent);
    }
    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (!device->virtual_function)
            add_card(&p, device);
    }
    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (device->virtual_function && counts(&p, device))
            add_virtual(&p, device);
    }
    return p.machine;
}
