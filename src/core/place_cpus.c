/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/place.h"

#include "model/cpuset.h"

/* Why a CPU of the host is not free. */
typedef enum state { FREE, RESERVED, ISOLATED, PINNED } state;

/* What decides whether a CPU is. */
typedef struct ground {
    gpuvm_plan *plan;
    const gpuvm_facts *facts;
    const gpuvm_policies *policies;
    GArray *isolated; /* NULL: none */
    gpuvm_diags *diags;
    gpuvm_mark mark; /* of cpu_pinning */
} ground;

/* Cells of the host, and how many of the guest's CPUs run there. */
typedef struct zone {
    GPtrArray *cells; /* const gpuvm_cell * */
    uint64_t n;
    char *name;
} zone;

static void
free_zone(gpointer data)
{
    zone *z = data;

    g_ptr_array_unref(z->cells);
    g_free(z->name);
    g_free(z);
}

static zone *
new_zone(uint64_t n)
{
    zone *z = g_new0(zone, 1);

    z->cells = g_ptr_array_new();
    z->n = n;
    return z;
}

/* "NUMA nodes 0-1", "the host" when that is all. */
static void
name_zone(zone *z, const gpuvm_facts *facts)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int));
    g_autofree char *text = NULL;

    for (guint i = 0; i < z->cells->len; i++)
        g_array_append_val(ids, ((const gpuvm_cell *)z->cells->pdata[i])->id);
    text = gpuvm_cpuset_format(ids);
    z->name = z->cells->len == facts->cells->len
                  ? g_strdup("the host")
                  : g_strdup_printf("NUMA node%s %s", ids->len > 1 ? "s" : "", text);
}

static state
look(const ground *on, int cpu)
{
    for (unsigned i = 0; i < on->policies->n; i++) {
        if (gpuvm_cpuset_has(on->policies->of[i].spec->policy->reserved_cpus, cpu))
            return RESERVED;
    }
    if (gpuvm_cpuset_has(on->isolated, cpu))
        return ISOLATED;
    return gpuvm_facts_pinner(on->facts, cpu, on->plan->vm->name) ? PINNED : FREE;
}

/* Its CPUs (gpuvm_cpu): those that are free, or all. */
static GArray *
cpus_of(const ground *on, const zone *z, bool all)
{
    GArray *cpus = g_array_new(FALSE, FALSE, sizeof(gpuvm_cpu));

    for (guint c = 0; c < z->cells->len; c++) {
        const GArray *of = ((const gpuvm_cell *)z->cells->pdata[c])->cpus;

        for (guint i = 0; i < of->len; i++) {
            const gpuvm_cpu *cpu = &g_array_index(of, gpuvm_cpu, i);

            if (all || look(on, cpu->id) == FREE)
                g_array_append_val(cpus, *cpu);
        }
    }
    return cpus;
}

/* The numbers of @cpus (gpuvm_cpu), ascending, without those in @except (int, ascending; NULL: none). */
static GArray *
numbers(const GArray *cpus, const GArray *except)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < cpus->len; i++) {
        int id = g_array_index(cpus, gpuvm_cpu, i).id;

        if (!gpuvm_cpuset_has(except, id))
            g_array_append_val(ids, id);
    }
    g_array_sort(ids, gpuvm_cpuset_compare);
    return ids;
}

/* "domain 'a' has 4" of @cpus that others have pinned. */
static void
tell_pinners(const ground *on, const GArray *cpus, GString *text)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GList) names = NULL;

    for (guint i = 0; i < cpus->len; i++) {
        int cpu = g_array_index(cpus, gpuvm_cpu, i).id;
        char *name =
            look(on, cpu) == PINNED ? gpuvm_facts_pinner(on->facts, cpu, on->plan->vm->name)->domain : NULL;

        if (name)
            g_hash_table_insert(counts, name,
                                GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(counts, name)) + 1));
    }
    names = g_list_sort(g_hash_table_get_keys(counts), (GCompareFunc)g_strcmp0);
    for (const GList *each = names; each; each = each->next)
        g_string_append_printf(text, ", domain '%s' has %d", (const char *)each->data,
                               GPOINTER_TO_INT(g_hash_table_lookup(counts, each->data)));
}

