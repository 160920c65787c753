/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/topology.h"

#define CELLS "cell 0 cpus=0-3 memory=1024\ncell 1 cpus=4-7 memory=1024\n"
#define BRIDGE(address, below, link) address " 060400 1000:c030 bridge" link " below=" below "\n"
#define EXPRESS " link=32x16/32x16"
#define PORT(address, numa) address " 060400 8086:352a bridge numa=" #numa EXPRESS "\n"
#define SWITCHED                                                                                             \
    PORT("0000:10:00.0", 1)                                                                                  \
    BRIDGE("0000:11:00.0", "0000:10:00.0", EXPRESS)                                                          \
    BRIDGE("0000:12:00.0", "0000:11:00.0", EXPRESS)                                                          \
    BRIDGE("0000:12:01.0", "0000:11:00.0", EXPRESS)
#define GPU(address, rest) address " 030200 10de:2330" rest "\n"
#define NIC(address, rest) address " 020000 15b3:1021" rest "\n"

/* "cell 0{port 0000:10:00.0{gpu 0000:11:00.0 passable}}", notes behind the states. */
static void
describe(GString *text, const gpuvm_branch *parent)
{
    for (guint i = 0; i < parent->children->len; i++) {
        const gpuvm_branch *branch = parent->children->pdata[i];
        g_autofree char *label = gpuvm_branch_label(branch), *note = gpuvm_branch_note(branch);

        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", label);
        if (branch->state != GPUVM_BRANCH_NO_STATE && branch->on_host->len == 0)
            g_string_append_printf(text, " %s", gpuvm_branch_state_names[branch->state]);
        if (note && branch->on_host->len == 0)
            g_string_append_printf(text, " '%s'", note);
        for (guint k = 0; k < branch->on_host->len; k++)
            g_string_append_printf(text, "=%s",
                                   GPUVM_PCI(&g_array_index(branch->on_host, gpuvm_pci_addr, k)));
        if (branch->own)
            g_string_append_c(text, '*');
        if (branch->children->len > 0) {
            g_string_append_c(text, '{');
            describe(text, branch);
            g_string_append_c(text, '}');
        }
    }
}

