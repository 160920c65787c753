/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/place.h"

#include "model/cpuset.h"

/* A part of the guest's memory. */
typedef struct part {
    const gpuvm_cell *cell; /* NULL: from anywhere */
    uint64_t mib;
    char where[32];
} part;

/* The parts of the memory as it was decided, to be freed. */
static GArray *
list_parts(const gpuvm_plan *plan, const gpuvm_facts *facts)
{
    const gpuvm_placement *place = &plan->place;
    GArray *parts = g_array_new(FALSE, FALSE, sizeof(part));
    part whole = {gpuvm_facts_cell(facts, place->numa_node), plan->vm->body.resources->memory_mb, ""};

    if (!place->cells)
        g_array_append_val(parts, whole);
    for (guint i = 0; place->cells && i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);
        const part of = {gpuvm_facts_cell(facts, cell->node), cell->memory_mb, ""};

        g_array_append_val(parts, of);
    }
    for (guint i = 0; i < parts->len; i++) {
        part *each = &g_array_index(parts, part, i);

        if (each->cell)
            g_snprintf(each->where, sizeof each->where, "NUMA node %d", each->cell->id);
        else
            g_strlcpy(each->where, "the host", sizeof each->where);
    }
    return parts;
}

/*
 * @total in parts that are in proportion to @weights (the cpus of gpuvm_guest_cell), none of them empty: each unit goes to
 * the cell that has fewest for its weight. @total is at least their number.
 */
static void
apportion(uint64_t total, const GArray *weights, uint64_t *parts)
{
    for (guint i = 0; i < weights->len; i++)
        parts[i] = 1;
    for (uint64_t given = weights->len; given < total; given++) {
        guint best = 0;

        for (guint i = 1; i < weights->len; i++) {
            uint64_t weight = g_array_index(weights, gpuvm_guest_cell, i).cpus;

            if (weight * (parts[best] + 1) >
                g_array_index(weights, gpuvm_guest_cell, best).cpus * (parts[i] + 1))
                best = i;
        }
        parts[best]++;
    }
}

/* The threads of the first core, which stands for all of them. */
static unsigned
threads_of(const GArray *weights, const gpuvm_facts *facts)
{
    const gpuvm_cell *first = gpuvm_facts_cell(facts, g_array_index(weights, gpuvm_guest_cell, 0).node);
    unsigned threads = 0;

    for (guint i = 0; i < first->cpus->len; i++) {
        const gpuvm_cpu *cpu = &g_array_index(first->cpus, gpuvm_cpu, i);
        threads += cpu->core == g_array_index(first->cpus, gpuvm_cpu, 0).core;
    }
    return MAX(threads, 1);
}

/* In proportion to the CPUs: whole pages, and what is left over one page more from the first on. */
static void
divide_memory(GArray *cells, uint64_t pages, uint64_t page_mib, uint64_t cpus)
{
    uint64_t given = 0;
    guint largest = 0;

    for (guint i = 0; i < cells->len; i++) {
        gpuvm_guest_cell *cell = &g_array_index(cells, gpuvm_guest_cell, i);

        cell->memory_mb = MAX(pages * cell->cpus / cpus, 1);
        given += cell->memory_mb;
        if (cell->cpus > g_array_index(cells, gpuvm_guest_cell, largest).cpus)
            largest = i;
    }
    for (guint i = 0; given < pages; i++, given++)
        g_array_index(cells, gpuvm_guest_cell, i % cells->len).memory_mb++;
    g_array_index(cells, gpuvm_guest_cell, largest).memory_mb -= given - pages;
    for (guint i = 0; i < cells->len; i++)
        g_array_index(cells, gpuvm_guest_cell, i).memory_mb *= page_mib;
}

