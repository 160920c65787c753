/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include "facts-builder.h"
#include "fake-tree.h"
#include "ops/hook.h"

#define FUNCTION(address, class, vendor, device, group)                                                      \
    "sys/bus/pci/devices/" address                                                                           \
    "/class: 0x" class "\nsys/bus/pci/devices/" address "/vendor: 0x" vendor                                 \
                       "\nsys/bus/pci/devices/" address "/device: 0x" device                                 \
                       "\nsys/bus/pci/devices/" address "/iommu_group -> sys/kernel/iommu_groups/" group     \
                       "\nsys/kernel/iommu_groups/" group "/devices/" address "/\n"
#define DRIVER(address, name) "sys/bus/pci/devices/" address "/driver => ../../drivers/" name "\n"
/* the first processes: all can be looked into */
#define HOST "dev/vfio/vfio: \nproc/1/fd/\nproc/1/comm: systemd\nproc/2/comm: kthreadd\nproc/2/fd/\n"
#define CARD                                                                                                 \
    HOST FUNCTION("0000:01:00.0", "030000", "10de", "2204", "14") DRIVER("0000:01:00.0", "nvidia")           \
        FUNCTION("0000:01:00.1", "040300", "10de", "1aef", "14")
#define NIC FUNCTION("0000:02:00.0", "020000", "8086", "1533", "15")
#define POLICY(text) "etc/gpuvm/policy.yaml: kind: policy\netc/gpuvm/policy.yaml: " text "\n"

#define HOSTDEV(bus, function)                                                                               \
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x" bus        \
    "' slot='0x00' function='0x" function "'/></source></hostdev>"
#define BOTH HOSTDEV("01", "0") HOSTDEV("01", "1")
#define DOMAIN(name, rest, devices)                                                                          \
    "<domain type='kvm'><name>" name "</name>" rest "<devices>" devices "</devices></domain>"
#define RECORD(inside)                                                                                         \
    "<metadata><gpuvm:vm xmlns:gpuvm='urn:gpuvm:domain:1' digest='sha256:0' source='vm.yaml' functions='all' " \
    "iommu_group='refuse'>" inside                                                                             \
    "<gpuvm:function address='0000:01:00.0' id='10de:2204' role='requested'/><gpuvm:function "                 \
    "address='0000:01:00.1' id='10de:1aef' role='same-card'/></gpuvm:vm></metadata>"
#define RUNNING(name, devices)                                                                               \
    "run/libvirt/qemu/" name                                                                                 \
    ".xml: <domstatus state='running' pid='7'><devices/>" DOMAIN(name, "", devices) "</domstatus>\n"

