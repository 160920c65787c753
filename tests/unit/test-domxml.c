/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include <libxml/relaxng.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "base/xml.h"
#include "core/domxml.h"
#include "core/guestpci.h"
#include "core/record.h"
#include "core/template.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

#define HOST                                                                                                 \
    "host cpus=16 memory=65536 type=kvm emulator=/usr/bin/qemu-system-x86_64\n"                              \
    "cell 0 cpus=0-7 memory=32768\ncell 1 cpus=8-15 memory=32768\n"                                          \
    "0000:01:00.0 030000 10de:2204 group=14 numa=1\n0000:01:00.1 040300 10de:1aef group=14 numa=1\n"         \
    "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n10000:e1:00.0 030000 10de:2204 group=15\n"
#define QEMU_HOST "host type=qemu\n"
#define CARD "devices: {pci_passthrough: ['01:00.0']"
#define ANYTHING "allowlist: ['*:*']"

static xmlRelaxNG *schema; /* NULL when libvirt's is not installed */

static void
ignore_error(void *data G_GNUC_UNUSED, const char *format G_GNUC_UNUSED, ...)
{
}

static int
load_schema(void **state G_GNUC_UNUSED)
{
    xmlRelaxNGParserCtxt *parser;

    if (!g_file_test(SCHEMA, G_FILE_TEST_EXISTS))
        return 0;
    parser = xmlRelaxNGNewParserCtxt(SCHEMA);
    xmlRelaxNGSetParserErrors(parser, ignore_error, ignore_error, NULL);
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    return schema ? 0 : -1;
}

static int
free_schema(void **state G_GNUC_UNUSED)
{
    xmlRelaxNGFree(schema);
    return 0;
}

static bool
valid(xmlDoc *doc)
{
    xmlRelaxNGValidCtxt *context = schema ? xmlRelaxNGNewValidCtxt(schema) : NULL;
    bool result;

    if (!context)
        return true;
    xmlRelaxNGSetValidErrors(context, ignore_error, ignore_error, NULL);
    result = xmlRelaxNGValidateDoc(context, doc) == 0;
    xmlRelaxNGFreeValidCtxt(context);
    return result;
}

