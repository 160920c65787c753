/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/place.h"

#include "model/cpuset.h"
#include "model/tables.h"

void
gpuvm_place_check(const gpuvm_resources *resources, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    uint64_t host_mib = facts->memory_kib / 1024;
    gpuvm_mark mark;

    gpuvm_resources_check(resources, diags);
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

void
gpuvm_place_check_pins(const gpuvm_claim *claim, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    for (guint i = 0; i < claim->pins->len; i++) {
        int cpu = g_array_index(claim->pins, int, i);
        const gpuvm_claim *other = gpuvm_facts_pinner(facts, cpu, claim->domain);

        if (!other || !gpuvm_cpuset_has(other->pins_now, cpu))
            continue;
        gpuvm_diag_hint(gpuvm_diags_error(
                            diags, GPUVM_EXIT_HOST, NULL,
                            "CPU %d of the host is in use by domain '%s', which is running and pinned to it",
                            cpu, other->domain),
                        "stop it first, or define this VM again, which gives it other CPUs");
        return;
    }
}

static int
compare_nodes(gconstpointer a, gconstpointer b)
{
    return ((const gpuvm_guest_cell *)a)->node - ((const gpuvm_guest_cell *)b)->node;
}

static void
count_card(GArray *near, int node)
{
    const gpuvm_guest_cell first = {.node = node, .cpus = 1};

    for (guint i = 0; i < near->len; i++) {
        gpuvm_guest_cell *cell = &g_array_index(near, gpuvm_guest_cell, i);

        if (cell->node == node) {
            cell->cpus++;
            return;
        }
    }
    g_array_append_val(near, first);
}

/* The host's cells that the requested cards are on, by id, each with the number of its cards as cpus. */
static GArray *
find_near(const gpuvm_plan *plan, const gpuvm_facts *facts, const char **ret_why)
{
    GArray *near = g_array_new(FALSE, FALSE, sizeof(gpuvm_guest_cell));
    const gpuvm_device *last = NULL;

    *ret_why = "its devices have no NUMA node";
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        const gpuvm_device *device = function->device;

        if (function->role != GPUVM_ROLE_REQUESTED || device->numa_node == GPUVM_UNKNOWN ||
            (last && gpuvm_device_same_card(last, device)))
            continue;
        last = device;
        if (gpuvm_facts_cell(facts, device->numa_node))
            count_card(near, device->numa_node);
        else
            *ret_why = "nothing is known of its devices' NUMA node";
    }
    g_array_sort(near, compare_nodes);
    return near;
}

/* Memory in cells of the guest's is whole pages in each of them, so that the size of the pages comes first. */
static char *
choose_pages(gpuvm_plan *plan, const GArray *near, const char *near_why, const gpuvm_facts *facts,
             bool running)
{
    static const uint64_t sizes[] = {GPUVM_PLACE_1G, GPUVM_PLACE_2M};
    const gpuvm_resources *resources = plan->vm->body.resources;
    int asked = resources->hugepages;
    char *problem = NULL;

    if (asked != GPUVM_HUGEPAGES_ANY) {
        plan->place.page_kib = asked == GPUVM_HUGEPAGES_1G   ? GPUVM_PLACE_1G
                               : asked == GPUVM_HUGEPAGES_2M ? GPUVM_PLACE_2M
                                                             : 0;
        return gpuvm_place_memory(plan, near, near_why, facts);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_free(problem);
        plan->place.page_kib = sizes[i];
        problem = gpuvm_place_memory(plan, near, near_why, facts);
        if (!problem && resources->memory_mb % (sizes[i] / 1024) == 0 &&
            gpuvm_place_has_pages(plan, facts, running))
            break;
    }
    return problem;
}

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
    return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/* A socket for each of the guest's cells: when they differ, the largest of which each has a whole number. */
static void
decide_topology(gpuvm_plan *plan, unsigned threads, const gpuvm_host *host)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    const gpuvm_cpu_topology *asked = resources->cpu_topology;
    gpuvm_placement *place = &plan->place;
    uint64_t socket = place->cells ? 0 : resources->cpu_cores;

    for (guint i = 0; place->cells && i < place->cells->len; i++)
        socket = greatest_common_divisor(g_array_index(place->cells, gpuvm_guest_cell, i).cpus, socket);
    if (socket % threads != 0)
        threads = 1;
    place->sockets = (unsigned)(asked ? asked->sockets : resources->cpu_cores / socket);
    place->cores = (unsigned)(asked ? asked->cores : socket / threads);
    place->threads = asked ? (unsigned)asked->threads : threads;
    place->topoext = place->threads > 1 && g_strcmp0(host->cpu_vendor, "AuthenticAMD") == 0;
}

bool
gpuvm_place_is_mounted(const gpuvm_host *host, uint64_t page_kib)
{
    g_auto(GStrv) sizes = g_strsplit(host->hugetlbfs ? host->hugetlbfs : "", " ", -1);
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, page_kib);

    return !host->hugetlbfs || g_strv_contains((const char *const *)sizes, size);
}

/* libvirt takes hugepages from where they are mounted, and looks for that when it starts. */
static void
check_mount(const gpuvm_plan *plan, const gpuvm_host *host, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&plan->vm->body.resources->object, "hugepages");
    uint64_t kib = plan->place.page_kib;

    if (kib > 0 && !gpuvm_place_is_mounted(host, kib))
        gpuvm_diag_hint(gpuvm_diags_warning(diags, &mark,
                                            "hugepages of %" G_GUINT64_FORMAT
                                            " MiB are mounted nowhere, and libvirt finds none that are not",
                                            kib / 1024),
                        "sudo mount --mkdir -t hugetlbfs -o pagesize=%" G_GUINT64_FORMAT
                        "M hugetlbfs /dev/hugepages%" G_GUINT64_FORMAT
                        "M, and restart libvirtd; or a line of "
                        "/etc/fstab",
                        kib / 1024, kib / 1024);
}

void
gpuvm_place(gpuvm_plan *plan, const gpuvm_facts *facts, const gpuvm_policies *policies, bool running,
            gpuvm_diags *diags)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    gpuvm_mark mark = gpuvm_object_mark(&resources->object, "numa");
    const char *why = NULL;
    g_autoptr(GArray) near = find_near(plan, facts, &why);
    g_autofree char *problem = NULL;

    if (resources->numa == GPUVM_NUMA_NONE)
        g_array_set_size(near, 0);
    problem = choose_pages(plan, near, why, facts, running);
    if (problem)
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark, "numa: %s is not possible: %s",
                          resources->numa == GPUVM_NUMA_STRICT ? "strict" : "split", problem);
    gpuvm_place_check_memory(plan, facts, running, diags);
    check_mount(plan, &facts->host, diags);
    decide_topology(plan, gpuvm_place_cpus(plan, near, facts, policies, diags), &facts->host);
}
