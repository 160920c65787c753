/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/room.h"

#include "core/place.h"

void
gpuvm_demand_add(gpuvm_demand *demand, const gpuvm_vm *vm)
{
    const gpuvm_devices *devices = vm->body.devices;

    demand->cards += devices->pci_passthrough->len;
    for (guint i = 0; i < devices->gpus->len; i++) {
        const gpuvm_selector *selector = devices->gpus->pdata[i];

        demand->cards += selector->count;
        demand->gpus += selector->device_class ? 0 : selector->count;
    }
    demand->memory_mib += vm->body.resources->memory_mb;
}

static uint64_t
less(uint64_t all, uint64_t some)
{
    return all == UINT64_MAX ? all : all - MIN(all, some);
}

static uint64_t
more(uint64_t all, uint64_t some)
{
    return all == UINT64_MAX ? all : all + some;
}

/* Of hugepages. */
static uint64_t
pages_mib(const gpuvm_facts *facts)
{
    uint64_t kib = 0;

    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *cell = facts->cells->pdata[i];

        for (guint p = 0; p < cell->pages->len; p++) {
            const gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, p);

            if (pages->size_kib == GPUVM_PLACE_2M || pages->size_kib == GPUVM_PLACE_1G)
                kib += pages->size_kib * pages->total;
        }
    }
    return kib / 1024;
}

static uint64_t
claimed_mib(const gpuvm_claim *claim)
{
    return (claim->hugepages ? 0 : MAX(claim->memory_kib, claim->memory_now_kib)) / 1024;
}

static bool
is_claimed(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, addr, NULL);

    return claims->len > 0;
}

static unsigned
free_cards(const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    unsigned n = 0;

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        n += gpuvm_device_is_gpu(device) && !is_claimed(facts, &device->addr);
    }
    return n;
}

/* Those of the host that a domain other than @except has for itself. */
static unsigned
pinned_cpus(const gpuvm_facts *facts, const char *except)
{
    GHashTableIter iter;
    gpointer cpu;
    unsigned n = 0;

    g_hash_table_iter_init(&iter, facts->pinned);
    while (g_hash_table_iter_next(&iter, &cpu, NULL))
        n += gpuvm_facts_pinner(facts, GPOINTER_TO_INT(cpu), except) != NULL;
    return n;
}

/* What the domain runs with beside those that it is pinned to. */
static uint64_t
floating_cpus(const gpuvm_claim *claim)
{
    return less(claim->cpus_now, claim->pins_now->len);
}

/* What @own, which may be NULL, would leave if it was not there. */
static uint64_t
own_cpus(const gpuvm_facts *facts, const gpuvm_claim *own)
{
    return own ? pinned_cpus(facts, NULL) - pinned_cpus(facts, own->domain) + floating_cpus(own) : 0;
}

gpuvm_room *
gpuvm_room_new(gpuvm_facts *facts, const gpuvm_policies *policies)
{
    gpuvm_room *room = g_new0(gpuvm_room, 1);
    gpuvm_left *left = &room->left;

    left->memory_mib = facts->memory_kib > 0 ? less(facts->memory_kib / 1024, pages_mib(facts)) : UINT64_MAX;
    left->memory_mib = less(left->memory_mib, gpuvm_policies_reserved_mib(policies));
    left->cpus = facts->cpus > 0 ? less(facts->cpus, pinned_cpus(facts, NULL)) : UINT64_MAX;
    for (guint i = 0; i < facts->claims->len; i++) {
        left->memory_mib = less(left->memory_mib, claimed_mib(facts->claims->pdata[i]));
        left->cpus = less(left->cpus, floating_cpus(facts->claims->pdata[i]));
    }
    left->cards = free_cards(facts);
    room->pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    room->taken = g_ptr_array_new_with_free_func(g_free);
    room->former = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_claim_free);
    gpuvm_room_keep(room, facts);
    return room;
}

void
gpuvm_room_free(gpuvm_room *room)
{
    if (!room)
        return;
    g_array_unref(room->pages);
    g_ptr_array_unref(room->taken);
    g_ptr_array_unref(room->former);
    g_free(room);
}

bool
gpuvm_room_is_short(const gpuvm_room *room, const gpuvm_demand *demand)
{
    return demand->gpus > room->left.cards;
}

/* What the VM takes beside the hugepages. */
static uint64_t
ordinary_mib(const gpuvm_plan *plan)
{
    return plan->place.page_kib > 0 ? 0 : plan->vm->body.resources->memory_mb;
}

void
gpuvm_room_check(const gpuvm_room *room, const gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    const gpuvm_claim *own = gpuvm_facts_claim(facts, plan->vm->name);
    uint64_t memory_mib = more(room->left.memory_mib, own ? claimed_mib(own) : 0);
    uint64_t cpus_left = more(room->left.cpus, own_cpus(facts, own));
    gpuvm_mark memory = gpuvm_object_mark(&resources->object, "memory_mb");
    gpuvm_mark cpus = gpuvm_object_mark(&resources->object, "cpu_cores");
    gpuvm_mark pages = gpuvm_object_mark(&resources->object, "hugepages");

    if (ordinary_mib(plan) > memory_mib)
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &memory,
                          "memory_mb is %" G_GUINT64_FORMAT " MiB, %" G_GUINT64_FORMAT
                          " MiB of the host's are left",
                          resources->memory_mb, memory_mib);
    if (resources->cpu_cores > cpus_left)
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &cpus,
                          "cpu_cores is %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
                          " of the host's CPUs are left",
                          resources->cpu_cores, cpus_left);
    if (plan->place.page_kib > 0 && !gpuvm_place_has_pages(plan, facts, false))
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &pages,
                          "too few free hugepages of %" G_GUINT64_FORMAT " MiB are left",
                          plan->place.page_kib / 1024);
}