/* Of each cell, how many CPUs are free, and who has the others. */
static void
tell_who(const ground *on, const zone *z, gpuvm_diag *diag)
{
    for (guint c = 0; c < z->cells->len; c++) {
        const gpuvm_cell *cell = z->cells->pdata[c];
        g_autoptr(GString) text = g_string_new(NULL);
        guint counts[PINNED + 1] = {0};

        for (guint i = 0; i < cell->cpus->len; i++)
            counts[look(on, g_array_index(cell->cpus, gpuvm_cpu, i).id)]++;
        g_string_printf(text, "of the %u CPUs of NUMA node %d, %u are free", cell->cpus->len, cell->id,
                        counts[FREE]);
        if (counts[RESERVED] > 0)
            g_string_append_printf(text, ", the policy reserves %u", counts[RESERVED]);
        if (counts[ISOLATED] > 0)
            g_string_append_printf(text, ", the kernel isolates %u", counts[ISOLATED]);
        tell_pinners(on, cell->cpus, text);
        gpuvm_diag_hint(diag, "%s", text->str);
    }
}

/* Where the VM has no cell: the one that has enough and least beyond it, for CPUs of their own; else all. */
static void
choose_cells(const ground *on, zone *z)
{
    bool dedicated = on->plan->vm->body.resources->cpu_pinning == GPUVM_PINNING_DEDICATED;
    const gpuvm_cell *best = NULL;
    guint least = G_MAXUINT;

    for (guint i = 0; i < on->facts->cells->len; i++) {
        g_ptr_array_set_size(z->cells, 0);
        g_ptr_array_add(z->cells, on->facts->cells->pdata[i]);
        g_autoptr(GArray) idle = cpus_of(on, z, false);
        if (dedicated && idle->len >= z->n && idle->len < least) {
            least = idle->len;
            best = on->facts->cells->pdata[i];
        }
    }
    g_ptr_array_set_size(z->cells, 0);
    for (guint i = 0; i < on->facts->cells->len; i++) {
        if (!best || best == on->facts->cells->pdata[i])
            g_ptr_array_add(z->cells, on->facts->cells->pdata[i]);
    }
}

/* One for each of the guest's cells, or for all of the guest. */
static GPtrArray *
list_zones(const ground *on, const GArray *near)
{
    GPtrArray *zones = g_ptr_array_new_with_free_func(free_zone);
    const GArray *cells = on->plan->place.cells;

    for (guint i = 0; cells && i < cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(cells, gpuvm_guest_cell, i);
        zone *z = new_zone(cell->cpus);

        g_ptr_array_add(z->cells, (gpointer)gpuvm_facts_cell(on->facts, cell->node));
        g_ptr_array_add(zones, z);
    }
    if (!cells) {
        zone *z = new_zone(on->plan->vm->body.resources->cpu_cores);

        for (guint i = 0; i < near->len; i++) {
            const gpuvm_cell *cell =
                gpuvm_facts_cell(on->facts, g_array_index(near, gpuvm_guest_cell, i).node);

            if (cell->cpus->len > 0)
                g_ptr_array_add(z->cells, (gpointer)cell);
        }
        if (z->cells->len == 0)
            choose_cells(on, z);
        g_ptr_array_add(zones, z);
    }
    for (guint i = 0; i < zones->len; i++)
        name_zone(zones->pdata[i], on->facts);
    return zones;
}

/* Of @idle, those that the VM has been pinned to, as long as they are enough: defining it again does not move it. */
static bool
keep_former(const ground *on, GArray *idle, uint64_t n)
{
    const gpuvm_claim *former = gpuvm_facts_claim(on->facts, on->plan->vm->name);
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(gpuvm_cpu));

    for (guint i = 0; former && i < idle->len; i++) {
        const gpuvm_cpu *cpu = &g_array_index(idle, gpuvm_cpu, i);

        if (gpuvm_cpuset_has(former->pins, cpu->id))
            g_array_append_val(kept, *cpu);
    }
    if (kept->len < n)
        return false;
    g_array_set_size(idle, 0);
    g_array_append_vals(idle, kept->data, kept->len);
    return true;
}

/* Each of the CPUs in @z on one of the host's. */
static void
pin_zone(const ground *on, const zone *z, GString *why, unsigned *threads)
{
    gpuvm_placement *place = &on->plan->place;
    g_autoptr(GArray) idle = cpus_of(on, z, false), all = cpus_of(on, z, true);
    bool former = keep_former(on, idle, z->n);
    unsigned per_core = 1;
    g_autoptr(GArray) picked = gpuvm_place_pick(idle, all, z->n, &per_core);

    if (picked->len < z->n) {
        tell_who(on, z,
                 gpuvm_diags_error(on->diags, GPUVM_EXIT_HOST, &on->mark,
                                   "%" G_GUINT64_FORMAT " CPUs of %s are needed for cpu_pinning: dedicated, "
                                   "%u are free",
                                   z->n, z->name, idle->len));
        return;
    }
    for (guint i = 0; i < picked->len; i++) {
        GArray *one = g_array_new(FALSE, FALSE, sizeof(int));

        g_array_append_val(one, g_array_index(picked, int, i));
        g_ptr_array_add(place->pins, one);
    }
    *threads = *threads == 0 || *threads == per_core ? per_core : 1;
    g_string_append_printf(why, "%s%" G_GUINT64_FORMAT " of %s for itself%s%s", why->len > 0 ? ", " : "",
                           z->n, z->name, per_core > 1 ? ", as whole cores" : "",
                           former ? ", as before" : "");
}