static void
host_is_a_tree(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *facts;
        bool all;
        const char *expected;
    } cases[] = {
        {"nothing but a cell", "cell 0 cpus=0-3\n", false, "cell 0"},
        {"on a root bus, the only cell", "cell 0 cpus=0-3\n" GPU("0000:00:02.0", " group=101"), false,
         "cell 0{gpu 0000:00:02.0 passable}"},
        {"near no cell that is known", CELLS GPU("0000:00:02.0", " group=102"), false,
         "cell 0 cell 1 no cell known{gpu 0000:00:02.0 passable}"},
        {"near a cell that libvirt does not name", CELLS GPU("0000:00:02.0", " group=103 numa=7"), false,
         "cell 0 cell 1 cell 7{gpu 0000:00:02.0 passable}"},
        {"behind a switch, by the cell of its root port",
         CELLS SWITCHED GPU("0000:13:00.0", " group=104 below=0000:12:00.0")
             NIC("0000:14:00.0", " group=105 below=0000:12:01.0"),
         false,
         "cell 0 cell 1{port 0000:10:00.0{switch 0000:11:00.0{gpu 0000:13:00.0 passable nic 0000:14:00.0 denied "
         "'not in allowlist'}}}"},
        {"a switch behind a switch",
         CELLS SWITCHED BRIDGE("0000:13:00.0", "0000:12:00.0", EXPRESS) BRIDGE(
             "0000:14:00.0", "0000:13:00.0", EXPRESS) GPU("0000:15:00.0", " group=106 below=0000:14:00.0"),
         false,
         "cell 0 cell 1{port 0000:10:00.0{switch 0000:11:00.0{switch 0000:13:00.0{gpu 0000:15:00.0 passable}}}}"},
        {"behind a bridge that is no switch",
         "cell 0 cpus=0-3\n" PORT("0000:10:00.0", 0) BRIDGE("0000:11:00.0", "0000:10:00.0", "")
             GPU("0000:12:00.0", " group=107 below=0000:11:00.0"),
         false, "cell 0{port 0000:10:00.0{bridge 0000:11:00.0{gpu 0000:12:00.0 passable}}}"},
        {"bridges below each other",
         "cell 0 cpus=0-3\n" BRIDGE("0000:10:00.0", "0000:11:00.0", EXPRESS) BRIDGE(
             "0000:11:00.0", "0000:10:00.0", EXPRESS) GPU("0000:12:00.0", " group=108 below=0000:11:00.0"),
         false, "cell 0{gpu 0000:12:00.0 passable}"},
        {"a card has its functions",
         "cell 0 cpus=0-3\n0000:01:00.0 030000 10de:2204 group=1\n0000:01:00.1 040300 10de:1aef group=1\n",
         false, "cell 0{gpu 0000:01:00.0 passable}"},
        {"others are left out",
         "cell 0 cpus=0-3\n0000:00:14.0 0c0330 8086:a36d group=3\n" GPU("0000:00:02.0", " group=109"), false,
         "cell 0{gpu 0000:00:02.0 passable}"},
        {"or shown", "cell 0 cpus=0-3\n0000:00:14.0 0c0330 8086:a36d group=3\n", true,
         "cell 0{device 0000:00:14.0 denied 'not in allowlist'}"},
        {"of all, each function",
         "cell 0 cpus=0-3\n0000:01:00.0 030000 10de:2204 group=1\n0000:01:00.1 040300 10de:1aef group=1\n"
         "0000:01:00.2 0c0330 10de:1ad8 group=1\ndomain a active 0000:01:00.1\n",
         true,
         "cell 0{gpu 0000:01:00.0 denied 'device 0000:01:00.1, in IOMMU group 1 with 0000:01:00.0, is in use by domain 'a', "
         "which is running' device 0000:01:00.1 vm 'a (running)' device 0000:01:00.2 denied 'device 0000:01:00.1, in "
         "IOMMU group 1 with 0000:01:00.2, is in use by domain 'a', which is running'}"},
        {"an NVSwitch", "cell 0 cpus=0-3\n0000:05:00.0 068000 10de:22a3 group=4\n", false,
         "cell 0{nvswitch 0000:05:00.0 denied 'not in allowlist'}"},
        {"who has it, and who names it",
         "cell 0 cpus=0-3\n" GPU("0000:01:00.0", " group=1")
             GPU("0000:02:00.0",
                 " group=2") "domain a active 0000:01:00.0\ndomain vm 0000:02:00.0\ndomain b 0000:01:00.0\n",
         false, "cell 0{gpu 0000:01:00.0 vm 'a (running)' gpu 0000:02:00.0 passable 'for vm'*}"},
        {"the boot display", "cell 0 cpus=0-3\n0000:00:02.0 030000 8086:3e98 group=5 boot=1\n", false,
         "cell 0{gpu 0000:00:02.0 host 'is the host's boot display'}"},
        {"virtual functions that are alike are one",
         "cell 0 cpus=0-3\n" GPU("0000:01:00.0", " group=1") GPU("0000:01:00.1", " group=2 vf=0000:01:00.0")
             GPU("0000:01:00.2", " group=3 vf=0000:01:00.0")
                 GPU("0000:01:00.3", " group=4 vf=0000:01:00.0") "domain a active 0000:01:00.2\n",
         false,
         "cell 0{gpu 0000:01:00.0 denied 'device 0000:01:00.2, a virtual function of 0000:01:00.0, is in use by domain 'a', "
         "which is running'{gpu 0000:01:00.1 +1 passable gpu 0000:01:00.2 vm 'a (running)'}}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].facts, "", NULL, NULL);
        g_autoptr(gpuvm_branch) host =
            gpuvm_topology_host(scene->facts, &scene->policies, NULL, "vm", cases[i].all);
        g_autoptr(GString) text = g_string_new(NULL);

        describe(text, host);
        expect_text(cases[i].name, text->str, cases[i].expected);
    }
}

static void
what_cannot_be_seen_is_unknown(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new("cell 0 cpus=0-3\n" GPU("0000:01:00.0", " group=110") NIC("0000:02:00.0", " group=111"), "",
                  NULL, NULL);
    g_autoptr(gpuvm_branch) host =
        gpuvm_topology_host(scene->facts, &scene->policies, "it cannot be seen", NULL, false);
    g_autoptr(GString) text = g_string_new(NULL);

    describe(text, host);
    expect_text(
        "unseen", text->str,
        "cell 0{gpu 0000:01:00.0 unknown 'it cannot be seen' nic 0000:02:00.0 denied 'not in allowlist'}");
}

#define ADDRESS(bus, slot, function)                                                                         \
    "<address type='pci' domain='0x0000' bus='" bus "' slot='" slot "' function='" function "'/>"
