/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/place.h"
#include "model/cpuset.h"

#define GPU0 "0000:01:00.0 030000 10de:2204 group=14 numa=0\n"
#define GPU1 "0000:81:00.0 030000 10de:2204 group=15 numa=1\n"
#define AUDIO "0000:81:00.1 040300 10de:1aef group=15 numa=1\n"
#define NOWHERE "0000:41:00.0 030000 10de:2204 group=16\n"
#define CELLS "cell 0 cpus=0-3 memory=16384 2M=1024 1G=4\ncell 1 cpus=4-7 memory=16384 2M=512 1G=8\n"
#define HOST CELLS "host cpus=8 memory=32768\n" GPU0 GPU1 AUDIO NOWHERE

#define VM(resources, addresses) "resources: {" resources "}\ndevices: {pci_passthrough: [" addresses "]}\n"

static void
finds_what_is_too_much(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"as much as the host has", HOST, VM("cpu_cores: 8, memory_mb: 32768", ""), .functions = ""},
        {"more memory", HOST, VM("memory_mb: 32769", ""),
         .errors = {"5 memory_mb is 32769 MiB, the host has 32768 MiB :: leave some for the host"}},
        {"more CPUs", HOST, VM("cpu_cores: 9", ""), .errors = {"5 cpu_cores is 9, the host has 8 CPUs"}},
        {"more of both", HOST, VM("cpu_cores: 9, memory_mb: 40000", ""),
         .errors = {"5 memory_mb is", "5 cpu_cores is"}},
        {"nothing is known of the host", GPU0, VM("cpu_cores: 4096, memory_mb: 67108864", "'01:00.0'"),
         .functions = "0000:01:00.0 requested 1.0"},
        {"another topology", HOST, VM("cpu_cores: 4, cpu_topology: {sockets: 1, cores: 4, threads: 1}", ""),
         .functions = ""},
        {"a topology of the CPUs there are by default", HOST, VM("cpu_topology: {cores: 3}", ""),
         .errors = {"3 cpu_topology is 3 CPUs, cpu_cores is 2"}},
        {"too few CPUs for itself", HOST "domain a 0000:01:00.0 pins=0-2\n",
         VM("cpu_cores: 2, cpu_pinning: dedicated", "'01:00.0'"), "{reserved_cpus: '5'}",
         .errors = {"5 2 CPUs of NUMA node 0 are needed for cpu_pinning: dedicated, 1 are free :: "
                    "of the 4 CPUs of NUMA node 0, 1 are free, domain 'a' has 3"},
         .notes = {"is also named by domain 'a'"}},
        {"of two cells", HOST "domain a active pins=4-6\n",
         VM("cpu_cores: 6, cpu_pinning: dedicated", "'01:00.0', '81:00.0'"), "{reserved_cpus: 0-1}",
         .errors =
             {"5 3 CPUs of NUMA node 0 are needed :: of the 4 CPUs of NUMA node 0, 2 are free, the policy reserves 2",
              "5 3 CPUs of NUMA node 1 are needed :: 1 are free, domain 'a' has 3"}},
        {"isolated ones", "cell 0 cpus=0-3 memory=4096\nhost cpus=4 isolated=1-3\n",
         VM("cpu_pinning: dedicated", ""),
         .errors = {"5 2 CPUs of the host are needed :: 1 are free, the kernel isolates 3"}},
        {"nothing is known of CPUs", GPU0, VM("cpu_pinning: dedicated", "'01:00.0'"),
         .errors = {"5 2 CPUs of the host are needed for cpu_pinning: dedicated, 0 are free"}},
        {"none to share", HOST "domain a active pins=0-3\n", VM("", "'01:00.0'"),
         .errors = {"5 no CPU of NUMA node 0 is left for cpu_pinning: shared :: domain 'a' has 4"}},
        {"all CPUs for itself", HOST, VM("cpu_cores: 4, cpu_pinning: dedicated", "'01:00.0'"),
         .notes = {"QEMU's own threads run on the guest's CPUs"}},
        {"strict without a node", HOST, VM("numa: strict", "'41:00.0'"),
         .errors = {"5 numa: strict is not possible: its devices have no NUMA node"}},
        {"strict with more than the node", HOST, VM("numa: strict, memory_mb: 16385", "'01:00.0'"),
         .errors = {"5 numa: strict is not possible: it has more memory than its devices' NUMA node"}},
        {"strict with too few CPUs", HOST, VM("numa: strict, cpu_cores: 1", "'01:00.0', '81:00.0'"),
         .errors =
             {"5 numa: strict is not possible: its devices are on NUMA nodes 0-1, and it has fewer CPUs"}},
        {"split with too much memory", HOST,
         VM("numa: split, cpu_cores: 8, memory_mb: 32768, hugepages: 1G", ""),
         .errors = {"5 16 hugepages of 1024 MiB are needed, NUMA node 0 has 4",
                    "5 16 hugepages of 1024 MiB are needed, NUMA node 1 has 8"}},
        {"strict beside hugepages", HOST, VM("numa: strict, memory_mb: 11000", "'01:00.0'"),
         .errors =
             {"5 11000 MiB are to come from NUMA node 0, which has 10240 MiB beside its hugepages :: numa: auto"}},
        {"strict beside a VM that runs", HOST "domain a active 0000:41:00.0 memory=10000 node=0\n",
         VM("numa: strict", "'01:00.0'"),
         .errors =
             {"5 2048 MiB are to come from NUMA node 0, which has 240 MiB beside its hugepages and what running VMs have "
              "('a')"}},
        {"the same, while there is room", HOST "domain a active 0000:41:00.0 memory=10000 node=0\n",
         VM("", "'01:00.0'"),
         .notes =
             {"2048 MiB are to come from NUMA node 0, which has 240 MiB :: the rest comes from elsewhere"}},
        {"hugepages that others have", "cell 0 cpus=0-3 memory=16384 2M=100/1024\n" GPU0,
         VM("hugepages: 2M, memory_mb: 1024", "'01:00.0'"),
         .warnings = {"512 hugepages of 2 MiB are needed, NUMA node 0 has 1024, of which 100 are free now"}},
        {"too few, of which some are in use", "cell 0 cpus=0-3 memory=16384 2M=100/1024\n" GPU0,
         VM("hugepages: 2M, memory_mb: 4096", "'01:00.0'"),
         .errors = {"5 2048 hugepages of 2 MiB are needed, NUMA node 0 has 1024 :: echo 2972 |"}},
        {"too few hugepages of the node", HOST, VM("hugepages: 2M, memory_mb: 2048", "'81:00.0'"),
         .errors = {"5 1024 hugepages of 2 MiB are needed, NUMA node 1 has 512 :: echo 1024 | sudo tee "
                    "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"}},
        {"too few of the host", HOST, VM("hugepages: 1G, memory_mb: 16384", ""),
         .errors =
             {"5 16 hugepages of 1024 MiB are needed, the host has 12 :: when the host boots :: hugepagesz=1G "
              "hugepages=16"}},
        {"hugepages that are mounted", HOST "host hugetlbfs=2048,1048576\n",
         VM("hugepages: 1G, memory_mb: 1024", "")},
        {"hugepages that are not", HOST "host hugetlbfs=2048\n", VM("hugepages: 1G, memory_mb: 1024", ""),
         .warnings = {"hugepages of 1024 MiB are mounted nowhere :: -o pagesize=1024M"}},
        {"none are", HOST "host hugetlbfs=\n", VM("hugepages: 2M, memory_mb: 1024", ""),
         .warnings = {"hugepages of 2 MiB are mounted nowhere"}},
        {"none are needed", HOST "host hugetlbfs=\n", VM("memory_mb: 1024", "")},
        {"any that are", HOST "host hugetlbfs=2048\n", VM("hugepages: any, memory_mb: 1024", "")},
        {"no whole number of pages", HOST, VM("hugepages: 1G, memory_mb: 1536", ""),
         .errors = {"3 memory_mb must be a multiple of 1024"}},
        {"no whole number of small pages", HOST, VM("hugepages: 2M, memory_mb: 1025", ""),
         .errors = {"3 memory_mb must be a multiple of 2"}},
        {"pages of another size", "cell 0 cpus=0-3 memory=4096 2M=100\n",
         VM("hugepages: 1G, memory_mb: 1024", ""),
         .errors = {"5 1 hugepages of 1024 MiB are needed, the host has 0"}},
        {"CPUs of no node", HOST, VM("cpu_pinning: shared", "'41:00.0'"),
         .notes = {"the guest's CPUs are not kept to a NUMA node: its devices have no NUMA node"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

static void
places_near_the_cards(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *definition;
        int node;
        const char *cpus; /* NULL: any */
        uint64_t page_kib;
        const char *why;
    } cases[] = {
        {"no devices", HOST, VM("", ""), -1, NULL, 0, "its devices have no NUMA node"},
        {"one card", HOST, VM("", "'01:00.0'"), 0, "0-3", 0, "its devices are on NUMA node 0"},
        {"the other card", HOST, VM("cpu_pinning: none", "'81:00.0'"), 1, NULL, 0,
         "its devices are on NUMA node 1"},
        {"its CPUs", HOST, VM("cpu_pinning: shared", "'81:00.0'"), 1, "4-7", 0,
         "its devices are on NUMA node 1"},
        {"two nodes", HOST, VM("", "'01:00.0', '81:00.0'"), -1, "0-7", 0,
         "its devices are on NUMA nodes 0-1"},
        {"two nodes and one CPU", HOST, VM("cpu_cores: 1", "'01:00.0', '81:00.0'"), -1, NULL, 0,
         "its devices are on NUMA nodes 0-1, and it has fewer CPUs, or pages of memory, than these are"},
        {"strict", HOST, VM("numa: strict", "'81:00.0'"), 1, "4-7", 0, "its devices are on NUMA node 1"},
        {"split without cards", HOST, VM("numa: split", ""), -1, NULL, 0,
         "numa is split, over NUMA nodes 0-1"},
        {"strict on the only node", "cell 0 cpus=0-3 memory=16384\nhost cpus=4\n" NOWHERE,
         VM("numa: strict", "'41:00.0'"), 0, NULL, 0, "the host has one NUMA node"},
        {"CPUs that others have for themselves", HOST "domain a active pins=5\ndomain b pins=6\n",
         VM("", "'81:00.0'"), 1, "4,7", 0, "its devices are on NUMA node 1"},
        {"of the whole host", HOST "domain a pins=5\n", VM("", "'41:00.0'"), -1, "0-4,6-7", 0,
         "its devices have no NUMA node"},
        {"a VM without devices takes any", HOST "domain a pins=5\n", VM("", ""), -1, NULL, 0,
         "its devices have no NUMA node"},
        {"its own do not count", HOST "domain vm active pins=4-5\n", VM("", "'81:00.0'"), 1, "4-7", 0,
         "its devices are on NUMA node 1"},
        {"any pages are large ones", HOST, VM("hugepages: any, memory_mb: 4096", "'01:00.0'"), 0, "0-3",
         1048576, "its devices are on NUMA node 0"},
        {"small ones, when the large ones are too few",
         "cell 0 cpus=0-3 memory=16384 1G=1 2M=1024\nhost cpus=4\n" GPU0,
         VM("hugepages: any, memory_mb: 2048", "'01:00.0'"), 0, NULL, 2048, "its devices are on NUMA node 0"},
        {"or do not fit", HOST, VM("hugepages: any, memory_mb: 1026", "'01:00.0'"), 0, "0-3", 2048,
         "its devices are on NUMA node 0"},
        {"or are in use", "cell 0 cpus=0-3 memory=16384 1G=1/4 2M=1024/1024\nhost cpus=4\n" GPU0,
         VM("hugepages: any, memory_mb: 2048", "'01:00.0'"), 0, NULL, 2048, "its devices are on NUMA node 0"},
        {"a card without a node does not count", HOST, VM("", "'41:00.0', '81:00.0'"), 1, "4-7", 0,
         "its devices are on NUMA node 1"},
        {"no card has a node", HOST, VM("", "'41:00.0'"), -1, NULL, 0, "its devices have no NUMA node"},
        {"not wanted", HOST, VM("numa: none", "'81:00.0'"), -1, NULL, 0, "numa is none"},
        {"all of the node", HOST, VM("memory_mb: 16384", "'81:00.0'"), 1, "4-7", 0,
         "its devices are on NUMA node 1"},
        {"more than the node", HOST, VM("memory_mb: 16385", "'81:00.0'"), -1, "4-7", 0,
         "it has more memory than its devices' NUMA node"},
        {"pages of the node", HOST, VM("hugepages: 1G, memory_mb: 8192", "'81:00.0'"), 1, "4-7", 1048576,
         "its devices are on NUMA node 1"},
        {"pages of the host", HOST, VM("hugepages: 1G, memory_mb: 12288, numa: none", "'81:00.0'"), -1, NULL,
         1048576, "numa is none"},
        {"small pages", HOST, VM("hugepages: 2M, memory_mb: 2048", "'01:00.0'"), 0, "0-3", 2048,
         "its devices are on NUMA node 0"},
        {"nothing is known of pages", "cell 1 cpus=4-7 memory=16384\n" GPU1, VM("hugepages: 2M", "'81:00.0'"),
         1, "4-7", 2048, "its devices are on NUMA node 1"},
        {"a node that is no cell", GPU1, VM("", "'81:00.0'"), -1, NULL, 0,
         "nothing is known of its devices' NUMA node"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].host, cases[i].definition, NULL, NULL);
        g_autofree char *cpus = NULL;
        const gpuvm_placement *place;

        scene_plan(scene);
        place = &scene->plan->place;
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        cpus = place->cpus ? gpuvm_cpuset_format(place->cpus) : NULL;
        expect_text(cases[i].name, cpus, cases[i].cpus);
        expect_text(cases[i].name, place->why, cases[i].why);
        if (place->numa_node != cases[i].node || place->page_kib != cases[i].page_kib)
            fail_msg("%s: node %d, pages of %" G_GUINT64_FORMAT " KiB", cases[i].name, place->numa_node,
                     place->page_kib);
    }
}