/* The guest's cells, in proportion to @weights; NULL, with *@ret_why: it cannot be divided so. */
static GArray *
divide(const gpuvm_plan *plan, const GArray *weights, const gpuvm_facts *facts, const char **ret_why)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    uint64_t page_mib = MAX(plan->place.page_kib / 1024, 1), pages = resources->memory_mb / page_mib;
    uint64_t unit = threads_of(weights, facts); /* so that cores stay whole */
    g_autofree uint64_t *cpus = g_new0(uint64_t, weights->len);
    g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(gpuvm_guest_cell));

    *ret_why = "it has fewer CPUs, or pages of memory, than these are";
    if (resources->cpu_cores < weights->len || pages < weights->len)
        return NULL;
    if (resources->cpu_cores % unit != 0 || resources->cpu_cores / unit < weights->len)
        unit = 1;
    apportion(resources->cpu_cores / unit, weights, cpus);
    for (guint i = 0; i < weights->len; i++) {
        const gpuvm_guest_cell cell = {.node = g_array_index(weights, gpuvm_guest_cell, i).node,
                                       .cpus = cpus[i] * unit};
        g_array_append_val(cells, cell);
    }
    divide_memory(cells, pages, page_mib, resources->cpu_cores);
    *ret_why = "they have less memory, or no CPUs";
    for (guint i = 0; i < cells->len; i++) {
        const gpuvm_guest_cell *each = &g_array_index(cells, gpuvm_guest_cell, i);
        const gpuvm_cell *cell = gpuvm_facts_cell(facts, each->node);

        if (cell->cpus->len == 0 || (cell->memory_kib > 0 && each->memory_mb > cell->memory_kib / 1024))
            return NULL;
    }
    return g_steal_pointer(&cells);
}

/* All cells of the host that have CPUs, which are their weights. */
static GArray *
whole_host(const gpuvm_facts *facts)
{
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(gpuvm_guest_cell));

    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *cell = facts->cells->pdata[i];
        const gpuvm_guest_cell entry = {.node = cell->id, .cpus = cell->cpus->len};

        if (cell->cpus->len > 0 && cell->memory_kib > 0)
            g_array_append_val(cells, entry);
    }
    return cells;
}

/* libvirt takes 10 for a cell itself, and more for others. */
static unsigned
distance_between(const gpuvm_facts *facts, int from, int to)
{
    const GArray *distances = gpuvm_facts_cell(facts, from)->distances;

    for (guint i = 0; i < distances->len; i++) {
        const gpuvm_distance *each = &g_array_index(distances, gpuvm_distance, i);

        if (each->id == to && (from == to ? each->value == 10 : each->value > 10 && each->value < UINT8_MAX))
            return each->value;
    }
    return 0;
}

/* From each of @cells to each; NULL when one of them is not known. */
static GArray *
list_distances(const GArray *cells, const gpuvm_facts *facts)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(unsigned));

    for (guint i = 0; i < cells->len; i++) {
        for (guint k = 0; k < cells->len; k++) {
            unsigned value = distance_between(facts, g_array_index(cells, gpuvm_guest_cell, i).node,
                                              g_array_index(cells, gpuvm_guest_cell, k).node);
            if (value == 0)
                return NULL;
            g_array_append_val(all, value);
        }
    }
    return g_steal_pointer(&all);
}

static char *
names_of(const GArray *cells)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < cells->len; i++)
        g_array_append_val(nodes, g_array_index(cells, gpuvm_guest_cell, i).node);
    return gpuvm_cpuset_format(nodes);
}

/* Memory from the one cell of @cells; returns why not, borrowed. */
static const char *
keep_to_node(gpuvm_plan *plan, const GArray *cells, const gpuvm_facts *facts)
{
    const gpuvm_cell *cell = gpuvm_facts_cell(facts, g_array_index(cells, gpuvm_guest_cell, 0).node);

    if (cell->memory_kib > 0 && plan->vm->body.resources->memory_mb > cell->memory_kib / 1024)
        return "it has more memory than its devices' NUMA node";
    plan->place.numa_node = cell->id;
    return NULL;
}

