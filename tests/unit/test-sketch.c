/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/diff.h"
#include "core/domxml.h"
#include "core/sketch.h"
#include "core/template.h"
#include "doc/emit.h"

#define DOMAIN(inside)                                                                                       \
    "<domain type='kvm'><name>a</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu>" inside "</domain>"
#define DEVICES(devices) DOMAIN("<devices>" devices "</devices>")
#define BEGIN "name: a\n"
#define RESOURCES "resources:\n  cpu_cores: 2\n  memory_mb: 1024\n"
#define END "network:\n  mode: none\nfirmware: bios\n"
#define SOURCE "<source><address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/></source>"
#define PCI "<hostdev mode='subsystem' type='pci' managed='yes'>" SOURCE
#define DEVICE "devices:\n  pci_passthrough:\n  "
#define ALONE "  functions: requested\n"

static void
says_what_a_domain_is(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml, *yaml, *unsaid; /* NULL: nothing is unsaid */
    } cases[] = {
        {DOMAIN(""), BEGIN RESOURCES END, NULL},
        {DOMAIN("<title>t: '1'</title><description>a\nb</description><uuid>u</uuid>"),
         BEGIN "title: 't: ''1'''\ndescription: |-\n  a\n  b\n" RESOURCES END, NULL},
        {"<domain><name>a</name><memory unit='KiB'>1048577</memory><currentMemory unit='KiB'>4</currentMemory>"
         "<vcpu placement='static'>8</vcpu></domain>",
         BEGIN "resources:\n  cpu_cores: 8\n  memory_mb: 1025\n" END,
         "memory of 1048577 KiB, which is not a whole number of MiB; <currentMemory>4"},
        {DOMAIN("<cpu mode='host-passthrough'><topology sockets='1' dies='1' cores='1' threads='2'/></cpu>"),
         BEGIN "resources:\n  cpu_cores: 2\n  cpu_topology:\n    sockets: 1\n    cores: 1\n    threads: 2\n"
               "  memory_mb: 1024\n" END,
         NULL},
        {DOMAIN("<cpu mode='host-passthrough'><topology sockets='1' dies='1' cores='2' threads='1'/></cpu>"),
         BEGIN RESOURCES END, NULL},
        {DOMAIN("<cpu mode='host-passthrough'><topology sockets='1' dies='2' cores='1' threads='1'/></cpu>"),
         BEGIN RESOURCES END, "<topology sockets='1' dies='2' cores='1' threads='1'>"},
        {DOMAIN("<cpu mode='host-passthrough'><topology sockets='2' cores='2' threads='1'/></cpu>"),
         BEGIN RESOURCES END, "<topology sockets='2' cores='2' threads='1'>"},
        {DOMAIN("<cpu mode='host-passthrough'><topology sockets='x' cores='2' threads='1'/></cpu>"),
         BEGIN RESOURCES END, "<topology sockets='x' cores='2' threads='1'>"},
        {DOMAIN("<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>"),
         BEGIN "resources:\n  cpu_cores: 2\n  memory_mb: 1024\n  hugepages: '2M'\n" END, NULL},
        {DOMAIN("<memoryBacking><hugepages/><locked/></memoryBacking>"), BEGIN RESOURCES END,
         "hugepages of the host's default size, or of several; <locked>"},

        {DOMAIN(
             "<os firmware='efi'><type machine='pc-q35-7.2'>hvm</type><kernel>/k</kernel><initrd>/i</initrd>"
             "<cmdline>a b</cmdline></os>"),
         BEGIN RESOURCES
         "network:\n  mode: none\nfirmware: efi\nkernel: /k\nkernel_cmdline: a b\ninitramfs: /i\n",
         NULL},
        {DOMAIN(
             "<os><type machine='pc'>hvm</type><loader type='pflash' secure='yes'>/f</loader><smbios/></os>"),
         BEGIN RESOURCES "network:\n  mode: none\nfirmware: efi\n",
         "secure boot; <type machine='pc'>hvm; <smbios>"},
        {DOMAIN("<os><loader type='pflash' readonly='yes'>/f</loader><nvram>/n</nvram></os>"),
         BEGIN RESOURCES "network:\n  mode: none\nfirmware: efi\n",
         "firmware from /f, not of libvirt's choice"},

        {DEVICES(PCI "</hostdev>"), BEGIN DEVICE "- '0000:01:00.1'\n" ALONE RESOURCES END, NULL},
        {DEVICES(PCI "<rom bar='on' file='/r'/></hostdev>"),
         BEGIN DEVICE "- address: '0000:01:00.1'\n    rom_file: /r\n" ALONE RESOURCES END, NULL},
        {DEVICES(PCI "<rom bar='off'/></hostdev>"),
         BEGIN DEVICE "- address: '0000:01:00.1'\n    rom_bar: false\n" ALONE RESOURCES END, NULL},
        {DEVICES(PCI "<address type='unassigned'/></hostdev>"),
         BEGIN "devices:\n  iommu_group: detach\n" RESOURCES END, NULL},
        {DEVICES("<hostdev type='pci' managed='no'>" SOURCE
                 "</hostdev><hostdev mode='subsystem' type='usb'/>"),
         BEGIN DEVICE "- '0000:01:00.1'\n" ALONE RESOURCES END,
         "device 0000:01:00.1: managed='no'; <hostdev mode='subsystem' type='usb'>"},

        {DEVICES(
             "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a.qcow2'/>"
             "<target dev='vda' bus='virtio'/><serial>s</serial><alias name='x'/></disk>"
             "<disk type='block' device='disk'><driver type='raw'/><source dev='/dev/b'/><target dev='sda' bus='sata'/>"
             "<readonly/><boot order='1'/></disk>"
             "<disk type='file' device='cdrom'><source file='/c.iso'/><target dev='sdb' bus='sata'/><readonly/></disk>"),
         BEGIN RESOURCES
         "disks:\n- source: /dev/b\n  target: sda\n  readonly: true\n- source: /a.qcow2\n  name: s\n"
         "  target: vda\n- source: /c.iso\n  target: sdb\n" END,
         NULL},
        {DEVICES(
             "<disk type='file'><driver type='qcow2' cache='none'/><source file='/a.img'/><target dev='hda' bus='ide'/>"
             "<shareable/></disk>"),
         BEGIN RESOURCES "disks:\n- source: /a.img\n  format: qcow2\n" END,
         "disk hda: <shareable>; disk hda: cache='none'; disk hda: <target dev='hda' bus='ide'>"},
        {DEVICES(
             "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"
             "<disk type='network' device='disk'><source protocol='rbd'/><target dev='vda' bus='virtio'/></disk>"
             "<disk type='file' device='floppy'><source file='/f'/></disk>"
             "<disk type='file' device='disk'><source file='/f.iso'/><target dev='vdb' bus='virtio'/></disk>"),
         BEGIN RESOURCES "disks:\n- source: /f.iso\n  target: vdb\n" END,
         "disk sda: <disk type='file' device='cdrom'>, no file or block device; "
         "disk vda: <disk type='network' device='disk'>, no file or block device; "
         "disk without a name: <disk type='file' device='floppy'>; "
         "disk vdb: it is no CD-ROM, whatever its file's name ends in"},

        {DEVICES(
             "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='net'/><model type='virtio'/>"
             "</interface>"),
         BEGIN RESOURCES "network:\n  mode: nat\n  network: net\nfirmware: bios\n", NULL},
        {DEVICES(
             "<interface type='bridge'><source bridge='br0'/><model type='e1000'/><mtu size='9000'/></interface>"
             "<interface type='direct'><source dev='eth0'/></interface>"),
         BEGIN RESOURCES "network:\n  mode: bridged\n  bridge: br0\nfirmware: bios\n",
         "NIC: <mtu size='9000'>; NIC: a model other than virtio; <interface type='direct'><source dev='eth0'>"},
        {DEVICES("<interface type='user'/><vsock model='virtio'/>"),
         BEGIN RESOURCES "network:\n  mode: vsock\nfirmware: bios\n", "<interface type='user'>"},

        {DOMAIN(
             "<metadata><a:b xmlns:a='urn:a'/><gpuvm:vm xmlns:gpuvm='urn:gpuvm:domain:1'/></metadata>"
             "<cpu mode='host-model'/><clock offset='localtime'/><on_crash>preserve</on_crash><cputune/>"
             "<features><acpi/><hyperv/></features><x:y xmlns:x='urn:x'/>"
             "<devices><emulator>/opt/qemu</emulator><graphics type='vnc'/><channel type='unix'><target name='c'/></channel>"
             "<controller type='usb' model='qemu-xhci'/><memballoon model='virtio'/></devices>"),
         BEGIN RESOURCES END,
         "<b>; <cpu mode='host-model'>; <clock offset='localtime'>; <on_crash>preserve; <cputune>; <hyperv>; <y>; "
         "<emulator>/opt/qemu; <graphics type='vnc'>; <target name='c'>; <controller type='usb' model='qemu-xhci'>; "
         "<memballoon model='virtio'>"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) xml = gpuvm_xml_parse(cases[i].xml, strlen(cases[i].xml), "a", NULL);
        g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(gpuvm_doc) doc = gpuvm_sketch_make(xmlDocGetRootElement(xml), unsaid);
        g_autofree char *yaml = NULL, *beyond = NULL;

        gpuvm_schema_arrange(&gpuvm_vm_table, doc->root);
        yaml = gpuvm_emit_yaml(doc->root);
        expect_text(cases[i].xml, yaml, cases[i].yaml);
        g_ptr_array_add(unsaid, NULL);
        beyond = g_strjoinv("; ", (char **)unsaid->pdata);
        expect_text(cases[i].xml, beyond, cases[i].unsaid ? cases[i].unsaid : "");
    }
}

