/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
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
#define DISK(type, source, more)                                                                             \
    "<disk type='" type "' device='disk'><driver name='qemu' type='" more "'/><source " source               \
    "/><target dev='vda' bus='virtio'/></disk>"
#define IMAGE DISK("file", "file='/srv/a.raw'", "raw")
#define LINK DISK("file", "file='/srv/link'", "raw")
#define OVERLAY DISK("file", "file='/srv/a.qcow2'", "qcow2") /* on /etc/shadow: see make_image */
#define VOLUME DISK("volume", "pool='store' volume='a.raw'", "raw")
#define NETWORK "<interface type='network'><source network='net'/></interface>"
#define RECORD_OF(inside)                                                                                      \
    "<metadata><gpuvm:vm xmlns:gpuvm='urn:gpuvm:domain:1' digest='sha256:0' source='vm.yaml' functions='all' " \
    "iommu_group='refuse'>" inside "</gpuvm:vm></metadata>"
#define RENAMED RECORD_OF("<gpuvm:definition>name: old</gpuvm:definition>")
#define NVRAM(name) "<nvram>/var/lib/libvirt/qemu/nvram/" name "_VARS.fd</nvram>"
#define LOG(name) "<serial type='pty'><log file='/var/log/libvirt/qemu/" name ".log'/></serial>"
#define RECORD(inside)                                                                                       \
    RECORD_OF(inside "<gpuvm:function address='0000:01:00.0' id='10de:2204' role='requested'/>"              \
                     "<gpuvm:function address='0000:01:00.1' id='10de:1aef' role='same-card'/>")
#define RUNNING(name, devices)                                                                               \
    "run/libvirt/qemu/" name                                                                                 \
    ".xml: <domstatus state='running' pid='7'><devices/>" DOMAIN(name, "", devices) "</domstatus>\n"

#define SRV "srv/a.raw: x\nsrv/link => a.raw\netc/shadow: x\n"
#define LOOP "sys/class/block/loop7/loop/backing_file: /srv/a.raw\n"
#define IN_USE(name) "4 disk vda is in use by the host: " name " is the file of loop device /dev/loop7"
#define POOL(path)                                                                                           \
    "run/libvirt/storage/store.xml: <poolstate><pool type='dir'><target><path>" path                         \
    "</path></target></pool></poolstate>\n"
#define POOL_OF(type, source)                                                                                \
    "run/libvirt/storage/store.xml: <poolstate><pool type='" type "'><source>" source                        \
    "</source><target><path>/dev/disk/by-path</path></target></pool></poolstate>\n"
#define LUN DISK("volume", "pool='store' volume='unit:0:1:3'", "raw")
#define UNIT(address) "sys/bus/scsi/devices/" address "/block/sdb/\n"
#define SESSION(number, target, host)                                                                        \
    "sys/class/iscsi_session/session" number "/targetname: " target                                          \
    "\nsys/class/iscsi_session/session" number "/device/target" host ":0:0/\n"