/** "0,1 2,3": the pins of each of the guest's CPUs; sockets x cores x threads; then QEMU's own; then cells. */
static char *
cpus_text(const gpuvm_placement *place)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; place->pins && i < place->pins->len; i++) {
        g_autofree char *pin = gpuvm_cpuset_format(place->pins->pdata[i]);
        g_string_append_printf(text, "%s ", pin);
    }
    g_string_append_printf(text, "= %ux%ux%u", place->sockets, place->cores, place->threads);
    if (place->emulator) {
        g_autofree char *emulator = gpuvm_cpuset_format(place->emulator);
        g_string_append_printf(text, " + %s", emulator);
    }
    for (guint i = 0; place->cells && i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);
        g_string_append_printf(text, ", %d: %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, cell->node, cell->cpus,
                               cell->memory_mb);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

#define SMT                                                                                                  \
    "cell 0 cpus=0-7 memory=16384 threads=2 L3=4\n"                                                          \
    "cell 1 cpus=8-15 memory=16384 threads=2 L3=4\nhost cpus=16\n" GPU0 GPU1 AUDIO NOWHERE
#define GPU2 "0000:82:00.0 030000 10de:2204 group=17 numa=1\n"
#define DEDICATED(more, addresses) VM("cpu_pinning: dedicated, " more, addresses)