#define PASS(bus, function, address)                                                                         \
    "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='" bus                        \
    "' slot='0x00' function='" function "'/></source>" address "</hostdev>"
#define CONTROLLER(index, model, address)                                                                    \
    "<controller type='pci' index='" index "' model='" model "'>" address "</controller>"
#define ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define DOMAIN(devices)                                                                                      \
    "<domain><name>vm</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu><devices>" devices              \
    "</devices></domain>"
#define NUMA(devices)                                                                                              \
    "<domain><name>vm</name><memory>2</memory><cpu><numa><cell id='0' cpus='0' memory='1'/><cell id='1' cpus='1' " \
    "memory='1'/></numa></cpu><devices>" devices "</devices></domain>"

static void
guest_is_a_tree(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *xml, *expected; /* "!TEXT": an error with it */
    } cases[] = {
        {"nothing is passed", DOMAIN(ROOT), "cell 0"},
        {"a card with two functions behind a root port",
         DOMAIN(ROOT CONTROLLER("1", "pcie-root-port", ADDRESS("0x00", "0x01", "0x0"))
                    PASS("0x17", "0x0", ADDRESS("0x01", "0x00", "0x0"))
                        PASS("0x17", "0x1", ADDRESS("0x01", "0x00", "0x1"))),
         "cell 0{port 0000:00:01.0{gpu 0000:01:00.0=0000:17:00.0=0000:17:00.1}}"},
        {"an expander and a switch",
         NUMA(
             ROOT
             "<controller type='pci' index='1' model='pcie-expander-bus'><target busNr='64'><node>1</node></target>" ADDRESS(
                 "0x00", "0x01", "0x0") "</controller>" CONTROLLER("2", "pcie-root-port",
                                                                   ADDRESS("0x01", "0x00", "0x0"))
                 CONTROLLER("3", "pcie-switch-upstream-port", ADDRESS("0x02", "0x00", "0x0"))
                     CONTROLLER("4", "pcie-switch-downstream-port", ADDRESS("0x03", "0x00", "0x0"))
                         PASS("0x17", "0x0", ADDRESS("0x04", "0x00", "0x0"))),
         "cell 0 cell 1{expander 0000:40:00.0{port 0000:40:00.0{switch 0000:41:00.0{gpu 0000:43:00.0=0000:17:00.0}}}}"},
        {"on pcie.0, which is near no cell", NUMA(ROOT PASS("0x99", "0x0", ADDRESS("0x00", "0x05", "0x0"))),
         "cell 0 cell 1 no cell known{device 0000:00:05.0=0000:99:00.0}"},
        {"without an address as yet", DOMAIN(ROOT PASS("0x17", "0x0", "") PASS("0x17", "0x1", "")),
         "cell 0{gpu=0000:17:00.0=0000:17:00.1}"},
        {"not for the guest to see", DOMAIN(ROOT PASS("0x17", "0x0", "<address type='unassigned'/>")),
         "cell 0"},
        {"controllers below each other",
         DOMAIN(CONTROLLER("1", "pcie-root-port", ADDRESS("0x02", "0x00", "0x0"))
                    CONTROLLER("2", "pcie-root-port", ADDRESS("0x01", "0x00", "0x0"))
                        PASS("0x17", "0x0", ADDRESS("0x01", "0x00", "0x0"))),
         "!is below itself"},
        {"an index that is none", DOMAIN(CONTROLLER("256", "pcie-root-port", "")), "!index"},
    };
    g_autoptr(gpuvm_facts) facts =
        build_facts("0000:17:00.0 030000 10de:2204\n0000:17:00.1 040300 10de:1aef\n");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(xmlDoc) doc = gpuvm_xml_parse(cases[i].xml, strlen(cases[i].xml), "vm", &error);
        g_autoptr(gpuvm_branch) guest =
            doc ? gpuvm_topology_guest(xmlDocGetRootElement(doc), facts, &error) : NULL;
        g_autoptr(GString) text = g_string_new(guest ? NULL : "!");

        if (guest)
            describe(text, guest);
        else if (strstr(error->message, cases[i].expected + 1))
            g_string_append(text, cases[i].expected + 1);
        else
            g_string_append(text, error->message);
        expect_text(cases[i].name, text->str, cases[i].expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_is_a_tree),
        cmocka_unit_test(what_cannot_be_seen_is_unknown),
        cmocka_unit_test(guest_is_a_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
