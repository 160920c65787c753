/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds for the CPUs of two dedicated VMs, one planned after the other, on random hosts.
 *
 * GPUVM_TEST_SEED takes the place of the first seed, and then only that one is run: a failure prints it.
 */
#include <config.h>

#include "facts-builder.h"

#include <stdlib.h>

#include "model/cpuset.h"

#define FIRST_SEED 1
#define RUNS 2000
#define MOST 128 /* CPUs of a host */

/** One random host, and what two VMs want of it, as the texts of facts-builder.h. */
typedef struct sample {
    guint32 seed;
    GString *host;
    char *policy;
    char *definitions[2];
    int cells, threads, n; /* n: CPUs of each cell */
    bool free[MOST];
} sample;

static void
take_some(sample *s, GRand *rand, GString *list)
{
    for (int i = g_rand_int_range(rand, 0, 4); i > 0; i--) {
        int cpu = g_rand_int_range(rand, 0, s->cells * s->n);

        g_string_append_printf(list, "%s%d", list->len > 0 ? "," : "", cpu);
        s->free[cpu] = false;
    }
}

static char *
make_definition(const sample *s, GRand *rand)
{
    g_autoptr(GString) cards = g_string_new(NULL);

    for (int cell = 0; cell < s->cells; cell++) {
        if (g_rand_boolean(rand))
            g_string_append_printf(cards, "%s'0%d:00.0'", cards->len > 0 ? ", " : "", cell + 1);
    }
    return g_strdup_printf("resources: {cpu_pinning: dedicated, cpu_cores: %d, memory_mb: %d, numa: %s}\n"
                           "devices: {pci_passthrough: [%s]}\n",
                           g_rand_int_range(rand, 1, s->n + 3), g_rand_int_range(rand, 4, 4096),
                           g_rand_int_range(rand, 0, 5) > 0 ? "auto" : "none", cards->str);
}

static sample *
sample_new(guint32 seed)
{
    GRand *rand = g_rand_new_with_seed(seed);
    sample *s = g_new0(sample, 1);
    g_autoptr(GString) reserved = g_string_new(NULL), isolated = g_string_new(NULL),
                       pins = g_string_new(NULL);
    int cache;

    s->seed = seed;
    s->cells = g_rand_int_range(rand, 1, 4);
    s->threads = g_rand_int_range(rand, 1, 3);
    cache = s->threads * g_rand_int_range(rand, 1, 5);
    s->n = s->threads * g_rand_int_range(rand, 1, 17);
    for (int cpu = 0; cpu < s->cells * s->n; cpu++)
        s->free[cpu] = true;
    take_some(s, rand, reserved);
    take_some(s, rand, isolated);
    take_some(s, rand, pins);
    s->host = g_string_new(NULL);
    for (int i = 0; i < s->cells; i++)
        g_string_append_printf(s->host,
                               "cell %d cpus=%d-%d memory=65536 threads=%d L3=%d\n"
                               "0000:0%d:00.0 030000 10de:2204 group=%d numa=%d\n",
                               i, i * s->n, (i + 1) * s->n - 1, s->threads, cache, i + 1, i, i);
    g_string_append_printf(s->host, "host cpus=%d%s%s\n", s->cells * s->n,
                           isolated->len > 0 ? " isolated=" : "", isolated->str);
    if (pins->len > 0)
        g_string_append_printf(s->host, "domain other pins=%s\n", pins->str);
    s->policy = reserved->len > 0 ? g_strdup_printf("{reserved_cpus: '%s'}", reserved->str) : NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(s->definitions); i++)
        s->definitions[i] = make_definition(s, rand);
    g_rand_free(rand);
    return s;
}

static void
sample_free(sample *s)
{
    g_string_free(s->host, TRUE);
    g_free(s->policy);
    g_free(s->definitions[0]);
    g_free(s->definitions[1]);
    g_free(s);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sample, sample_free)

static void G_GNUC_NORETURN
broken(const sample *s, const plan_scene *scene, const char *property)
{
    const GArray *cpus = scene->plan->place.cpus;
    g_autofree char *text = cpus ? gpuvm_cpuset_format(cpus) : NULL;

    fail_msg("%s\nGPUVM_TEST_SEED=%u\n%s%s\n%s%sCPUs: %s", property, s->seed, s->host->str, s->policy,
             s->definitions[0], s->definitions[1], text);
    abort();
}

