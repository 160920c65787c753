/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/place.h"

void
gpuvm_place_check(const gpuvm_resources *resources, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    uint64_t host_mib = facts->memory_kib / 1024;
    gpuvm_mark mark;

    if (host_mib > 0 && resources->memory_mb > host_mib) {
        mark = gpuvm_object_mark(&resources->object, "memory_mb");
        gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark,
                                             "memory_mb is %" G_GUINT64_FORMAT
                                             " MiB, the host has %" G_GUINT64_FORMAT " MiB",
                                             resources->memory_mb, host_mib);
        gpuvm_diag_hint(diag,
                        "a guest with a passed device has all its memory pinned: leave some for the host");
    }
    if (facts->cpus > 0 && resources->cpu_cores > facts->cpus) {
        mark = gpuvm_object_mark(&resources->object, "cpu_cores");
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark,
                          "cpu_cores is %" G_GUINT64_FORMAT ", the host has %u CPUs", resources->cpu_cores,
                          facts->cpus);
    }
}

/* The cell of all the cards; GPUVM_UNKNOWN when they have none or several, with @ret_why. */
static const gpuvm_cell *
cell_of_cards(const gpuvm_plan *plan, const gpuvm_facts *facts, const char **ret_why)
{
    int node = GPUVM_UNKNOWN;

    *ret_why = "its devices have no NUMA node";
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role != GPUVM_ROLE_REQUESTED || function->device->numa_node == GPUVM_UNKNOWN)
            continue;
        if (node != GPUVM_UNKNOWN && node != function->device->numa_node) {
            *ret_why = "its devices are on several NUMA nodes";
            return NULL;
        }
        node = function->device->numa_node;
    }
    if (node == GPUVM_UNKNOWN)
        return NULL;
    *ret_why = "nothing is known of its devices' NUMA node";
    return gpuvm_facts_cell(facts, node);
}

/* Pages of @page_kib on @cell, or on the whole host when it is NULL; UINT64_MAX when nothing is known of
 * them. */
static uint64_t
pages_of(const gpuvm_facts *facts, const gpuvm_cell *cell, uint64_t page_kib)
{
    uint64_t total = 0;
    bool known = false;

    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *each = facts->cells->pdata[i];

        for (guint p = 0; (!cell || cell == each) && p < each->pages->len; p++) {
            const gpuvm_pages *pages = &g_array_index(each->pages, gpuvm_pages, p);

            known = true;
            if (pages->size_kib == page_kib)
                total += pages->total;
        }
    }
    return known ? total : UINT64_MAX;
}

static void
place_hugepages(gpuvm_plan *plan, const gpuvm_facts *facts, const gpuvm_cell *cell, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    gpuvm_mark mark = gpuvm_object_mark(&resources->object, "hugepages");
    uint64_t page_mib = resources->hugepages == GPUVM_HUGEPAGES_1G ? 1024 : 2;
    uint64_t wanted = resources->memory_mb / page_mib, have = pages_of(facts, cell, page_mib * 1024);
    g_autofree char *where = cell ? g_strdup_printf("NUMA node %d", cell->id) : g_strdup("the host");

    plan->place.page_kib = page_mib * 1024;
    if (resources->memory_mb % page_mib != 0)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                          "memory_mb must be a multiple of %" G_GUINT64_FORMAT " with these hugepages",
                          page_mib);
    if (have < wanted) {
        gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark,
                                             "%" G_GUINT64_FORMAT " hugepages of %" G_GUINT64_FORMAT
                                             " MiB are needed, %s has %" G_GUINT64_FORMAT,
                                             wanted, page_mib, where, have);
        gpuvm_diag_hint(diag,
                        "reserve them: echo %" G_GUINT64_FORMAT
                        " | sudo tee /sys/devices/system/node/node%d/hugepages/hugepages-%" G_GUINT64_FORMAT
                        "kB/nr_hugepages",
                        wanted, cell ? cell->id : 0, page_mib * 1024);
    }
}

void
gpuvm_place(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    const gpuvm_cell *cell = NULL;
    const char *why = "numa is none";

    if (resources->numa == GPUVM_NUMA_AUTO)
        cell = cell_of_cards(plan, facts, &why);
    if (cell && cell->memory_kib > 0 && resources->memory_mb > cell->memory_kib / 1024) {
        why = "it has more memory than its devices' NUMA node";
        cell = NULL;
    }

    plan->place.numa_node = cell ? cell->id : GPUVM_UNKNOWN;
    plan->place.why = cell ? g_strdup_printf("its devices are on NUMA node %d", cell->id) : g_strdup(why);
    if (resources->hugepages != GPUVM_HUGEPAGES_NONE)
        place_hugepages(plan, facts, cell, diags);

    gpuvm_mark mark = gpuvm_object_mark(&resources->object, "cpu_pinning");
    if (resources->cpu_pinning == GPUVM_PINNING_DEDICATED)
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, &mark,
                          "cpu_pinning: dedicated is not supported by this version of gpuvm");
    else if (resources->cpu_pinning == GPUVM_PINNING_SHARED && cell && cell->cpus->len > 0)
        plan->place.cpus = g_array_ref(cell->cpus);
    else if (resources->cpu_pinning == GPUVM_PINNING_SHARED)
        gpuvm_diags_note(diags, &mark, "the guest's CPUs are not kept to a NUMA node: %s", plan->place.why);
}