/* a file in place of the block device */
#define SDB "dev/sdb: x\nsys/class/block/loop7/loop/backing_file: /dev/sdb\n"
#define FORWARD(mode)                                                                                        \
    "run/libvirt/network/net.xml: <networkstatus><network><name>net</name><forward mode='" mode              \
    "'/></network></networkstatus>\n"

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

    {"what it names is there", HOST SRV, DOMAIN("vm", RECORD_OF(""), IMAGE), {NULL}},
    {"or is not", HOST, DOMAIN("vm", RECORD_OF(""), IMAGE), {"5 disk vda does not exist: /srv/a.raw"}},
    {"a disk that the host uses",
     HOST SRV LOOP,
     DOMAIN("vm", RECORD_OF(""), LINK),
     {IN_USE("/srv/link") " :: sudo losetup -d /dev/loop7"}},
    {"with a card", CARD SRV LOOP, DOMAIN("vm", RECORD(""), BOTH IMAGE), {IN_USE("/srv/a.raw")}},
    {"one that is mounted",
     HOST SRV LOOP "sys/dev/block/7:7 => ../../devices/virtual/block/loop7\n"
                   "proc/1/mountinfo: 30 1 7:7 / /mnt rw - ext4 /dev/loop7 rw\n",
     DOMAIN("vm", RECORD_OF(""), IMAGE),
     {IN_USE("/srv/a.raw"),
      "4 disk vda is in use by the host: /srv/a.raw holds the file system mounted at /mnt"}},
    {"what cannot be seen of block devices",
     "proc/1/comm: systemd\n",
     DOMAIN("vm", RECORD_OF(""), DISK("block", "dev='/dev/sdb'", "raw")),
     {"4 whether processes have these devices open cannot be seen", "5 disk vda does not exist: /dev/sdb"}},
    {"a block device that the policy does not allow",
     HOST POLICY("block_devices: [/dev/vg/*]"),
     DOMAIN("vm", RECORD_OF(""), DISK("block", "dev='/dev/sdb'", "raw")),
     {"4 disk vda is a block device that :: policy.yaml does not allow: /dev/sdb",
      "5 disk vda does not exist: /dev/sdb"}},
    {"what an image names elsewhere",
     HOST SRV,
     DOMAIN("vm", RECORD_OF(""), OVERLAY),
     {"4 the backing file of disk vda is outside the directory of /srv/a.qcow2: /etc/shadow"}},
    {"the same of an overlay of gpuvm's",
     CARD SRV POOL("/srv"),
     DOMAIN("vm", RECORD("<gpuvm:volume pool='store' name='a.qcow2'/>"), BOTH OVERLAY),
     {NULL}},
    {"of one that is called so, elsewhere than its pool",
     CARD SRV POOL("/pool"),
     DOMAIN("vm", RECORD("<gpuvm:volume pool='store' name='a.qcow2'/>"), BOTH OVERLAY),
     {"4 the backing file of disk vda is outside the directory of /srv/a.qcow2: /etc/shadow"}},
    {"an emulator elsewhere",
     HOST,
     DOMAIN("vm", RECORD_OF(""), "<emulator>/opt/qemu</emulator>"),
     {"4 its XML has <emulator>/opt/qemu</emulator>, which a VM may not have"}},

    {"what was its own before it was renamed",
     HOST,
     "<domain type='kvm'><name>vm</name>" RENAMED "<os>" NVRAM("old") "</os></domain>",
     {NULL}},
    {"which another domain is called now",
     HOST "etc/libvirt/qemu/old.xml: <domain/>\n",
     "<domain type='kvm'><name>vm</name>" RENAMED "<os>" NVRAM("old") "</os></domain>",
     {"4 its XML has <nvram>/var/lib/libvirt/qemu/nvram/old_VARS.fd</nvram> :: gpuvm define"}},
    {"a running one",
     HOST RUNNING("old", ""),
     "<domain type='kvm'><name>vm</name>" RENAMED "<os>" NVRAM("old") "</os></domain>",
     {"4 its XML has <nvram>/var/lib/libvirt/qemu/nvram/old_VARS.fd</nvram>"}},
    {"another domain's",
     HOST,
     "<domain type='kvm'><name>vm</name>" RENAMED "<os>" NVRAM("other") "</os></domain>",
     {"4 its XML has <nvram>/var/lib/libvirt/qemu/nvram/other_VARS.fd</nvram>"}},

    {"its own log", HOST, DOMAIN("a", RECORD_OF(""), LOG("a-serial0")), {NULL}},
    {"which is another's",
     HOST "etc/libvirt/qemu/a-serial0.xml: <domain/>\n",
     DOMAIN("a", RECORD_OF(""), LOG("a-serial0")),
     {"4 the log of <serial> is by its name one of domain 'a-serial0' :: a.serial0.log"}},
    {"that of a domain that is another's, too",
     HOST RUNNING("a", ""),
     DOMAIN("a-serial0", RECORD_OF(""), LOG("a-serial0")),
     {"4 the log of <serial> is by its name one of domain 'a'"}},
    {"both are there",
     HOST RUNNING("a", "") "etc/libvirt/qemu/a-serial0.xml: <domain/>\n",
     DOMAIN("a-serial0", RECORD_OF(""), LOG("a-serial0-serial0")),
     {NULL}},

    {"another domain writes to it",
     HOST SRV RUNNING("other", LINK),
     DOMAIN("vm", RECORD_OF(""), IMAGE),
     {"5 disk vda is in use by domain 'other', which is running: /srv/a.raw"}},
    {"by its pool",
     HOST SRV POOL("/srv") RUNNING("other", VOLUME),
     DOMAIN("vm", RECORD_OF(""), IMAGE),
     {"5 disk vda is in use by domain 'other', which is running: /srv/a.raw"}},
    {"it has that itself", HOST SRV RUNNING("vm", IMAGE), DOMAIN("vm", RECORD_OF(""), IMAGE), {NULL}},
    {"a volume that the host uses",
     HOST SRV LOOP POOL("/srv"),
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {IN_USE("store/a.raw")}},
    {"of a pool that is not active",
     HOST SRV LOOP
     "etc/libvirt/storage/store.xml: <pool type='dir'><target><path>/srv</path></target></pool>\n",
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {"5 disk vda is in storage pool 'store', which is not active", IN_USE("store/a.raw")}},
    {"which somebody runs with",
     HOST SRV
     "etc/libvirt/storage/store.xml: <pool type='dir'><target><path>/srv</path></target></pool>\n" RUNNING(
         "other", VOLUME),
     DOMAIN("vm", RECORD_OF(""), IMAGE),
     {"5 disk vda is in use by domain 'other', which is running: /srv/a.raw"}},
    {"of a pool that nothing is known of",
     HOST SRV LOOP,
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {"5 disk vda is in storage pool 'store', which is not active"}},
    {"of one that cannot be made out",
     HOST "run/libvirt/storage/store.xml: <poolstate>\n",
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {"4 disk vda cannot be looked at: where volume store/a.raw is :: virsh vol-path --pool store a.raw"}},
    {"of one that is elsewhere",
     HOST "run/libvirt/storage/store.xml: <poolstate><pool type='rbd'/></poolstate>\n",
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {NULL}},
    {"of one of a sort that is not known",
     HOST
     "run/libvirt/storage/store.xml: <poolstate><pool type='new'><target><path>/srv</path></target></pool>"
     "</poolstate>\n",
     DOMAIN("vm", RECORD_OF(""), VOLUME),
     {"4 disk vda cannot be looked at: where volume store/a.raw is"}},
    {"a unit of a SCSI pool",
     HOST SDB UNIT("5:0:1:3") POOL_OF("scsi", "<adapter type='scsi_host' name='scsi_host5'/>"),
     DOMAIN("vm", RECORD_OF(""), LUN),
     {IN_USE("store/unit:0:1:3")}},
    {"the same, of somebody else's",
     CARD SDB UNIT("5:0:1:3") POOL_OF("scsi", "<adapter name='host5'/>") POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH LUN),
     {IN_USE("store/unit:0:1:3")}},
    {"a unit that is not there",
     CARD SDB UNIT("6:0:1:3") POOL_OF("scsi", "<adapter name='host5'/>") POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH LUN),
     {"4 disk vda cannot be looked at: where volume store/unit:0:1:3 is"}},
    {"of an adapter that is named otherwise",
     HOST SDB UNIT("5:0:1:3") POOL_OF("scsi", "<adapter type='fc_host' wwnn='20000000c9831b4b'/>"),
     DOMAIN("vm", RECORD_OF(""), LUN),
     {"4 disk vda cannot be looked at: where volume store/unit:0:1:3 is"}},
    {"a unit of an iSCSI pool",
     HOST SDB UNIT("7:0:1:3") SESSION("1", "iqn.a", "7") SESSION("2", "iqn.b", "8")
         POOL_OF("iscsi", "<host name='h'/><device path='iqn.a'/>"),
     DOMAIN("vm", RECORD_OF(""), LUN),
     {IN_USE("store/unit:0:1:3")}},
    {"by two ways",
     HOST SDB UNIT("7:0:1:3") SESSION("1", "iqn.a", "7") SESSION("2", "iqn.a", "8")
         POOL_OF("iscsi", "<host name='h'/><device path='iqn.a'/>"),
     DOMAIN("vm", RECORD_OF(""), LUN),
     {"4 disk vda cannot be looked at: where volume store/unit:0:1:3 is"}},
    {"without a session",
     HOST POOL_OF("iscsi", "<host name='h'/><device path='iqn.a'/>"),
     DOMAIN("vm", RECORD_OF(""), LUN),
     {"4 disk vda cannot be looked at: where volume store/unit:0:1:3 is"}},
    {"an image that cannot be read",
     HOST "srv/a.raw => /proc/self/mem\n",
     DOMAIN("vm", RECORD_OF(""), IMAGE),
     {"1 cannot read disk vda: :: Input/output error"}},
    {"of somebody else's",
     CARD "srv/a.raw => /proc/self/mem\n" POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH IMAGE),
     {"1 cannot read disk vda: :: Input/output error"}},
    {"a network that passes devices",
     HOST FORWARD("hostdev"),
     DOMAIN("vm", RECORD_OF(""), NETWORK),
     {"4 network 'net' gives its guests devices of the host :: pci_passthrough"}},
    {"one that does not", HOST FORWARD("nat"), DOMAIN("vm", RECORD_OF(""), NETWORK), {NULL}},
    {"one that nothing is known of", HOST, DOMAIN("vm", RECORD_OF(""), NETWORK), {NULL}},
    {"one that cannot be made out",
     HOST "run/libvirt/network/net.xml: <networkstatus>\n",
     DOMAIN("vm", RECORD_OF(""), NETWORK),
     {"4 network 'net' gives its guests devices of the host"}},

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
    {"somebody else's, with the host's disk",
     CARD SRV LOOP POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH IMAGE),
     {IN_USE("/srv/a.raw")}},
    {"somebody else's, with a block device that the policy does not allow",
     CARD POLICY("enforce: all\netc/gpuvm/policy.yaml: block_devices: []"),
     DOMAIN("vm", "", BOTH DISK("block", "dev='/dev/sdb'", "raw")),
     {"4 disk vda is a block device that :: policy.yaml does not allow: /dev/sdb"}},
    {"somebody else's, with a network that passes devices",
     HOST FORWARD("hostdev") POLICY("enforce: all"),
     DOMAIN("vm", "", NETWORK),
     {"4 network 'net' gives its guests devices of the host :: <interface type='hostdev'>"}},
    {"with a card, too",
     CARD FORWARD("hostdev") POLICY("enforce: all"),
     DOMAIN("vm", "", BOTH NETWORK),
     {"4 network 'net' gives its guests devices of the host"}},
    {"somebody else's, with such a network, as it likes",
     HOST FORWARD("hostdev"),
     DOMAIN("vm", "", NETWORK),
     {NULL}},
    {"a wrong policy is one to who has such a network",
     FORWARD("hostdev") POLICY("enforce: none"),
     DOMAIN("vm", "", NETWORK),
     {"3 enforce must be one of"}},
    {"but nothing to who has another",
     FORWARD("nat") POLICY("enforce: none"),
     DOMAIN("vm", "", NETWORK),
     {NULL}},
    {"somebody else's, what else it names",
     CARD FORWARD("passthrough") "etc/shadow: x\n" POLICY("enforce: all") RUNNING("other", OVERLAY),
     DOMAIN("vm", "", BOTH IMAGE OVERLAY NETWORK "<emulator>/opt/qemu</emulator>"),
     {NULL}},
    {"somebody else's, with the host's disk, as it likes",
     CARD SRV LOOP,
     DOMAIN("vm", "", BOTH IMAGE),
     {NULL}},
    {"somebody else's, with the host's disk alone",
     HOST SRV LOOP POLICY("enforce: all"),
     DOMAIN("vm", "", IMAGE),
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

/* The image /srv/a.qcow2, on /etc/shadow (QEMU's docs/interop/qcow2.txt). */
static void
make_image(const char *root)
{
    static const char below[] = "/etc/shadow";
    char head[128] = "QFI\xfb\0\0\0\2\0\0\0\0\0\0\0\x48\0\0\0\x0b";
    g_autofree char *path = g_build_filename(root, "srv/a.qcow2", NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    memcpy(head + 72, below, strlen(below));
    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, head, sizeof head, NULL));
}

static void
judges(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        char *root = tree_make(cases[i].tree);

        make_image(root);
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