/** What the XPath @expression is in @doc, as a string. g_malloc. */
static char *
evaluate(xmlDoc *doc, const char *expression)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *object;
    xmlChar *text;
    char *copy;

    xmlXPathRegisterNs(context, (const xmlChar *)GPUVM_METADATA_PREFIX, (const xmlChar *)GPUVM_METADATA_NS);
    object = xmlXPathEvalExpression((const xmlChar *)expression, context);
    if (!object)
        g_error("the test's XPath is wrong: %s", expression);
    text = xmlXPathCastToString(object);
    copy = g_strdup((const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return copy;
}

/** One row: a definition, and what XPath expressions must be in its domain XML, which must be valid. */
typedef struct xml_case {
    const char *name, *host, *definition;
    const char *template; /* NULL: the built-in one */
    const char *expected[11][2];
} xml_case;

static void
run_xml_cases(const xml_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const xml_case *c = &cases[i];
        g_autoptr(plan_scene) scene = scene_new(c->host, c->definition, ANYTHING, NULL);
        g_autofree char *xml = NULL, *again = NULL;
        g_autoptr(xmlDoc) doc = NULL;
        const char *template = c->template ? c->template : gpuvm_template_domain;

        scene->uuid = "e1e4ee3c-8cc5-4b4c-9a8a-3bd9cb5bd2f0";
        scene_plan(scene);
        expect_diags(c->name, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        xml = gpuvm_domxml_make(scene->plan, template, "template", NULL, scene->diags);
        again = gpuvm_domxml_make(scene->plan, template, "template", NULL, scene->diags);
        expect_text(c->name, again, xml);
        doc = gpuvm_xml_parse(xml, strlen(xml), "made", NULL);
        if (!doc || !valid(doc))
            fail_msg("%s: not valid:\n%s", c->name, xml);
        for (size_t k = 0; c->expected[k][0]; k++) {
            g_autofree char *value = evaluate(doc, c->expected[k][0]);
            if (strcmp(value, c->expected[k][1]) != 0)
                fail_msg("%s: %s is '%s', not '%s':\n%s", c->name, c->expected[k][0], value,
                         c->expected[k][1], xml);
        }
    }
}

static void
says_what_the_vm_is(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"the least",
         HOST,
         "",
         NULL,
         {{"string(/domain/@type)", "kvm"},
          {"string(/domain/name)", "vm"},
          {"string(/domain/memory)", "2048"},
          {"string(/domain/uuid)", "e1e4ee3c-8cc5-4b4c-9a8a-3bd9cb5bd2f0"},
          {"string(/domain/vcpu)", "2"},
          {"count(//hostdev)", "0"},
          {"count(//controller[@model='pcie-root-port'])", "0"},
          {"string(/domain/devices/emulator)", "/usr/bin/qemu-system-x86_64"}}},
        {"odd strings",
         HOST,
         "title: 'a & b <c> \"d\" ''e'' ]]> é 東京 😀'\ndescription: |\n  <one> & \"two\"\n  three\n"
         "labels: {'<k> & \"': '<v> & \"'}\n",
         NULL,
         {{"string(/domain/title)", "a & b <c> \"d\" 'e' ]]> é 東京 😀"},
          {"string(/domain/description)", "<one> & \"two\"\nthree\n"},
          {"string(/domain/metadata/gpuvm:vm/gpuvm:label/@key)", "<k> & \""},
          {"string(/domain/metadata/gpuvm:vm/gpuvm:label/@value)", "<v> & \""}}},
        {"resources",
         HOST,
         "resources: {cpu_cores: 12, memory_mb: 8192}",
         NULL,
         {{"string(/domain/vcpu)", "12"},
          {"string(/domain/memory)", "8192"},
          {"string(/domain/memory/@unit)", "MiB"},
          {"count(/domain/numatune)", "0"},
          {"count(/domain/memoryBacking)", "0"}}},
        {"placement",
         HOST,
         "resources: {cpu_pinning: shared, hugepages: 1G}\n" CARD ", iommu_group: detach}\n",
         NULL,
         {{"string(/domain/vcpu/@cpuset)", "8-15"},
          {"string(/domain/numatune/memory/@nodeset)", "1"},
          {"string(/domain/numatune/memory/@mode)", "preferred"},
          {"string(/domain/memoryBacking/hugepages/page/@size)", "1048576"},
          {"string(/domain/memoryBacking/hugepages/page/@unit)", "KiB"}}},
        {"CPUs of its own, whole cores of AMD's",
         "cell 0 cpus=0-7 memory=32768 threads=2\nhost cpus=8 vendor=AuthenticAMD\n",
         "resources: {cpu_cores: 4, cpu_pinning: dedicated}",
         NULL,
         {{"count(/domain/cputune/vcpupin)", "4"},
          {"string(/domain/cputune/vcpupin[@vcpu='3']/@cpuset)", "3"},
          {"string(/domain/cputune/emulatorpin/@cpuset)", "4-7"},
          {"string(/domain/vcpu/@cpuset)", "4-7"},
          {"string(/domain/cpu/topology/@threads)", "2"},
          {"string(/domain/cpu/feature[@policy='require']/@name)", "topoext"},
          {"count(/domain/cpu/numa)", "0"}}},
        {"cells of its own",
         HOST,
         "resources: {cpu_cores: 3, numa: split, memory_mb: 3072, cpu_pinning: shared}",
         NULL,
         {{"count(/domain/numatune/memory)", "0"},
          {"string(/domain/numatune/memnode[@cellid='1']/@nodeset)", "1"},
          {"string(/domain/numatune/memnode[@cellid='1']/@mode)", "preferred"},
          {"string(/domain/cpu/numa/cell[@id='0']/@cpus)", "0-1"},
          {"string(/domain/cpu/numa/cell[@id='1']/@cpus)", "2"},
          {"string(/domain/cpu/numa/cell[@id='1']/@memory)", "1024"},
          {"string(/domain/cputune/vcpupin[@vcpu='2']/@cpuset)", "8-15"},
          {"string(/domain/cpu/topology/@sockets)", "3"}}},
        {"strict",
         HOST,
         "resources: {numa: strict}\n" CARD ", iommu_group: detach}\n",
         NULL,
         {{"string(/domain/numatune/memory/@mode)", "strict"},
          {"string(/domain/numatune/memory/@nodeset)", "1"},
          {"count(/domain/numatune/memnode)", "0"}}},
        {"EFI",
         HOST,
         "",
         NULL,
         {{"string(/domain/os/@firmware)", "efi"},
          {"string(/domain/os/type/@machine)", "q35"},
          {"string(/domain/os/firmware/feature[@name='secure-boot']/@enabled)", "no"},
          {"string(/domain/cpu/@mode)", "host-passthrough"}}},
        {"BIOS",
         HOST,
         "firmware: bios",
         NULL,
         {{"count(/domain/os/@firmware)", "0"},
          {"count(/domain/os/firmware)", "0"},
          {"string(/domain/os/type)", "hvm"}}},
        {"a kernel",
         HOST,
         "kernel: '/boot/vmlinuz & <x>'\ninitramfs: initrd\nkernel_cmdline: 'console=\"b & c\" <d>'\n",
         NULL,
         {{"string(/domain/os/kernel)", "/boot/vmlinuz & <x>"},
          {"string(/domain/os/initrd)", "/definitions/initrd"},
          {"string(/domain/os/cmdline)", "console=\"b & c\" <d>"}}},
        {"emulated",
         QEMU_HOST,
         "",
         NULL,
         {{"string(/domain/@type)", "qemu"},
          {"string(/domain/cpu/@mode)", "maximum"},
          {"count(/domain/cpu)", "1"},
          {"count(/domain/cpu/*)", "1"},
          {"string(/domain/cpu/topology/@cores)", "2"},
          {"count(/domain/devices/emulator)", "0"}}},
        {"a host of which nothing is known",
         "",
         "",
         NULL,
         {{"string(/domain/@type)", "kvm"}, {"string(/domain/os/type/@arch)", "x86_64"}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

static void
gives_disks_and_a_nic(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"disks",
         HOST,
         "disks: [{source: 'a & <b> \"c\".qcow2', name: root}, /dev/vg/data, {source: c.iso}, "
         "{source: d.img, readonly: true, target: sdc}]",
         NULL,
         {{"string(//disk[1]/source/@file)", "/definitions/a & <b> \"c\".qcow2"},
          {"concat(//disk[1]/@type, ' ', //disk[1]/@device, ' ', //disk[1]/driver/@type, ' ', //disk[1]/target/@bus, "
           "' ', //disk[1]/serial)",
           "file disk qcow2 virtio root"},
          {"concat(//disk[2]/@type, ' ', //disk[2]/source/@dev, ' ', //disk[2]/target/@dev, ' ', //disk[2]/driver/@type)",
           "block /dev/vg/data vdb raw"},
          {"concat(//disk[3]/@device, ' ', //disk[3]/target/@dev, ' ', //disk[3]/target/@bus, ' ', "
           "count(//disk[3]/readonly))",
           "cdrom sda sata 1"},
          {"concat(//disk[4]/@device, ' ', //disk[4]/target/@dev, ' ', //disk[4]/target/@bus, ' ', "
           "count(//disk[4]/readonly))",
           "disk sdc sata 1"},
          {"concat(count(//disk), ' ', count(//disk/serial), ' ', count(//disk[1]/readonly))", "4 1 0"}}},
        {"UTF-8 in paths",
         HOST,
         "disks: ['/images/é 東京.img']",
         NULL,
         {{"string(//disk/source/@file)", "/images/é 東京.img"}}},
        {"network default",
         HOST,
         "",
         NULL,
         {{"count(//interface)", "1"},
          {"string(//interface/@type)", "network"},
          {"string(//interface/source/@network)", "default"},
          {"string(//interface/model/@type)", "virtio"},
          {"count(//interface/mac)", "0"}}},
        {"another network",
         HOST,
         "network: {network: lab, mac: '52:54:00:AB:cd:01'}",
         NULL,
         {{"string(//interface/source/@network)", "lab"},
          {"string(//interface/mac/@address)", "52:54:00:ab:cd:01"}}},
        {"a bridge",
         HOST,
         "network: {mode: bridged, bridge: br0}",
         NULL,
         {{"string(//interface/@type)", "bridge"},
          {"string(//interface/source/@bridge)", "br0"},
          {"count(//interface/source/@network)", "0"}}},
        {"no NIC", HOST, "network: none", NULL, {{"count(//interface)", "0"}}},
        {"DHCP",
         HOST,
         "network: {mode: dhcp, network: lab}",
         NULL,
         {{"string(//interface[@type='network']/source/@network)", "lab"},
          {"count(//interface/source/@*)", "1"}}},
        {"DHCP on a bridge",
         HOST,
         "network: {mode: dhcp, bridge: br0, mac: '52:54:00:00:00:01'}",
         NULL,
         {{"string(//interface[@type='bridge']/source/@bridge)", "br0"},
          {"string(//interface/mac/@address)", "52:54:00:00:00:01"}}},
        {"a virtio socket",
         HOST,
         "network: vsock",
         NULL,
         {{"count(//interface)", "0"},
          {"concat(count(//vsock[@model='virtio']), ' ', //vsock/cid/@auto)", "1 yes"}}},
        {"the template's virtio socket",
         HOST,
         "network: vsock",
         "<domain type='kvm'><name/><memory/><os><type>hvm</type></os><devices><vsock model='virtio'><cid auto='no' "
         "address='7'/></vsock></devices></domain>",
         {{"concat(count(//vsock), ' ', //vsock/cid/@address)", "1 7"}}},
        {"a cloud-init seed",
         HOST,
         "disks: [a.img, b.iso]\ncloud_init: {}",
         NULL,
         {{"concat(count(//disk), ' ', //disk[3]/@device, ' ', //disk[3]/driver/@type, ' ', "
           "substring-before(//disk[3]/source/@file, '-'))",
           "3 cdrom raw /pool/vm.seed"},
          {"concat(//disk[3]/target/@dev, ' ', //disk[3]/target/@bus, ' ', count(//disk[3]/readonly))",
           "sdb sata 1"}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

#define RUN "kernel: k\nworkload: {entrypoint: [run]}\n"
#define MANIFEST "/pool/vm.manifest-b4079a3b4529.json"
#define ENTRY "/domain/sysinfo[@type='fwcfg']/entry"

static void
tells_the_firmware(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"nothing", HOST, "kernel: k", NULL, {{"count(/domain/sysinfo)", "0"}}},
        {"no kernel", HOST, "workload: {entrypoint: [run]}", NULL, {{"count(/domain/sysinfo)", "0"}}},
        {"the manifest",
         HOST,
         RUN,
         NULL,
         {{"string(" ENTRY "[@name='opt/gpuvm/manifest']/@file)", MANIFEST},
          {"count(/domain/sysinfo/*)", "1"}}},
        {"beside what the template has",
         HOST,
         RUN,
         "<domain type='kvm'><name/><memory/><sysinfo type='smbios'><bios><entry name='vendor'>v</entry></bios></sysinfo>"
         "<sysinfo type='fwcfg'><entry name='opt/org.example/a'>b</entry></sysinfo><os><type>hvm</type></os></domain>",
         {{"count(/domain/sysinfo)", "2"},
          {"string(" ENTRY "[1])", "b"},
          {"concat(" ENTRY "[2]/@name, ' ', " ENTRY "[2]/@file)", "opt/gpuvm/manifest " MANIFEST}}},
        {"beside the template's SMBIOS",
         HOST,
         RUN,
         "<domain type='kvm'><name/><memory/><os><type>hvm</type><smbios mode='sysinfo'/></os><sysinfo type='smbios'>"
         "<bios><entry name='vendor'>v</entry></bios></sysinfo></domain>",
         {{"count(/domain/sysinfo)", "2"}, {"string(" ENTRY "/@file)", MANIFEST}}},
        {"in place of an older one",
         HOST,
         RUN,
         "<domain type='kvm'><name/><memory/><sysinfo type='fwcfg'><entry name='opt/gpuvm/manifest'>x</entry>"
         "<entry name='opt/org.example/a'>b</entry></sysinfo><os><type>hvm</type></os></domain>",
         {{"count(" ENTRY ")", "2"}, {"concat(" ENTRY "[2]/@file, " ENTRY "[2])", MANIFEST}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

static void
passes_devices(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"a card and a detached member",
         HOST,
         CARD ", iommu_group: detach}",
         NULL,
         {{"count(//hostdev[@mode='subsystem'][@type='pci'][@managed='yes'][driver/@name='vfio'])", "3"},
          {"concat(//hostdev[1]/source/address/@domain, ' ', //hostdev[1]/source/address/@bus, ' ', "
           "//hostdev[1]/source/address/@slot, ' ', //hostdev[1]/source/address/@function)",
           "0x0000 0x01 0x00 0x0"},
          {"concat(//hostdev[1]/address/@bus, ' ', //hostdev[1]/address/@slot, ' ', //hostdev[1]/address/@function, ' ', "
           "//hostdev[1]/address/@multifunction)",
           "0x01 0x00 0x0 on"},
          {"concat(//hostdev[2]/address/@bus, ' ', //hostdev[2]/address/@slot, ' ', //hostdev[2]/address/@function, ' ', "
           "//hostdev[2]/address/@multifunction)",
           "0x01 0x00 0x1 "},
          {"concat(//hostdev[3]/source/address/@bus, ' ', //hostdev[3]/address/@type, ' ', "
           "count(//hostdev[3]/address/@*))",
           "0x02 unassigned 1"},
          {"string(//hostdev[2]/alias/@name)", "ua-pci-0000-01-00-1"},
          {"concat(count(//controller[@model='pcie-root-port']), ' ', //controller[@model='pcie-root-port']/@index)",
           "1 1"},
          {"count(//hostdev/rom)", "0"}}},
        {"what is remembered",
         HOST,
         CARD ", iommu_group: include}",
         NULL,
         {{"count(//gpuvm:function)", "3"},
          {"string(//gpuvm:function[2]/@address)", "0000:01:00.1"},
          {"string(//gpuvm:function[2]/@id)", "10de:1aef"},
          {"string(//gpuvm:function[2]/@role)", "same-card"},
          {"string(//gpuvm:function[3]/@role)", "group-member"},
          {"string(//gpuvm:vm/@source)", "vm.yaml"}}},
        {"two cards, one in a wide domain",
         HOST,
         "devices: {pci_passthrough: ['10000:e1:00.0', '01:00.0'], iommu_group: include}",
         NULL,
         {{"count(//controller[@model='pcie-root-port'])", "3"},
          {"string(//hostdev[4]/source/address/@domain)", "0x10000"},
          {"string(//hostdev[4]/address/@bus)", "0x03"},
          {"string(//hostdev[4]/alias/@name)", "ua-pci-10000-e1-00-0"}}},
        {"an option ROM",
         HOST,
         "devices: {iommu_group: include, pci_passthrough: [{address: '01:00.0', rom_file: 'a & b.rom'}]}",
         NULL,
         {{"string(//hostdev[1]/rom/@file)", "/definitions/a & b.rom"},
          {"string(//hostdev[1]/rom/@bar)", "on"},
          {"count(//hostdev/rom)", "1"}}},
        {"no option ROM",
         HOST,
         "devices: {iommu_group: include, pci_passthrough: [{address: '01:00', rom_bar: no}]}",
         NULL,
         {{"string(//hostdev[1]/rom/@bar)", "off"},
          {"count(//hostdev[1]/rom/@file)", "0"},
          {"count(//hostdev/rom)", "1"}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

#define BRIDGE(address, below) address " 060400 1000:c030 bridge below=" below "\n"
#define SWITCHED                                                                                                         \
    "host memory=65536 bits=39 type=kvm\n0000:10:00.0 060400 8086:352a bridge\n" BRIDGE("0000:11:00.0",                  \
                                                                                        "0000:10:00.0")                  \
        BRIDGE("0000:12:00.0", "0000:11:00.0") BRIDGE(                                                                   \
            "0000:12:01.0",                                                                                              \
            "0000:11:00.0") "0000:13:00.0 030200 10de:26b9 group=1 link=16x16/16x16 below=0000:12:00.0 bars=64Gp,32Mp\n" \
                            "0000:14:00.0 030200 10de:26b9 group=2 link=16x16/16x16 below=0000:12:01.0 bars=64Gp,32Mp\n"
#define BOTH "devices: {topology: mirror, p2p: auto, gpus: [{count: 2}]}\n"
#define QEMU(name) "*[name()='qemu:" name "']"

static void
lays_out_buses(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"a switch, its clique and a window",
         SWITCHED,
         BOTH,
         NULL,
         {{"string(//controller[@index=1]/@model)", "pcie-root-port"},
          {"count(//controller[@index=1]/address)", "0"},
          {"string(//controller[@index=2]/@model)", "pcie-switch-upstream-port"},
          {"string(//controller[@index=2]/address/@bus)", "0x01"},
          {"string(//controller[@index=4]/address/@slot)", "0x01"},
          {"string(//hostdev[2]/address/@bus)", "0x04"},
          {"string(//" QEMU("device") "[2]/@alias)", "ua-pci-0000-14-00-0"},
          {"string(//" QEMU("property") "/@value)", "0"},
          {"string(//" QEMU("arg") "[2]/@value)", "name=opt/ovmf/X-PciMmio64Mb,string=198656"},
          {"count(//maxphysaddr)", "1"}}},
        {"a template without the bits",
         SWITCHED,
         BOTH,
         "<domain><cpu mode='host-passthrough'/></domain>",
         {{"string(/domain/cpu/maxphysaddr/@mode)", "passthrough"}}},
        {"a template with others",
         SWITCHED,
         BOTH,
         "<domain><cpu mode='host-passthrough'><maxphysaddr mode='emulate' bits='42'/></cpu></domain>",
         {{"string(/domain/cpu/maxphysaddr/@mode)", "emulate"}}},
        {"a template with another CPU",
         SWITCHED,
         BOTH,
         "<domain><cpu mode='host-model'/></domain>",
         {{"count(//maxphysaddr)", "0"}}},
        {"nothing of it",
         HOST,
         CARD ", iommu_group: detach}\n",
         NULL,
         {{"count(/domain/" QEMU("override") "|/domain/" QEMU("commandline") ")", "0"}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

/* Cards of two cells, as placement fills them. */
static void
gives_cells_their_buses(void **state G_GNUC_UNUSED)
{
    static const gpuvm_guest_cell cells[] = {{0, 1, 1024}, {1, 1, 1024}};
    static const char *const expected[][2] = {
        {"count(//controller[@model='pcie-expander-bus'])", "2"},
        {"string(//controller[@index=1]/target/@busNr)", "250"},
        {"string(//controller[@index=1]/target/node)", "0"},
        {"string(//controller[@index=3]/target/@busNr)", "253"},
        {"string(//controller[@index=3]/target/node)", "1"},
        {"count(//controller[@index=3]/address)", "0"},
        {"string(//controller[@index=4]/address/@bus)", "0x03"},
        {"string(//hostdev[2]/address/@bus)", "0x04"},
    };
    g_autoptr(gpuvm_facts) facts =
        build_facts("0000:01:00.0 030000 10de:2204 numa=0\n0000:02:00.0 030000 10de:2204 numa=1\n");
    g_autoptr(plan_scene) scene = scene_new("", "", NULL, NULL);
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    g_autofree char *xml = NULL;
    g_autoptr(xmlDoc) doc = NULL;

    scene_plan(scene);
    for (guint i = 0; i < devices->len; i++)
        gpuvm_functions_add(scene->plan->functions, devices->pdata[i], GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0},
                            NULL);
    scene->plan->place.cells = g_array_new(FALSE, FALSE, sizeof(gpuvm_guest_cell));
    g_array_append_vals(scene->plan->place.cells, cells, G_N_ELEMENTS(cells));
    gpuvm_guestpci_layout(scene->plan, facts, scene->diags);
    xml = gpuvm_domxml_make(scene->plan, gpuvm_template_domain, "template", NULL, scene->diags);
    doc = gpuvm_xml_parse(xml, strlen(xml), "made", NULL);
    if (!doc || !valid(doc))
        fail_msg("not valid:\n%s", xml);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *value = evaluate(doc, expected[i][0]);
        expect_text(expected[i][0], value, expected[i][1]);
    }
}

#define FULL                                                                                                 \
    "kernel: k\nresources: {cpu_pinning: shared, hugepages: 2M}\ndisks: [a.img]\n" CARD                      \
    ", iommu_group: detach}\n"

static void
starts_from_any_template(void **state G_GNUC_UNUSED)
{
    static const xml_case cases[] = {
        {"nothing in it",
         HOST,
         FULL,
         "<domain/>",
         {{"string(/domain/name)", "vm"},
          {"string(/domain/vcpu)", "2"},
          {"string(/domain/os/type)", "hvm"},
          {"string(/domain/os/type/@machine)", "q35"},
          {"string(/domain/os/kernel)", "/definitions/k"},
          {"count(//hostdev)", "3"},
          {"count(//interface)", "1"},
          {"count(/domain/metadata/gpuvm:vm)", "1"}}},
        {"what it says stays",
         HOST,
         "",
         "<?xml version='1.0'?><!-- mine --><domain type='qemu'><name>old</name><memory unit='GiB'>1</memory>"
         "<vcpu placement='static'>1</vcpu><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
         "<on_crash>preserve</on_crash><devices><emulator>/usr/local/bin/qemu</emulator><controller type='usb' model='none'/>"
         "</devices></domain>",
         {{"string(/domain/@type)", "kvm"},
          {"string(/domain/name)", "vm"},
          {"string(/domain/os/type/@machine)", "pc-q35-7.2"},
          {"string(/domain/on_crash)", "preserve"},
          {"string(//emulator)", "/usr/local/bin/qemu"},
          {"count(//emulator)", "1"},
          {"string(/domain/memory)", "2048"},
          {"string(/domain/memory/@unit)", "MiB"},
          {"count(//controller)", "1"}}},
        {"a balloon goes, and what it says of threads",
         HOST,
         "resources: {cpu_pinning: dedicated}\n" CARD ", iommu_group: detach}\n",
         "<domain><iothreads>1</iothreads><cputune><shares>9</shares><vcpupin vcpu='0' cpuset='0'/><iothreadpin iothread='1' "
         "cpuset='0'/></cputune><cpu><topology sockets='4' dies='2' cores='1' threads='1'/></cpu><devices><memballoon "
         "model='virtio'><stats period='5'/></memballoon></devices></domain>",
         {{"string(//memballoon/@model)", "none"},
          {"count(//memballoon/*)", "0"},
          {"count(/domain/cputune/vcpupin)", "2"},
          {"count(/domain/cputune/iothreadpin)", "0"},
          {"string(/domain/cputune/shares)", "9"},
          {"string(/domain/cpu/topology/@sockets)", "1"},
          {"count(/domain/cpu/topology/@dies)", "0"}}},
        {"cells of another time go",
         HOST,
         "resources: {numa: split}\n",
         "<domain><numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='2' mode='strict' nodeset='0'/></numatune>"
         "<cpu><numa><cell id='0' cpus='0' memory='1'/></numa></cpu></domain>",
         {{"count(/domain/numatune/memory)", "0"},
          {"count(/domain/numatune/memnode)", "2"},
          {"count(/domain/cpu/numa/cell)", "2"}}},
        {"without devices, it stays",
         HOST,
         "",
         "<domain><devices><memballoon model='virtio'/></devices></domain>",
         {{"string(//memballoon/@model)", "virtio"}}},
        {"its metadata stays",
         HOST,
         "",
         "<domain><metadata><a:b xmlns:a='urn:a'>c</a:b></metadata></domain>",
         {{"string(/domain/metadata/*[1])", "c"}, {"count(/domain/metadata/*)", "2"}}},
        {"no CPU is added for an emulated one",
         QEMU_HOST,
         "",
         "<domain/>",
         {{"count(/domain/cpu/@mode)", "0"}}},
    };

    run_xml_cases(cases, G_N_ELEMENTS(cases));
}

static void
refuses_what_is_no_template(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {
        {"", "mine.xml:1: "},
        {"kind: vm", "mine.xml:1: "},
        {"<domain>", "mine.xml:1: "},
        {"<network/>", "mine.xml: the template is a <network>, not a <domain>"},
        {"<domain><devices>\n<hostdev mode='subsystem' type='pci' managed='yes'/></devices></domain>",
         "mine.xml:2: a template may not have <hostdev> :: devices.pci_passthrough"},
        {"<!DOCTYPE domain [<!ENTITY a SYSTEM '/etc/passwd'>]><domain>&a;</domain>",
         "document type declaration"},
    };
    g_autoptr(plan_scene) scene = scene_new(HOST, "", NULL, NULL);

    scene_plan(scene);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *xml = gpuvm_domxml_make(scene->plan, cases[i][0], "mine.xml", NULL, diags);
        g_autofree char *expected = g_strdup_printf("3 %s", cases[i][1]);

        if (xml)
            fail_msg("made of %s:\n%s", cases[i][0], xml);
        expect_diags(cases[i][0], diags, GPUVM_DIAG_ERROR, (const char *const[]){expected, NULL});
    }
}

/* What define makes, start takes: unless the template names another one, the emulator is libvirt's. */
static void
refuses_an_emulator_elsewhere(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *emulator, *template, *error;
    } cases[] = {
        {"/usr/bin/qemu-system-x86_64", "<domain/>", NULL},
        {"/bin/qemu-system-x86_64", "<domain/>", NULL},
        {"/opt/bin/qemu", "<domain/>",
         "4 libvirt's emulator is /opt/bin/qemu, which a VM may not have :: below /usr"},
        {"/opt/bin/qemu", "<domain><devices><emulator>/usr/local/bin/qemu</emulator></devices></domain>",
         NULL},
        {"/opt/bin/qemu", "<domain><devices><emulator>/opt/bin/qemu</emulator></devices></domain>",
         "3 a template may not have <emulator>/opt/bin/qemu</emulator>"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *host = g_strdup_printf("host emulator=%s\n", cases[i].emulator);
        g_autoptr(plan_scene) scene = scene_new(host, "", NULL, NULL);

        scene_plan(scene);
        g_free(gpuvm_domxml_make(scene->plan, cases[i].template, "mine.xml", NULL, scene->diags));
        expect_diags(cases[i].template, scene->diags, GPUVM_DIAG_ERROR,
                     (const char *const[]){cases[i].error, NULL});
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_vm_is),
        cmocka_unit_test(gives_disks_and_a_nic),
        cmocka_unit_test(tells_the_firmware),
        cmocka_unit_test(passes_devices),
        cmocka_unit_test(lays_out_buses),
        cmocka_unit_test(gives_cells_their_buses),
        cmocka_unit_test(refuses_an_emulator_elsewhere),
        cmocka_unit_test(starts_from_any_template),
        cmocka_unit_test(refuses_what_is_no_template),
    };

    return cmocka_run_group_tests_name("domxml", tests, load_schema, free_schema);
}