/* Takes @mib from the free hugepages of @node; GPUVM_UNKNOWN: of any. */
static void
take_pages(gpuvm_facts *facts, int node, uint64_t page_kib, uint64_t mib)
{
    uint64_t n = mib / (page_kib / 1024);

    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *cell = facts->cells->pdata[i];

        for (guint p = 0; (node == GPUVM_UNKNOWN || node == cell->id) && p < cell->pages->len; p++) {
            gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, p);
            uint64_t taken = pages->size_kib == page_kib ? MIN(n, pages->free) : 0;

            if (pages->free != GPUVM_PAGES_UNKNOWN)
                pages->free -= taken;
            n -= taken;
        }
    }
}

static void
take_memory(gpuvm_room *room, const gpuvm_plan *plan, gpuvm_facts *facts)
{
    const gpuvm_placement *place = &plan->place;
    uint64_t mib = plan->vm->body.resources->memory_mb;

    if (place->page_kib == 0)
        room->left.memory_mib = less(room->left.memory_mib, mib);
    else if (!place->cells)
        take_pages(facts, place->numa_node, place->page_kib, mib);
    for (guint i = 0; place->page_kib > 0 && place->cells && i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);

        take_pages(facts, cell->node, place->page_kib, cell->memory_mb);
    }
}

/* The VM as a domain that runs. */
static gpuvm_claim *
claim_of(const gpuvm_plan *plan)
{
    const gpuvm_placement *place = &plan->place;
    gpuvm_claim *claim = gpuvm_claim_new(plan->vm->name, NULL);

    claim->active = true;
    claim->hugepages = place->page_kib > 0;
    claim->memory_kib = plan->vm->body.resources->memory_mb * 1024;
    claim->memory_now_kib = claim->hugepages ? 0 : claim->memory_kib;
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)plan->functions->pdata[i])->device;

        gpuvm_pci_addrs_add(claim->now, &device->addr);
        gpuvm_pci_addrs_add(claim->next, &device->addr);
    }
    for (guint i = 0; place->emulator && i < place->cpus->len; i++) {
        g_array_append_val(claim->pins_now, g_array_index(place->cpus, int, i));
        g_array_append_val(claim->pins, g_array_index(place->cpus, int, i));
    }
    if (place->numa_node != GPUVM_UNKNOWN)
        g_array_append_val(claim->nodes, place->numa_node);
    for (guint i = 0; place->cells && i < place->cells->len; i++)
        g_array_append_val(claim->nodes, g_array_index(place->cells, gpuvm_guest_cell, i).node);
    return claim;
}

void
gpuvm_room_take(gpuvm_room *room, const gpuvm_plan *plan, gpuvm_facts *facts)
{
    uint64_t own = own_cpus(facts, gpuvm_facts_claim(facts, plan->vm->name));
    gpuvm_claim *former = gpuvm_facts_take_claim(facts, plan->vm->name);

    if (former) {
        room->left.cpus = more(room->left.cpus, own);
        room->left.memory_mib = more(room->left.memory_mib, claimed_mib(former));
        g_ptr_array_add(room->former, former);
    }
    g_ptr_array_add(room->taken, g_strdup(plan->vm->name));
    gpuvm_facts_add_claim(facts, claim_of(plan));
    take_memory(room, plan, facts);
    room->left.cpus = less(room->left.cpus, plan->vm->body.resources->cpu_cores);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        room->left.cards -= gpuvm_device_is_gpu(function->device) && room->left.cards > 0;
    }
}

/* Calls for each sort of hugepages of each cell. */
static void
each_pages(gpuvm_facts *facts, void (*call)(gpuvm_pages *pages, GArray *numbers), GArray *numbers)
{
    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *cell = facts->cells->pdata[i];

        for (guint p = 0; p < cell->pages->len; p++)
            call(&g_array_index(cell->pages, gpuvm_pages, p), numbers);
    }
}

static void
save(gpuvm_pages *pages, GArray *numbers)
{
    g_array_append_val(numbers, pages->free);
}

static void
restore(gpuvm_pages *pages, GArray *numbers)
{
    pages->free = g_array_index(numbers, uint64_t, 0);
    g_array_remove_index(numbers, 0);
}

void
gpuvm_room_keep(gpuvm_room *room, gpuvm_facts *facts)
{
    room->kept = room->left;
    g_array_set_size(room->pages, 0);
    each_pages(facts, save, room->pages);
    g_ptr_array_set_size(room->taken, 0);
    g_ptr_array_set_size(room->former, 0);
}

void
gpuvm_room_undo(gpuvm_room *room, gpuvm_facts *facts)
{
    for (guint i = 0; i < room->taken->len; i++)
        gpuvm_claim_free(gpuvm_facts_take_claim(facts, room->taken->pdata[i]));
    while (room->former->len > 0)
        gpuvm_facts_add_claim(facts, g_ptr_array_steal_index(room->former, room->former->len - 1));
    each_pages(facts, restore, room->pages);
    room->left = room->kept;
    gpuvm_room_keep(room, facts);
}
