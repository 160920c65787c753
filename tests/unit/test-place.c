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
        {"dedicated CPUs", HOST, VM("cpu_pinning: dedicated", ""),
         .errors = {"2 cpu_pinning: dedicated is not supported"}},
        {"too few hugepages of the node", HOST, VM("hugepages: 2M, memory_mb: 2048", "'81:00.0'"),
         .errors = {"5 1024 hugepages of 2 MiB are needed, NUMA node 1 has 512 :: echo 1024 | sudo tee "
                    "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"}},
        {"too few of the host", HOST, VM("hugepages: 1G, memory_mb: 16384", ""),
         .errors = {"5 16 hugepages of 1024 MiB are needed, the host has 12"}},
        {"no whole number of pages", HOST, VM("hugepages: 1G, memory_mb: 1536", ""),
         .errors = {"3 memory_mb must be a multiple of 1024"}},
        {"no whole number of small pages", HOST, VM("hugepages: 2M, memory_mb: 1025", ""),
         .errors = {"3 memory_mb must be a multiple of 2"}},
        {"pages of another size", "cell 0 cpus=0-3 memory=4096 2M=100\n",
         VM("hugepages: 1G, memory_mb: 1024", ""),
         .errors = {"5 1 hugepages of 1024 MiB are needed, the host has 0"}},
        {"CPUs of no node", HOST, VM("cpu_pinning: shared", "'01:00.0', '81:00.0'"),
         .notes = {"the guest's CPUs are not kept to a NUMA node: its devices are on several NUMA nodes"}},
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
        {"one card", HOST, VM("", "'01:00.0'"), 0, NULL, 0, "its devices are on NUMA node 0"},
        {"the other card", HOST, VM("", "'81:00.0'"), 1, NULL, 0, "its devices are on NUMA node 1"},
        {"its CPUs", HOST, VM("cpu_pinning: shared", "'81:00.0'"), 1, "4-7", 0,
         "its devices are on NUMA node 1"},
        {"two nodes", HOST, VM("", "'01:00.0', '81:00.0'"), -1, NULL, 0,
         "its devices are on several NUMA nodes"},
        {"a card without a node does not count", HOST, VM("", "'41:00.0', '81:00.0'"), 1, NULL, 0,
         "its devices are on NUMA node 1"},
        {"no card has a node", HOST, VM("", "'41:00.0'"), -1, NULL, 0, "its devices have no NUMA node"},
        {"not wanted", HOST, VM("numa: none", "'81:00.0'"), -1, NULL, 0, "numa is none"},
        {"all of the node", HOST, VM("memory_mb: 16384", "'81:00.0'"), 1, NULL, 0,
         "its devices are on NUMA node 1"},
        {"more than the node", HOST, VM("memory_mb: 16385", "'81:00.0'"), -1, NULL, 0,
         "it has more memory than its devices' NUMA node"},
        {"pages of the node", HOST, VM("hugepages: 1G, memory_mb: 8192", "'81:00.0'"), 1, NULL, 1048576,
         "its devices are on NUMA node 1"},
        {"pages of the host", HOST, VM("hugepages: 1G, memory_mb: 12288, numa: none", "'81:00.0'"), -1, NULL,
         1048576, "numa is none"},
        {"small pages", HOST, VM("hugepages: 2M, memory_mb: 2048", "'01:00.0'"), 0, NULL, 2048,
         "its devices are on NUMA node 0"},
        {"nothing is known of pages", "cell 1 cpus=4-7 memory=16384\n" GPU1, VM("hugepages: 2M", "'81:00.0'"),
         1, NULL, 2048, "its devices are on NUMA node 1"},
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_too_much),
        cmocka_unit_test(places_near_the_cards),
    };

    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
