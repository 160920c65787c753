/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/nccl.h"

#define HOST                                                                                                 \
    "host cpus=80 memory=262144 vendor=GenuineIntel\ncell 0 cpus=0-39 memory=131072\n"                       \
    "cell 1 cpus=40-79 memory=131072\n"
/* a switch below @root, and two ports of it */
#define BRIDGE(address, below) address " 060400 1000:c030 bridge link=32x16/32x16 below=" below "\n"
#define SWITCH(root, up, down)                                                                               \
    root " 060400 8086:352a bridge\n" BRIDGE(up, root) BRIDGE(down ".0", up) BRIDGE(down ".1", up)
#define BELOW(address, what, port, numa, group)                                                              \
    address " " what " group=" #group " numa=" #numa " link=32x16/2.5x16 below=" port "\n"
#define GPU "030200 10de:2330"
#define NIC "020700 15b3:1021"
/* cell @n, and a switch on it with two */
#define NODE(n, one, other)                                                                                  \
    SWITCH("0000:" #n "0:00.0", "0000:" #n "1:00.0", "0000:" #n "2:00")                                      \
    BELOW("0000:" #n "3:00.0", one, "0000:" #n "2:00.0", n, 1##n)                                            \
    BELOW("0000:" #n "4:00.0", other, "0000:" #n "2:00.1", n, 2##n)
#define POLICY "kind: policy\nallowlist: [{class: '0302'}, {class: '12'}, {class: '02'}]\n"
#define VM(devices) "resources: {cpu_cores: 40, memory_mb: 8192}\ndevices: {" devices ", topology: nccl}\n"
#define LINK " link_speed=\"32.0 GT/s PCIe\" link_width=\"16\""

static void
tells_of_switches_and_cells(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host, *definition, *expected; /* NULL: no file */
    } cases[] = {
        {"one switch", HOST NODE(0, GPU, GPU), VM("gpus: [{count: 2}]"),
         "<system version=\"1\">\n"
         "  <cpu numaid=\"0\" affinity=\"000000ff,ffffffff\" arch=\"x86_64\" vendor=\"GenuineIntel\">\n"
         "    <pci busid=\"0000:01:00.0\" class=\"0x060400\"" LINK ">\n"
         "      <pci busid=\"0000:03:00.0\" class=\"0x030200\"" LINK "/>\n"
         "      <pci busid=\"0000:04:00.0\" class=\"0x030200\"" LINK "/>\n"
         "    </pci>\n"
         "  </cpu>\n"
         "</system>"},
        {"two cells", HOST NODE(0, GPU, NIC) NODE(1, GPU, GPU),
         VM("pci_passthrough: ['03:00', '04:00', '13:00', '14:00']"),
         "<system version=\"1\">\n"
         "  <cpu numaid=\"0\" affinity=\"000fffff\" arch=\"x86_64\" vendor=\"GenuineIntel\">\n"
         "    <pci busid=\"0000:f5:00.0\" class=\"0x060400\"" LINK ">\n"
         "      <pci busid=\"0000:f7:00.0\" class=\"0x030200\"" LINK "/>\n"
         "      <pci busid=\"0000:f8:00.0\" class=\"0x020700\"" LINK "/>\n"
         "    </pci>\n"
         "  </cpu>\n"
         "  <cpu numaid=\"1\" affinity=\"000000ff,fff00000\" arch=\"x86_64\" vendor=\"GenuineIntel\">\n"
         "    <pci busid=\"0000:fb:00.0\" class=\"0x060400\"" LINK ">\n"
         "      <pci busid=\"0000:fd:00.0\" class=\"0x030200\"" LINK "/>\n"
         "      <pci busid=\"0000:fe:00.0\" class=\"0x030200\"" LINK "/>\n"
         "    </pci>\n"
         "  </cpu>\n"
         "</system>"},
        {"AMD's, without a switch",
         HOST "0000:03:00.0 120000 1002:74a1 group=3 numa=0 link=32x16/32x16\n"
              "0000:04:00.0 120000 1002:74a1 group=4 numa=0\n",
         VM("gpus: [{count: 2}]"),
         "<system version=\"1\">\n"
         "  <cpu numaid=\"0\" affinity=\"000000ff,ffffffff\" arch=\"x86_64\" vendor=\"GenuineIntel\">\n"
         "    <pci busid=\"0000:01:00.0\" class=\"0x120000\"" LINK "/>\n"
         "    <pci busid=\"0000:02:00.0\" class=\"0x120000\"/>\n"
         "  </cpu>\n"
         "</system>"},
        {"one", HOST NODE(0, GPU, NIC), VM("pci_passthrough: ['03:00', '04:00']"), NULL},
        {"of others", HOST NODE(0, "120000 8086:0bda", "120000 8086:0bda"), VM("gpus: [{count: 2}]"), NULL},
        {"not asked for", HOST NODE(0, GPU, GPU), "devices: {topology: mirror, gpus: [{count: 2}]}", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].host, cases[i].definition, POLICY, NULL);

        scene_plan(scene);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        expect_text(cases[i].name, scene->plan->nccl_topology ? scene->plan->nccl_topology : "none",
                    cases[i].expected ? cases[i].expected : "none");
    }
}

/* NCCL has a limit for each value. */
static void
leaves_out_what_is_too_long(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene = scene_new("host cpus=2048 memory=262144\n" NODE(0, GPU, GPU),
                                            "resources: {cpu_cores: 1024, numa: none, cpu_pinning: none}\n"
                                            "devices: {gpus: [{count: 2}], topology: nccl}\n",
                                            POLICY, NULL);

    scene_plan(scene);
    assert_non_null(strstr(scene->plan->nccl_topology, "<cpu numaid=\"0\" arch="));
}

static void
is_in_the_seed(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene = scene_new(HOST NODE(0, GPU, GPU), VM("gpus: [{count: 2}]"), POLICY, NULL);
    g_autofree char *expected = NULL;

    scene_plan(scene);
    expected =
        g_strdup_printf("#!/bin/sh\nset -e\nmkdir -p /etc/nccl\ncat >/etc/nccl/topo.xml <<'EOF'\n%s\nEOF\n"
                        "grep -qs '^NCCL_TOPO_FILE=' /etc/nccl.conf ||\n"
                        "    echo NCCL_TOPO_FILE=/etc/nccl/topo.xml >>/etc/nccl.conf\n",
                        scene->plan->nccl_topology);
    expect_text("user data", scene->plan->seed->user_data, expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_switches_and_cells),
        cmocka_unit_test(leaves_out_what_is_too_long),
        cmocka_unit_test(is_in_the_seed),
    };

    return cmocka_run_group_tests_name("nccl", tests, NULL, NULL);
}