static void
gives_cpus_of_their_own(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *definition, *policy;
        const char *cpus; /* as cpus_text */
    } cases[] = {
        {"none", SMT, VM("cpu_cores: 6", ""), NULL, "= 1x6x1"},
        {"shared ones are no threads", SMT, VM("cpu_cores: 6", "'01:00.0'"), NULL, "= 1x6x1"},
        {"whole cores of one cache", SMT, DEDICATED("cpu_cores: 4", "'01:00.0'"), NULL,
         "0 1 2 3 = 1x2x2 + 4-7"},
        {"a cache is too small", SMT, DEDICATED("cpu_cores: 6", "'01:00.0'"), NULL,
         "0 1 2 3 4 5 = 1x3x2 + 6-7"},
        {"the smallest cache that is enough", SMT "domain a pins=4-5\n",
         DEDICATED("cpu_cores: 2", "'01:00.0'"), NULL, "6 7 = 1x1x2 + 0-3"},
        {"the largest first", SMT "domain a pins=0-1\n", DEDICATED("cpu_cores: 6", "'01:00.0'"), NULL,
         "4 5 6 7 2 3 = 1x3x2 + 2-7"},
        {"half a core at last", SMT, DEDICATED("cpu_cores: 3", "'01:00.0'"), NULL, "0 1 2 = 1x3x1 + 3-7"},
        {"of a broken core", SMT "domain a pins=0\n", DEDICATED("cpu_cores: 3", "'01:00.0'"), NULL,
         "2 3 1 = 1x3x1 + 4-7"},
        {"whole cores before one cache", SMT "domain a pins=0,2,5\n", DEDICATED("cpu_cores: 2", "'01:00.0'"),
         NULL, "6 7 = 1x1x2 + 1,3-4"},
        {"none is whole", SMT "domain a pins=0,2,4,6\n", DEDICATED("cpu_cores: 2", "'01:00.0'"), NULL,
         "1 3 = 1x2x1 + 5,7"},
        {"reserved ones, and isolated", SMT "host cpus=16 isolated=2\n",
         DEDICATED("cpu_cores: 2", "'01:00.0'"), "{reserved_cpus: 0-1}", "4 5 = 1x1x2 + 3,6-7"},
        {"without a card, the cell that has least beyond it", SMT "domain a pins=8-11\n",
         DEDICATED("cpu_cores: 4", ""), NULL, "12 13 14 15 = 1x2x2 + 12-15"},
        {"or all of them", SMT "domain a pins=8-9\n", DEDICATED("cpu_cores: 12", ""), NULL,
         "0 1 2 3 4 5 6 7 12 13 14 15 = 1x6x2 + 10-11"},
        {"as before", SMT "domain vm pins=4-7\n", DEDICATED("cpu_cores: 4", "'01:00.0'"), NULL,
         "4 5 6 7 = 1x2x2 + 0-3"},
        {"as before, as far as there are others'", SMT "domain vm pins=4-7\ndomain a pins=6-7\n",
         DEDICATED("cpu_cores: 4", "'01:00.0'"), NULL, "0 1 2 3 = 1x2x2 + 4-5"},
        {"the definition's topology", SMT,
         DEDICATED("cpu_cores: 4, cpu_topology: {sockets: 2, cores: 2}", "'01:00.0'"), NULL,
         "0 1 2 3 = 2x2x1 + 4-7"},
        {"two cells", SMT, DEDICATED("cpu_cores: 4, memory_mb: 4097", "'01:00.0', '81:00.0'"), NULL,
         "0 1 8 9 = 2x1x2 + 2-7,10-15, 0: 2 2049, 1: 2 2048"},
        {"in proportion to the cards", SMT GPU2,
         DEDICATED("cpu_cores: 12", "'01:00.0', '81:00.0', '81:00.1', '82:00.0'"), NULL,
         "0 1 2 3 8 9 10 11 12 13 14 15 = 3x2x2 + 4-7, 0: 4 683, 1: 8 1365"},
        {"shared in two cells", SMT, VM("cpu_cores: 3, hugepages: none", "'01:00.0', '81:00.0'"), NULL,
         "0-7 0-7 8-15 = 3x1x1, 0: 2 1366, 1: 1 682"},
        {"split over the host", SMT, VM("cpu_cores: 8, numa: split", "'01:00.0'"), NULL,
         "0-7 0-7 0-7 0-7 8-15 8-15 8-15 8-15 = 2x4x1, 0: 4 1024, 1: 4 1024"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].host, cases[i].definition, cases[i].policy, NULL);
        g_autofree char *cpus = NULL;

        scene_plan(scene);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        cpus = cpus_text(&scene->plan->place);
        expect_text(cases[i].name, cpus, cases[i].cpus);
    }
}

static void
finds_pins_in_use(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *errors[2];
    } cases[] = {
        {"nobody else's", "domain vm pins=0-3\n", {NULL}},
        {"its own, which runs", "domain vm active pins=0-3\n", {NULL}},
        {"of one that is off", "domain vm pins=0-3\ndomain a pins=3\n", {NULL}},
        {"others of one that runs", "domain vm pins=0-3\ndomain a active pins=4\n", {NULL}},
        {"of one that runs",
         "domain vm pins=0-3\ndomain a pins=2\ndomain b active pins=2-3\n",
         {"5 CPU 2 of the host is in use by domain 'b', which is running :: define this VM again"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = build_facts(cases[i].host);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        gpuvm_place_check_pins(gpuvm_facts_claim(facts, "vm"), facts, diags);
        expect_diags(cases[i].name, diags, GPUVM_DIAG_ERROR, cases[i].errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_too_much),
        cmocka_unit_test(places_near_the_cards),
        cmocka_unit_test(gives_cpus_of_their_own),
        cmocka_unit_test(finds_pins_in_use),
    };

    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