static const struct {
    const char *name, *tree, *xml;
    const char *errors[3]; /* as expect_diags */
} cases[] = {
    {"gpuvm's, as it should be", CARD, DOMAIN("vm", RECORD(""), BOTH), {NULL}},
    {"without devices", "", DOMAIN("vm", "", ""), {NULL}},
    {"its devices were taken out",
     HOST,
     DOMAIN("vm", RECORD(""), ""),
     {"5 device 0000:01:00.0 was removed from the domain after define",
      "5 device 0000:01:00.1 was removed from the domain after define"}},
    {"not a domain", "", "<domain><name>vm</name> hostdev pci", {"3 domain:1: "}},
    {"absent",
     HOST,
     DOMAIN("vm", RECORD(""), BOTH),
     {"5 PCI device not found: 0000:01:00.0 :: it was there at define",
      "5 PCI device not found: 0000:01:00.1"}},
    {"another card in its place",
     HOST FUNCTION("0000:01:00.0", "030000", "10de", "2330", "14")
         FUNCTION("0000:01:00.1", "040300", "10de", "1aef", "14"),
     DOMAIN("vm", RECORD(""), BOTH),
     {"5 device 0000:01:00.0 is now 10de:2330; it was 10de:2204 at define"}},
    {"its own list",
     CARD,
     DOMAIN("vm", RECORD("<gpuvm:allow id='1002:*'/>"), BOTH),
     {"4 device 0000:01:00.0 (10de:2204) not in allowlist :: devices.allowlist of the VM"}},
    {"its plugin's list",
     CARD,
     DOMAIN("vm", RECORD("<gpuvm:allow of='plugin' id='1002:*'/>"), BOTH),
     {"4 device 0000:01:00.0 (10de:2204) not in allowlist :: devices.allowlist of the plugin"}},
    {"the host's policy",
     CARD POLICY("allowlist: []"),
     DOMAIN("vm", RECORD(""), BOTH),
     {"4 device 0000:01:00.0 (10de:2204) not in allowlist :: policy.yaml allows nothing"}},
    {"half a group",
     CARD DRIVER("0000:01:00.1", "snd_hda_intel"),
     DOMAIN("vm", RECORD(""), HOSTDEV("01", "0")),
     {"5 IOMMU group 14 of device 0000:01:00.0 is not viable :: 0000:01:00.1 Audio device",
      "5 device 0000:01:00.1 was removed from the domain after define"}},
    {"the boot display",
     CARD "sys/bus/pci/devices/0000:01:00.0/boot_vga: 1\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {"4 device 0000:01:00.0 is the host's boot display"}},
    {"no interrupt remapping",
     CARD "proc/interrupts: 120: 0 PCI-MSI 1-edge x\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {"5 the host has no interrupt remapping"}},
    {"edited into something else",
     CARD,
     DOMAIN("vm", RECORD(""), BOTH "<hostdev mode='subsystem' type='usb'/>"),
     {"4 <hostdev type='usb'>"}},
    {"a record that is damaged",
     CARD,
     DOMAIN("vm", "<metadata><x:vm xmlns:x='urn:gpuvm:domain:1'/></metadata>", BOTH),
     {"1 the metadata that gpuvm left in the domain is damaged :: gpuvm define"}},

    {"what another domain runs with",
     CARD RUNNING("other", HOSTDEV("01", "1")),
     DOMAIN("vm", RECORD(""), BOTH),
     {"5 device 0000:01:00.1, in IOMMU group 14 :: is in use by domain 'other' :: virsh shutdown"}},
    {"what it had itself", CARD RUNNING("vm", BOTH), DOMAIN("vm", RECORD(""), BOTH), {NULL}},
    {"what is nobody's",
     CARD RUNNING("other", HOSTDEV("02", "0")) "run/libvirt/qemu/vm.pid: 7\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {NULL}},
    {"a running domain that cannot be made out",
     CARD "run/libvirt/qemu/o.xml: <domstatus> hostdev pci\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {"3 o.xml:"}},
    {"one without a domain",
     CARD "run/libvirt/qemu/o.xml: <hostdev>pci</hostdev>\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {"3 o.xml:1: no <domain>"}},
    {"one that cannot be read",
     CARD "run/libvirt/qemu/o.xml/\n",
     DOMAIN("vm", RECORD(""), BOTH),
     {"1 cannot read /run/libvirt/qemu/o.xml"}},

    {"somebody else's", NIC, DOMAIN("vm", "", HOSTDEV("02", "0")), {NULL}},
    {"somebody else's, enforced",
     HOST NIC POLICY("enforce: all"),
     DOMAIN("vm", "", HOSTDEV("02", "0")),
     {"4 device 0000:02:00.0 (8086:1533) not in allowlist"}},
    {"somebody else's, enforced and right", CARD POLICY("enforce: all"), DOMAIN("vm", "", BOTH), {NULL}},
    {"somebody else's, as it likes",
     CARD POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH "<hostdev mode='subsystem' type='usb'/>"),
     {NULL}},
    {"gpuvm's, enforce: off", POLICY("enforce: off"), DOMAIN("vm", RECORD(""), BOTH), {NULL}},
    {"somebody else's, enforce: gpuvm", POLICY("enforce: gpuvm"), DOMAIN("vm", "", BOTH), {NULL}},
    {"a wrong policy",
     POLICY("enforce: none"),
     DOMAIN("vm", "", HOSTDEV("02", "0")),
     {"3 enforce must be one of :: no domain with a PCI device of the host starts"}},
    {"a policy that is none",
     "etc/gpuvm/policy.yaml/\n",
     DOMAIN("vm", "", HOSTDEV("02", "0")),
     {"1 policy.yaml :: no domain with a PCI device of the host starts"}},
    {"a wrong policy is nothing to who has no device", POLICY("enforce: none"), DOMAIN("vm", "", ""), {NULL}},
};

static void
judges(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        char *root = tree_make(cases[i].tree);

        gpuvm_hook_judge(root, cases[i].xml, diags);
        tree_remove(root);
        expect_diags(cases[i].name, diags, GPUVM_DIAG_ERROR, cases[i].errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges)};

    umask(022); /* a policy that others may write to is none */
    return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