char *
gpuvm_place_memory(gpuvm_plan *plan, const GArray *near, const char *near_why, const gpuvm_facts *facts)
{
    gpuvm_placement *place = &plan->place;
    int numa = plan->vm->body.resources->numa;
    g_autoptr(GArray) host = whole_host(facts);
    bool on_host = (numa == GPUVM_NUMA_SPLIT && near->len < 2) ||
                   (numa == GPUVM_NUMA_STRICT && near->len == 0 && host->len == 1);
    const GArray *cells = on_host ? host : near;
    g_autofree char *names = names_of(cells);
    const char *why = near_why;

    place->numa_node = GPUVM_UNKNOWN;
    place->strict = numa == GPUVM_NUMA_STRICT;
    g_clear_pointer(&place->cells, g_array_unref);
    g_clear_pointer(&place->distances, g_array_unref);
    g_clear_pointer(&place->why, g_free);
    if (numa == GPUVM_NUMA_NONE)
        why = "numa is none";
    else if (cells->len == 1)
        why = keep_to_node(plan, cells, facts);
    else if (cells->len > 1 && (place->cells = divide(plan, cells, facts, &why)))
        why = NULL;
    if (place->cells)
        place->distances = list_distances(place->cells, facts);
    if (!why && on_host)
        place->why = cells->len > 1 ? g_strdup_printf("numa is split, over NUMA nodes %s", names)
                                    : g_strdup("the host has one NUMA node");
    else if (!why)
        place->why = g_strdup_printf("its devices are on NUMA node%s %s", cells->len > 1 ? "s" : "", names);
    else if (cells->len > 1)
        place->why = g_strdup_printf("its devices are on NUMA nodes %s, and %s", names, why);
    else
        place->why = g_strdup(on_host && cells->len == 0 ? "nothing is known of the host's NUMA nodes" : why);
    return why && (numa == GPUVM_NUMA_STRICT || numa == GPUVM_NUMA_SPLIT) ? g_strdup(place->why) : NULL;
}

/* Pages of @page_kib on @cell, or on the whole host when it is NULL; UINT64_MAX, twice, when nothing is known of them. */
static void
count_pages(const gpuvm_facts *facts, const gpuvm_cell *cell, uint64_t page_kib, uint64_t *ret_total,
            uint64_t *ret_free)
{
    uint64_t total = 0, idle = 0;
    bool known = false, looked = false;

    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *each = facts->cells->pdata[i];

        for (guint p = 0; (!cell || cell == each) && p < each->pages->len; p++) {
            const gpuvm_pages *pages = &g_array_index(each->pages, gpuvm_pages, p);

            known = true;
            if (pages->size_kib != page_kib)
                continue;
            total += pages->total;
            looked |= pages->free != GPUVM_PAGES_UNKNOWN;
            idle += pages->free == GPUVM_PAGES_UNKNOWN ? 0 : pages->free;
        }
    }
    *ret_total = known ? total : GPUVM_PAGES_UNKNOWN;
    *ret_free = looked ? idle : GPUVM_PAGES_UNKNOWN;
}

bool
gpuvm_place_has_pages(const gpuvm_plan *plan, const gpuvm_facts *facts, bool running)
{
    g_autoptr(GArray) parts = list_parts(plan, facts);
    uint64_t page_kib = plan->place.page_kib, total, idle;
    bool has = gpuvm_place_is_mounted(&facts->host, page_kib);

    for (guint i = 0; i < parts->len; i++) {
        const part *each = &g_array_index(parts, part, i);

        count_pages(facts, each->cell, page_kib, &total, &idle);
        has = has && (running ? total : MIN(total, idle)) >= each->mib / (page_kib / 1024);
    }
    return has;
}

/* Of 1 GiB, only a host that has just started has any to give. */
static void
add_remedy(gpuvm_diag *diag, const part *of, uint64_t page_kib, uint64_t pages)
{
    g_autofree char *node = of->cell ? g_strdup_printf("%d:", of->cell->id) : g_strdup("");

    if (page_kib == GPUVM_PLACE_1G)
        gpuvm_diag_hint(diag,
                        "reserve them when the host boots, by arguments of its kernel: hugepagesz=1G "
                        "hugepages=%s%" G_GUINT64_FORMAT,
                        node, pages);
    else
        gpuvm_diag_hint(diag,
                        "reserve them: echo %" G_GUINT64_FORMAT
                        " | sudo tee /sys/devices/system/node/node%d/hugepages/hugepages-%" G_GUINT64_FORMAT
                        "kB/nr_hugepages",
                        pages, of->cell ? of->cell->id : 0, page_kib);
}