/** How many of the CPUs from @first on are free, all of them and in cores that are free as a whole. */
static void
count_free(const sample *s, int first, int n, int *ret_all, int *ret_whole)
{
    *ret_all = *ret_whole = 0;
    for (int core = first; core < first + n; core += s->threads) {
        int idle = 0;

        for (int i = 0; i < s->threads; i++)
            idle += s->free[core + i];
        *ret_all += idle;
        *ret_whole += idle == s->threads ? idle : 0;
    }
}

/** @n of the guest's CPUs, from @from on, are on those of the host from @first on, @most in number. */
static void
check_zone(const sample *s, const plan_scene *scene, int from, int n, int first, int most)
{
    const GPtrArray *pins = scene->plan->place.pins;
    int in_core[MOST] = {0}, in_whole = 0, all, whole;

    count_free(s, first, most, &all, &whole);
    for (int i = from; i < from + n; i++) {
        const GArray *pin = pins->pdata[i];
        int cpu = g_array_index(pin, int, 0);

        if (pin->len != 1 || cpu < first || cpu >= first + most)
            broken(s, scene, "a CPU is not in its cell");
        if (!s->free[cpu])
            broken(s, scene, "a CPU is reserved, isolated, or somebody else's");
        in_core[cpu / s->threads]++;
    }
    for (int core = 0; core < MOST; core++) {
        if (in_core[core] > s->threads)
            broken(s, scene, "two CPUs are on one");
        in_whole += in_core[core] == s->threads ? s->threads : 0;
    }
    if (in_whole < MIN(whole, n - n % s->threads))
        broken(s, scene, "there are whole cores that were not given");
}

static void
check_cells(const sample *s, const plan_scene *scene)
{
    const gpuvm_placement *place = &scene->plan->place;
    const gpuvm_resources *resources = scene->vm->vm->body.resources;
    uint64_t cpus = 0, memory = 0;

    for (guint i = 0; i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);

        if (cell->cpus == 0 || cell->memory_mb == 0)
            broken(s, scene, "a cell is empty");
        check_zone(s, scene, (int)cpus, (int)cell->cpus, cell->node * s->n, s->n);
        cpus += cell->cpus;
        memory += cell->memory_mb;
    }
    if (cpus != resources->cpu_cores || memory != resources->memory_mb)
        broken(s, scene, "the cells are not all of the VM");
}

/** The plan of one of the two, which then has its CPUs. Returns whether there was one. */
static bool
check_plan(sample *s, int which)
{
    g_autoptr(plan_scene) scene = scene_new(s->host->str, s->definitions[which], s->policy, NULL);
    const gpuvm_placement *place;
    int all, whole, n;

    scene_plan(scene);
    place = &scene->plan->place;
    n = (int)scene->vm->vm->body.resources->cpu_cores;
    if (place->sockets * place->cores * place->threads != (unsigned)n)
        broken(s, scene, "the topology is not that of its CPUs");
    if (!place->pins) {
        count_free(s, 0, s->cells * s->n, &all, &whole);
        if (scene->diags->errors == 0 || (s->cells == 1 && all >= n))
            broken(s, scene, "there is room");
        return false;
    }
    if (scene->diags->errors > 0)
        return false;
    if ((int)place->pins->len != n)
        broken(s, scene, "not each CPU has one");
    if (place->cells)
        check_cells(s, scene);
    else if (place->numa_node != GPUVM_UNKNOWN)
        check_zone(s, scene, 0, n, place->numa_node * s->n, s->n);
    for (guint i = 0; i < place->cpus->len; i++) {
        int cpu = g_array_index(place->cpus, int, i);

        if (!s->free[cpu])
            broken(s, scene, "a CPU is reserved, isolated, or somebody else's");
        s->free[cpu] = false;
    }
    g_autofree char *cpus = gpuvm_cpuset_format(place->cpus);
    g_string_append_printf(s->host, "domain first pins=%s\n", cpus);
    return true;
}

static void
hold_on_random_hosts(void **state G_GNUC_UNUSED)
{
    const char *seed = g_getenv("GPUVM_TEST_SEED");
    guint32 first = seed ? (guint32)strtoul(seed, NULL, 10) : FIRST_SEED;
    unsigned both = 0;

    for (guint32 run = 0; run < (seed ? 1 : RUNS); run++) {
        g_autoptr(sample) s = sample_new(first + run);

        if (check_plan(s, 0))
            both += check_plan(s, 1);
    }
    print_message("# of %u hosts, %u have room for both\n", seed ? 1 : RUNS, both);
    assert_true(seed || both > RUNS / 10); /* else the samples say nothing */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hold_on_random_hosts),
    };

    return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