#define HOST                                                                                                 \
    "host type=kvm emulator=/usr/bin/qemu-system-x86_64\n"                                                   \
    "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=14\n"

/** What gpuvm makes of a definition says no more than that. */
static void
leaves_nothing_unsaid_of_what_gpuvm_makes(void **state G_GNUC_UNUSED)
{
    static const char *const cases[] = {
        "",
        "title: a\nresources: {cpu_cores: 4, memory_mb: 100}",
        "firmware: bios\nnetwork: {mode: bridged, bridge: br0}",
        "network: {mode: vsock}\nkernel: /k\ninitramfs: /i",
        "devices: {pci_passthrough: ['01:00']}\ndisks: [/a.raw, /b.iso, {source: /c.qcow2, target: sda, readonly: true}]",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(HOST, cases[i], NULL, NULL);
        g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *text = NULL;
        g_autoptr(xmlDoc) xml = NULL;
        g_autoptr(gpuvm_doc) doc = NULL;
        gpuvm_vm *vm;

        scene_plan(scene);
        text = gpuvm_domxml_make(scene->plan, gpuvm_template_domain, "template", NULL, scene->diags);
        xml = gpuvm_xml_parse(text, strlen(text), "a", NULL);
        doc = gpuvm_sketch_make(xmlDocGetRootElement(xml), unsaid);
        if (unsaid->len > 0)
            fail_msg("%s: %s", cases[i], (const char *)unsaid->pdata[0]);
        vm = gpuvm_schema_decode(&gpuvm_vm_table, doc->root, scene->diags);
        assert_non_null(vm);
        assert_int_equal(vm->body.resources->cpu_cores, scene->plan->vm->body.resources->cpu_cores);
        assert_int_equal(vm->body.disks->len, scene->plan->vm->body.disks->len);
        assert_int_equal(vm->body.network->mode, scene->plan->vm->body.network->mode);
        gpuvm_schema_free(&gpuvm_vm_table, vm);
    }
}