static void
check_pages(const gpuvm_plan *plan, const part *of, const gpuvm_facts *facts, bool running,
            const gpuvm_mark *mark, gpuvm_diags *diags)
{
    uint64_t page_kib = plan->place.page_kib, page_mib = page_kib / 1024, wanted = of->mib / page_mib;
    uint64_t total, idle;

    count_pages(facts, of->cell, page_kib, &total, &idle);
    if (total < wanted)
        add_remedy(gpuvm_diags_error(diags, GPUVM_EXIT_HOST, mark,
                                     "%" G_GUINT64_FORMAT " hugepages of %" G_GUINT64_FORMAT
                                     " MiB are needed, %s has %" G_GUINT64_FORMAT,
                                     wanted, page_mib, of->where, total),
                   of, page_kib, wanted + (idle == GPUVM_PAGES_UNKNOWN ? 0 : total - MIN(idle, total)));
    else if (!running && idle < wanted)
        gpuvm_diag_hint(gpuvm_diags_warning(diags, mark,
                                            "%" G_GUINT64_FORMAT " hugepages of %" G_GUINT64_FORMAT
                                            " MiB are needed, %s has %" G_GUINT64_FORMAT
                                            ", of which %" G_GUINT64_FORMAT " are free now",
                                            wanted, page_mib, of->where, total, idle),
                        "what has the others must stop before this VM starts");
}

/* What the others that run have of @cell for good: VFIO does not let go of a page. Memory of several cells counts in equal parts. */
static uint64_t
taken_kib(const gpuvm_facts *facts, const gpuvm_cell *cell, const char *except, GString *who)
{
    uint64_t taken = 0;

    for (guint i = 0; i < facts->claims->len; i++) {
        const gpuvm_claim *claim = facts->claims->pdata[i];

        if (!claim->active || claim->now->len == 0 || claim->memory_now_kib == 0 ||
            g_str_equal(claim->domain, except) || !gpuvm_cpuset_has(claim->nodes, cell->id))
            continue;
        taken += claim->memory_now_kib / claim->nodes->len;
        g_string_append_printf(who, "%s'%s'", who->len > 0 ? ", " : "", claim->domain);
    }
    return taken;
}

/* Ordinary pages of a cell that is to give them: what it has reserved as hugepages, and given to VMs that run, is not there. */
static void
check_room(const gpuvm_plan *plan, const part *of, const gpuvm_facts *facts, const gpuvm_mark *mark,
           gpuvm_diags *diags)
{
    g_autoptr(GString) who = g_string_new(NULL);
    uint64_t gone = taken_kib(facts, of->cell, plan->vm->name, who), left;
    g_autofree char *message = NULL, *by = NULL;

    for (guint i = 0; i < of->cell->pages->len; i++) {
        const gpuvm_pages *pages = &g_array_index(of->cell->pages, gpuvm_pages, i);

        if (pages->size_kib == GPUVM_PLACE_2M || pages->size_kib == GPUVM_PLACE_1G)
            gone += pages->size_kib * pages->total;
    }
    left = of->cell->memory_kib - MIN(gone, of->cell->memory_kib);
    if (of->cell->memory_kib == 0 || of->mib <= left / 1024)
        return;
    by = who->len > 0 ? g_strdup_printf(" and what running VMs have (%s)", who->str) : g_strdup("");
    message = g_strdup_printf("%" G_GUINT64_FORMAT " MiB are to come from %s, which has %" G_GUINT64_FORMAT
                              " MiB beside its hugepages%s",
                              of->mib, of->where, left / 1024, by);
    if (plan->place.strict)
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_HOST, mark, "%s", message),
                        "numa: auto takes the rest from elsewhere");
    else
        gpuvm_diags_note(diags, mark, "%s: the rest comes from elsewhere", message);
}

void
gpuvm_place_check_memory(const gpuvm_plan *plan, const gpuvm_facts *facts, bool running, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    uint64_t page_mib = plan->place.page_kib / 1024;
    gpuvm_mark pages = gpuvm_object_mark(&resources->object, "hugepages");
    gpuvm_mark memory = gpuvm_object_mark(&resources->object, "memory_mb");
    g_autoptr(GArray) parts = list_parts(plan, facts);

    if (page_mib > 0 && resources->memory_mb % page_mib != 0)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &pages,
                          "memory_mb must be a multiple of %" G_GUINT64_FORMAT " with these hugepages",
                          page_mib);
    for (guint i = 0; i < parts->len; i++) {
        const part *each = &g_array_index(parts, part, i);

        if (page_mib > 0)
            check_pages(plan, each, facts, running, &pages, diags);
        else if (each->cell)
            check_room(plan, each, facts, &memory, diags);
    }
}
