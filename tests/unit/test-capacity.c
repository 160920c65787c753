/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/capacity.h"

#define CARDS                                                                                                \
    "0000:01:00.0 030200 10de:2330 group=1\n0000:02:00.0 030200 10de:2330 group=2\n"                         \
    "0000:03:00.0 030000 10de:2204 group=3\n0000:03:00.1 040300 10de:1aef group=3\n"                         \
    "0000:04:00.0 020000 8086:1521 group=4\n"
#define HOST CARDS "host cpus=16 memory=32768\ncell 0 cpus=0-15 memory=32768\n"

/* "gpu_10de_2204 1 (free 1, in VMs 0)\n0000:03:00.0: why\n…\nmemory_mb LEFT\ncpu LEFT\n" */
static char *
capacity_text(const gpuvm_capacity *capacity)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < capacity->models->len; i++) {
        const gpuvm_capacity_model *model = capacity->models->pdata[i];

        g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " (free %u, in VMs %u)\n", model->name,
                               gpuvm_capacity_cards(model), model->free, model->in_vms);
        for (guint k = 0; k < model->out->len; k++) {
            const gpuvm_capacity_out *out = model->out->pdata[k];

            g_string_append_printf(text, "%s: %s\n", GPUVM_PCI(&out->addr), out->why);
        }
    }
    g_string_append_printf(text, GPUVM_CAPACITY_MEMORY " %" G_GUINT64_FORMAT "\n",
                           gpuvm_capacity_left(&capacity->memory_mb));
    g_string_append_printf(text, GPUVM_CAPACITY_CPUS " %" G_GUINT64_FORMAT "\n",
                           gpuvm_capacity_left(&capacity->cpus));
    return g_string_free(text, FALSE);
}

#define CARDS_3090 "gpu_10de_2204 1 (free 1, in VMs 0)\n"
#define CARDS_H100 "gpu_10de_2330 2 (free 2, in VMs 0)\n"
#define REST "memory_mb 32768\ncpu 16\n"

static const struct {
    const char *name, *facts, *policy, *expected;
} cases[] = {
    {"all are free", HOST, NULL, CARDS_3090 CARDS_H100 REST},
    {"one that a VM of gpuvm's has counts", HOST "domain a active managed memory=8192 cpus=4 0000:01:00.0\n",
     NULL, CARDS_3090 "gpu_10de_2330 2 (free 1, in VMs 1)\n" REST},
    {"also when a policy denies it by now", HOST "domain a active managed 0000:01:00.0\n",
     "denylist: [{address: '0000:01:00.0'}]", CARDS_3090 "gpu_10de_2330 2 (free 1, in VMs 1)\n" REST},
    {"one that another's domain has does not, nor what that takes",
     HOST "domain b active memory=8192 cpus=4 0000:01:00.0\n", NULL,
     CARDS_3090 "gpu_10de_2330 1 (free 1, in VMs 0)\n"
                "0000:01:00.0: domain 'b', which gpuvm does not manage, has it\n"
                "memory_mb 24576\ncpu 12\n"},
    {"what domains without devices take", HOST "domain b active memory=1024 cpus=2\n", NULL,
     CARDS_3090 CARDS_H100 "memory_mb 31744\ncpu 14\n"},
    {"one that is off takes nothing, but has its card named",
     HOST "domain b memory=8192 cpus=4 0000:01:00.0\n", NULL,
     CARDS_3090 "gpu_10de_2330 1 (free 1, in VMs 0)\n"
                "0000:01:00.0: domain 'b' has 0000:01:00.0\n" REST},
    {"but not by what a power cut left", HOST "domain a managed left 0000:01:00.0\n", NULL,
     CARDS_3090 CARDS_H100 REST},
    {"a model that is denied has none", HOST, "denylist: [{id: '10de:2330'}]",
     CARDS_3090 "gpu_10de_2330 0 (free 0, in VMs 0)\n"
                "0000:01:00.0: device 0000:01:00.0 (10de:2330) not in allowlist\n"
                "0000:02:00.0: device 0000:02:00.0 (10de:2330) not in allowlist\n" REST},
    {"one that does not answer", "0000:01:00.0 030200 10de:2330 group=1 silent\nhost cpus=4 memory=1024\n",
     NULL,
     "gpu_10de_2330 0 (free 0, in VMs 0)\n"
     "0000:01:00.0: device 0000:01:00.0 does not answer: its configuration space reads 0xff\nmemory_mb 1024\ncpu 4\n"},
    {"the boot display", "0000:01:00.0 030000 10de:2204 group=1 boot=1\nhost cpus=4 memory=1024\n", NULL,
     "gpu_10de_2204 0 (free 0, in VMs 0)\n"
     "0000:01:00.0: device 0000:01:00.0 is the host's boot display: its console would go dark\n"
     "memory_mb 1024\ncpu 4\n"},
    {"reserved and isolated CPUs", HOST "host isolated=2-3\n", "reserved_cpus: 0-2",
     CARDS_3090 CARDS_H100 "memory_mb 32768\ncpu 12\n"},
    {"reserved memory", HOST "domain b active memory=1024 cpus=1\n", "reserved_memory_mb: 4096",
     CARDS_3090 CARDS_H100 "memory_mb 27648\ncpu 15\n"},
    {"others take more than there is", HOST "domain b active memory=65536 cpus=64\n", NULL,
     CARDS_3090 CARDS_H100 "memory_mb 0\ncpu 0\n"},
    {"nothing is known", "", NULL, "memory_mb 0\ncpu 0\n"},
};

static void
makes(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].facts, "", cases[i].policy, NULL);
        g_autoptr(gpuvm_capacity) capacity = gpuvm_capacity_make(scene->facts, &scene->policies);
        g_autofree char *text = capacity_text(capacity);

        expect_text(cases[i].name, text, cases[i].expected);
    }
}

static void
names(void **state G_GNUC_UNUSED)
{
    g_autofree char *name = gpuvm_capacity_model_name(0x10de, 0x0abc);

    assert_string_equal(name, "gpu_10de_0abc");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(makes), cmocka_unit_test(names)};

    return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