static void
compares_domains(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *known; /* a field that differs already; NULL */
        const char *now, *then, *expected;
    } cases[] = {
        {NULL, DOMAIN(""), DOMAIN(""), ""},
        {NULL, DOMAIN("<title>a</title>"), DOMAIN("<title>b</title>"), "title: a → b"},
        {"title", DOMAIN("<title>a</title>"), DOMAIN("<title>b</title>"), ""},
        {"resources.cpu_cores", "<domain><name>a</name><memory>2048</memory><vcpu>2</vcpu></domain>",
         "<domain><name>a</name><memory>4096</memory><vcpu>4</vcpu></domain>", "resources.memory_mb: 2 → 4"},
        {"devices.gpus", DEVICES(PCI "</hostdev>"), DEVICES(""), ""},
        {"disks", DEVICES("<disk><source file='/a'/><target dev='vda' bus='virtio'/></disk>"), DEVICES(""),
         ""},
        {NULL, DEVICES("<graphics type='vnc'/><video/>"), DEVICES("<graphics type='vnc' port='-1'/><sound/>"),
         "domain: <video> → -; domain: - → <sound>"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) now = gpuvm_xml_parse(cases[i].now, strlen(cases[i].now), "now", NULL);
        g_autoptr(xmlDoc) then = gpuvm_xml_parse(cases[i].then, strlen(cases[i].then), "then", NULL);
        g_autoptr(GPtrArray) differences = gpuvm_diff_new();
        g_autoptr(GString) text = g_string_new(NULL);

        if (cases[i].known)
            gpuvm_diff_add(differences, cases[i].known, "x", "y", GPUVM_WHEN_START);
        guint known = differences->len;
        gpuvm_diff_domains(differences, xmlDocGetRootElement(now), xmlDocGetRootElement(then), true);
        for (guint k = known; k < differences->len; k++) {
            const gpuvm_difference *difference = differences->pdata[k];

            assert_true(difference->outside);
            g_string_append_printf(text, "%s%s: %s → %s", k > known ? "; " : "", difference->field,
                                   difference->now ? difference->now : "-",
                                   difference->then ? difference->then : "-");
        }
        expect_text(cases[i].now, text->str, cases[i].expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_a_domain_is),
        cmocka_unit_test(leaves_nothing_unsaid_of_what_gpuvm_makes),
        cmocka_unit_test(compares_domains),
    };

    return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}