/* QEMU's own threads run on what is left of the same cells. */
static void
place_emulator(const ground *on, const GPtrArray *zones)
{
    gpuvm_placement *place = &on->plan->place;

    place->emulator = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < zones->len; i++) {
        g_autoptr(GArray) idle = cpus_of(on, zones->pdata[i], false), left = numbers(idle, place->cpus);

        if (left->len > 0)
            g_array_append_vals(place->emulator, left->data, left->len);
    }
    g_array_sort(place->emulator, gpuvm_cpuset_compare);
    if (place->emulator->len > 0)
        return;
    g_array_append_vals(place->emulator, place->cpus->data, place->cpus->len);
    gpuvm_diags_note(on->diags, &on->mark,
                     "QEMU's own threads run on the guest's CPUs: there is no other left");
}

static void
dedicate(const ground *on, const GPtrArray *zones, unsigned *threads)
{
    gpuvm_placement *place = &on->plan->place;
    g_autoptr(GString) why = g_string_new(NULL);
    unsigned errors = on->diags->errors;

    place->pins = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    *threads = 0;
    for (guint i = 0; i < zones->len; i++)
        pin_zone(on, zones->pdata[i], why, threads);
    *threads = MAX(*threads, 1);
    if (on->diags->errors > errors) {
        g_clear_pointer(&place->pins, g_ptr_array_unref);
        return;
    }
    place->cpus = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < place->pins->len; i++)
        g_array_append_val(place->cpus, g_array_index((const GArray *)place->pins->pdata[i], int, 0));
    g_array_sort(place->cpus, gpuvm_cpuset_compare);
    place->cpus_why = g_strdup(why->str);
    place_emulator(on, zones);
}

/* On all that is free in their cells; on any, when that is all there is. */
static void
share(const ground *on, const GPtrArray *zones, bool near)
{
    gpuvm_placement *place = &on->plan->place;
    g_autoptr(GPtrArray) pins = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < zones->len; i++) {
        const zone *z = zones->pdata[i];
        g_autoptr(GArray) idle = cpus_of(on, z, false), ids = numbers(idle, NULL);

        if (ids->len == 0 && z->cells->len > 0) {
            tell_who(on, z,
                     gpuvm_diags_error(on->diags, GPUVM_EXIT_HOST, &on->mark,
                                       "no CPU of %s is left for cpu_pinning: shared", z->name));
            return;
        }
        g_array_append_vals(cpus, ids->data, ids->len);
        for (uint64_t k = 0; k < z->n; k++)
            g_ptr_array_add(pins, g_array_ref(ids));
    }
    if (!near && on->plan->vm->body.resources->cpu_pinning == GPUVM_PINNING_SHARED)
        gpuvm_diags_note(on->diags, &on->mark, "the guest's CPUs are not kept to a NUMA node: %s",
                         place->why);
    if (zones->len == 1 && (cpus->len == 0 || cpus->len == on->facts->cpus))
        return;
    g_array_sort(cpus, gpuvm_cpuset_compare);
    place->cpus = g_steal_pointer(&cpus);
    place->pins = zones->len > 1 ? g_steal_pointer(&pins) : NULL;
    place->cpus_why = zones->len > 1
                          ? g_strdup("shared, each on those of its NUMA node")
                          : g_strdup_printf("shared, those of %s", ((const zone *)zones->pdata[0])->name);
}

unsigned
gpuvm_place_cpus(gpuvm_plan *plan, const GArray *near, const gpuvm_facts *facts,
                 const gpuvm_policies *policies, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    int pinning = resources->cpu_pinning != GPUVM_PINNING_AUTO ? resources->cpu_pinning
                  : plan->functions->len > 0                   ? GPUVM_PINNING_SHARED
                                                               : GPUVM_PINNING_NONE;
    g_autoptr(GArray) isolated =
        facts->host.isolated_cpus ? gpuvm_cpuset_parse(facts->host.isolated_cpus) : NULL;
    const ground on = {plan,     facts, policies,
                       isolated, diags, gpuvm_object_mark(&resources->object, "cpu_pinning")};
    unsigned threads = 1;

    if (pinning != GPUVM_PINNING_NONE) {
        g_autoptr(GPtrArray) zones = list_zones(&on, near);

        if (pinning == GPUVM_PINNING_DEDICATED)
            dedicate(&on, zones, &threads);
        else
            share(&on, zones, near->len > 0 || plan->place.cells);
    }
    return threads;
}
