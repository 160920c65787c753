/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/bounds.h"
#include "core/template.h"

/* The VM is called "a" when the XML does not say it. */
static gpuvm_diags *
judge(const char *xml, gpuvm_bounds what)
{
    gpuvm_diags *diags = gpuvm_diags_new();
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "t.xml", NULL);
    g_autofree char *name = doc ? gpuvm_xml_text(gpuvm_xml_child(xmlDocGetRootElement(doc), "name")) : NULL;

    if (!doc)
        fail_msg("not XML: %s", xml);
    gpuvm_bounds_check(xmlDocGetRootElement(doc), what, name ? name : "a", NULL, NULL, diags);
    return diags;
}

/* What is refused of both, and how the message quotes it. */
static const struct {
    const char *devices; /* in <devices>; NULL: in <domain> */
    const char *says;
    const char *domain;
} refused[] = {
    {"<hostdev mode='subsystem' type='mdev' model='vfio-pci'/>", "<hostdev"},
    {"<hostdev mode='subsystem' type='usb'/>", "<hostdev"},
    {"<hostdev mode='subsystem' type='scsi'/>", "<hostdev"},
    {"<hostdev mode='subsystem' type='scsi_host'/>", "<hostdev"},
    {"<hostdev mode='capabilities'/>", "<hostdev"},
    {"<filesystem type='mount'><source dir='/'/></filesystem>", "<filesystem>"},
    {"<shmem name='a'/>", "<shmem>"},
    {"<pstore backend='acpi-erst'/>", "<pstore>"},
    {"<x:disk xmlns:x='urn:x'/>", "<x:disk>"},
    {"<emulator>/tmp/qemu</emulator>", "<emulator>/tmp/qemu</emulator> :: below /usr"},
    {"<emulator>/opt/qemu/bin/qemu-system-x86_64</emulator>",
     "<emulator>/opt/qemu/bin/qemu-system-x86_64</emulator>"},
    {"<emulator>/usr/../tmp/qemu</emulator>", "<emulator>/usr/../tmp/qemu</emulator>"},
    {"<interface type='vdpa'/>", "<interface type='vdpa'>"},
    {"<interface type='vhostuser'/>", "<interface type='vhostuser'>"},
    {"<interface type='direct'><source dev='eno1' mode='passthrough'/></interface>",
     "<source mode='passthrough'> in <interface> :: pci_passthrough"},
    {"<interface type='ethernet'><script path='/tmp/up'/></interface>", "<script> in <interface>"},
    {"<interface type='ethernet'><downscript path='/tmp/up'/></interface>", "<downscript> in <interface>"},
    {"<interface type='user'><rom file='/etc/shadow'/></interface>",
     "<rom file='/etc/shadow'> in <interface>"},
    {"<interface type='user'><backend tap='/dev/sda'/></interface>", "<backend tap='/dev/sda'>"},
    {"<interface type='user'><backend vhost='/dev/sda'/></interface>", "<backend vhost='/dev/sda'>"},
    {"<interface type='user'><backend logFile='/etc/a'/></interface>", "<backend logFile='/etc/a'>"},
    {"<disk type='dir' device='floppy'/>", "<disk type='dir'>"},
    {"<disk type='vhostuser' device='disk'/>", "<disk type='vhostuser'>"},
    {"<disk type='network' device='lun'/>", "<disk device='lun'>"},
    {"<disk type='file' device='disk' rawio='yes'/>", "<disk rawio='yes'>"},
    {"<disk type='file' device='disk' sgio='unfiltered'/>", "<disk sgio='unfiltered'>"},
    {"<disk type='file'><source file='a'><reservations managed='yes'/></source></disk>",
     "<reservations> in <source>"},
    {"<disk type='file'><driver name='qemu' type='vmdk'/></disk>",
     "<driver type='vmdk'> in <disk> :: qemu-img convert"},
    {"<disk type='volume' device='cdrom'><driver type='vpc'/></disk>", "<driver type='vpc'> in <disk>"},
    {"<disk type='file'><backingStore type='file'><backingStore type='file'><format type='vhdx'/></backingStore>"
     "</backingStore></disk>",
     "<format type='vhdx'> in <backingStore>"},
    {"<disk type='file'><source file='a'><dataStore type='file'><format type='qed'/></dataStore></source></disk>",
     "<format type='qed'> in <dataStore>"},
    {"<disk type='file'><backingStore type='file'><backingStore type='block'/></backingStore></disk>",
     "<backingStore type='block'> in <backingStore>"},
    {"<disk type='file'><source file='a'><dataStore type='block'><source dev='/dev/sda'/></dataStore></source></disk>",
     "<dataStore type='block'> in <source>"},
    {"<interface xmlns:x='urn:x' x:type='vhostuser' type='network'/>", "<interface>"},
    {"<serial type='dev'><source path='/dev/ttyS0'/></serial>", "<serial type='dev'>"},
    {"<serial type='file'><source path='/etc/a'/></serial>", "<serial type='file'>"},
    {"<parallel type='dev'/>", "<parallel type='dev'>"},
    {"<console type='tcp'/>", "<console type='tcp'>"},
    {"<channel type='pipe'/>", "<channel type='pipe'>"},
    {"<channel type='unix'><source mode='connect'/></channel>", "<source mode='connect'> in <channel>"},
    {"<channel type='unix'><source mode='bind' path='/run/docker.sock'/></channel>",
     "<source path='/run/docker.sock'>"},
    {"<channel type='unix'><source mode='bind' path='/var/lib/libvirt/qemu/nvram/b_VARS.fd'/></channel>",
     "<source path='/var/lib/libvirt/qemu/nvram/b_VARS.fd'>"},
    {"<channel type='unix'><source path='/var/lib/libvirt/qemu/domain-1-b/monitor.sock'/></channel>",
     "<source path='/var/lib/libvirt/qemu/domain-1-b/monitor.sock'>"},
    {"<channel type='unix'><source mode='bind' path='/tmp/libvirt/qemu/channel/a'/></channel>",
     "<source path='/tmp/libvirt/qemu/channel/a'>"},
    {"<serial type='pty'><log file='/etc/libvirt/qemu/b.xml'/></serial>",
     "<log file='/etc/libvirt/qemu/b.xml'> in <serial>"},
    {"<serial type='pty'><log file='/etc/cron.d/a'/></serial>", "<log file='/etc/cron.d/a'> in <serial>"},
    {"<serial type='pty'><log file='/var/log/libvirt/qemu/b.log'/></serial>",
     "<log file='/var/log/libvirt/qemu/b.log'> in <serial> :: NAME-serial0.log"},
    {"<serial type='pty'><log file='/var/log/libvirt/qemu/a-b.log'/></serial>", "<log file="},
    {"<smartcard mode='host'/>", "<smartcard mode='host'>"},
    {"<smartcard mode='host-certificates'/>", "<smartcard mode='host-certificates'>"},
    {"<smartcard mode='passthrough' type='tcp'/>", "<smartcard type='tcp'>"},
    {"<redirdev bus='usb' type='tcp'/>", "<redirdev type='tcp'>"},
    {"<input type='evdev'/>", "<input type='evdev'>"},
    {"<input type='passthrough' bus='virtio'/>", "<input type='passthrough'>"},
    {"<audio id='1' type='alsa'/>", "<audio type='alsa'>"},
    {"<graphics type='egl-headless'/>", "<graphics type='egl-headless'>"},
    {"<graphics type='vnc' socket='/run/a'/>", "<graphics socket='/run/a'>"},
    {"<graphics type='vnc' socket='/var/lib/libvirt/qemu/nvram/b_VARS.fd'/>", "<graphics socket="},
    {"<graphics type='vnc'><listen type='socket' socket='/run/a'/></graphics>",
     "<listen socket='/run/a'> in <graphics>"},
    {"<graphics type='dbus' address='unix:path=/run/dbus/system_bus_socket'/>",
     "<graphics address='unix:path="},
    {"<graphics type='spice'><gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>",
     "<gl rendernode="},
    {"<video><model type='virtio'><acceleration rendernode='/dev/dri/renderD128'/></model></video>",
     "<acceleration rendernode="},
    {"<video><driver name='vhostuser'/></video>", "<driver name='vhostuser'> in <video>"},
    {"<rng model='virtio'><backend model='egd' type='tcp'/></rng>", "<backend model='egd'> in <rng>"},
    {"<rng model='virtio'><backend model='random'>/dev/sda</backend></rng>",
     "<backend>/dev/sda</backend> in <rng>"},
    {"<tpm model='tpm-tis'><backend type='passthrough'/></tpm>", "<backend type='passthrough'> in <tpm>"},
    {"<tpm><backend type='emulator'><source type='dir' path='/a'/></backend></tpm>", "<source> in <backend>"},
    {"<memory model='nvdimm'><source><path>/dev/dax0.0</path></source></memory>", "<memory model='nvdimm'>"},
    {"<memory model='virtio-pmem'/>", "<memory model='virtio-pmem'>"},
    {"<crypto model='virtio'><backend model='lkcf'/></crypto>", "<backend model='lkcf'> in <crypto>"},

    {NULL, "<qemu:commandline>", "<domain xmlns:qemu='urn:q'><qemu:commandline/></domain>"},
    {NULL, "<qemu:override>", "<domain xmlns:qemu='urn:q'><qemu:override/></domain>"},
    {NULL, "<launchSecurity>", "<domain><launchSecurity type='sev'/></domain>"},
    {NULL, "<bootloader>", "<domain><bootloader>/tmp/a</bootloader></domain>"},
    {NULL, "<idmap>", "<domain><idmap/></domain>"},
    {NULL, "<domain>", "<domain xmlns='urn:a'/>"},
    {NULL, "<domain type='lxc'>", "<domain type='lxc'/>"},
    {NULL, "<seclabel type='none'>", "<domain><seclabel type='none'/></domain>"},
    {NULL, "<seclabel type='static'>",
     "<domain><seclabel type='static' model='dac'><label>0:0</label></seclabel></domain>"},
    {NULL, "<baselabel> in <seclabel>", "<domain><seclabel><baselabel>u:r:t</baselabel></seclabel></domain>"},
    {NULL, "<entry file='/etc/shadow'>",
     "<domain><sysinfo type='fwcfg'><entry name='opt/a' file='/etc/shadow'/></sysinfo></domain>"},
    {NULL, "<entry file='/pool/b.manifest-0123456789ab.json'>",
     "<domain><sysinfo type='fwcfg'><entry name='opt/a' file='/pool/b.manifest-0123456789ab.json'/></sysinfo></domain>"},
    {NULL, "<type>exe</type>", "<domain><os><type>exe</type></os></domain>"},
    {NULL, "<dtb>", "<domain><os><dtb>/a</dtb></os></domain>"},
    {NULL, "<acpi>", "<domain><os><acpi><table type='slic'>/etc/shadow</table></acpi></os></domain>"},
    {NULL, "<init>", "<domain><os><init>/bin/sh</init></os></domain>"},
    {NULL, "<loader>/tmp/a</loader>", "<domain><os><loader>/tmp/a</loader></os></domain>"},
    {NULL, "<nvram>/etc/shadow</nvram>", "<domain><os><nvram>/etc/shadow</nvram></os></domain>"},
    {NULL, "<nvram>/var/lib/libvirt/qemu/nvram/b_VARS.fd</nvram>",
     "<domain><os><nvram>/var/lib/libvirt/qemu/nvram/b_VARS.fd</nvram></os></domain>"},
    {NULL, "<nvram>/var/lib/libvirt/qemu/nvram/../nvram/a_VARS.fd</nvram>",
     "<domain><os><nvram>/var/lib/libvirt/qemu/nvram/../nvram/a_VARS.fd</nvram></os></domain>"},
    {NULL, "<nvram template='/tmp/a'>", "<domain><os><nvram template='/tmp/a'/></os></domain>"},
    {NULL, "<nvram type='block'>", "<domain><os><nvram type='block'/></os></domain>"},
    {NULL, "<source file='/tmp/a'> in <nvram>",
     "<domain><os><nvram type='file'><source file='/tmp/a'/></nvram></os></domain>"},
    {NULL, "<varstore path='/var/lib/libvirt/qemu/varstore/b.json'>",
     "<domain><os><varstore path='/var/lib/libvirt/qemu/varstore/b.json'/></os></domain>"},
    {NULL, "<varstore path='/tmp/a'>", "<domain><os><varstore path='/tmp/a'/></os></domain>"},
    {NULL, "a second <devices>", "<domain><devices/><devices><disk type='file'/></devices></domain>"},
    {NULL, "a second <os>", "<domain><os/><os/></domain>"},
};

static void
reaches_into_the_host(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *xml = refused[i].devices ? g_strconcat("<domain><devices>", refused[i].devices,
                                                                "</devices></domain>", NULL)
                                                  : g_strdup(refused[i].domain);
        g_autoptr(gpuvm_diags) template = judge(xml, GPUVM_BOUNDS_TEMPLATE);
        g_autoptr(gpuvm_diags) domain = judge(xml, GPUVM_BOUNDS_DOMAIN);
        g_autofree char *of_template =
            g_strdup_printf("3 t.xml:1: a template may not have :: %s", refused[i].says);
        g_autofree char *of_domain = g_strdup_printf("4 its XML has %s", refused[i].says);

        expect_diags(xml, template, GPUVM_DIAG_ERROR, (const char *const[]){of_template, NULL});
        expect_diags(xml, domain, GPUVM_DIAG_ERROR, (const char *const[]){of_domain, NULL});
    }
}

#define QEMU(content) "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>" content "</domain>"
#define CLIQUE(name, type)                                                                                   \
    QEMU("<q:override><q:device alias='ua-a'><q:frontend><q:property name='" name "' type='" type            \
         "' value='0'/></q:frontend></q:device></q:override>")

/* Of what goes to QEMU as it is, a domain has what gpuvm writes, and a template nothing. */
static void
says_something_to_qemu(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {
        {QEMU("<q:commandline><q:arg value='-fw_cfg'/>"
              "<q:arg value='name=opt/ovmf/X-PciMmio64Mb,string=131072'/></q:commandline>")},
        {CLIQUE("x-nv-gpudirect-clique", "unsigned")},
        {QEMU("<q:commandline><q:arg value='-fw_cfg'/><q:arg value='name=opt/ovmf/X-PciMmio64Mb,file=/a'/>"
              "</q:commandline>"),
         "<q:arg value='name=opt/ovmf/X-PciMmio64Mb,file=/a'>"},
        {QEMU("<q:commandline><q:arg value='name=opt/ovmf/X-PciMmio64Mb,string=1,file=/a'/></q:commandline>"),
         "<q:arg value='name=opt/ovmf/X-PciMmio64Mb,string=1,file=/a'>"},
        {QEMU("<q:commandline><q:arg value='-device'/></q:commandline>"), "<q:arg value='-device'>"},
        {QEMU("<q:commandline><q:env name='A' value='b'/></q:commandline>"), "<q:env>"},
        {QEMU("<q:commandline><arg value='-device'/></q:commandline>"), "<arg>"},
        {CLIQUE("sysfsdev", "unsigned"), "<q:property name='sysfsdev'>"},
        {CLIQUE("x-nv-gpudirect-clique", "string"), "<q:property type='string'>"},
        {QEMU("<q:override><q:device alias='a'><q:backend/></q:device></q:override>"), "<q:backend>"},
        {QEMU("<q:capabilities/>"), "<q:capabilities>"},
        {QEMU("<devices><q:commandline/></devices>"), "<q:commandline>"},
        {QEMU("<clock><q:override/></clock>"), "<q:override>"},
        {"<domain><devices><commandline/></devices></domain>", "<commandline>"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) template = judge(cases[i][0], GPUVM_BOUNDS_TEMPLATE);
        g_autoptr(gpuvm_diags) domain = judge(cases[i][0], GPUVM_BOUNDS_DOMAIN);
        g_autofree char *expected = cases[i][1] ? g_strdup_printf("4 its XML has %s", cases[i][1]) : NULL;

        assert_int_equal(template->errors, 1);
        expect_diags(cases[i][0], domain, GPUVM_DIAG_ERROR, (const char *const[]){expected, NULL});
    }
}

/* What the definition says has its own rules, which look at no template. */
static void
belongs_in_the_definition(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {
        {"<devices><hostdev mode='subsystem' type='pci' managed='yes'/></devices>",
         "devices.pci_passthrough"},
        {"<devices><interface type='hostdev'/></devices>", "devices.pci_passthrough"},
        {"<devices><disk type='nvme' device='disk'/></devices>", "say disks"},
        {"<devices><disk type='block' device='disk'/></devices>", "say disks"},
        {"<os><kernel>/boot/vmlinuz</kernel></os>", "say kernel"},
        {"<os><initrd>/boot/initrd</initrd></os>", "say initramfs"},
        {"<os><cmdline>quiet</cmdline></os>", "say kernel_cmdline"},
        {"<devices><channel type='unix'><source path='/run/libvirt/qemu/channel/1-a/agent'/></channel></devices>",
         "libvirt names the socket"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<domain>\n%s</domain>", cases[i][0]);
        g_autofree char *expected = g_strdup_printf("3 t.xml:2: a template may not have :: %s", cases[i][1]);
        g_autoptr(gpuvm_diags) template = judge(xml, GPUVM_BOUNDS_TEMPLATE);
        g_autoptr(gpuvm_diags) domain = judge(xml, GPUVM_BOUNDS_DOMAIN);

        expect_diags(xml, template, GPUVM_DIAG_ERROR, (const char *const[]){expected, NULL});
        expect_diags(xml, domain, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
    }
}

/* A desktop of virt-manager's with what people tune, as libvirt keeps it. */
static const char desktop[] =
    "<domain type='kvm'><name>a</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><genid/>"
    "<metadata><q:commandline xmlns:q='urn:q'/><libosinfo:libosinfo xmlns:libosinfo='urn:l'/></metadata>"
    "<memory unit='KiB'>8388608</memory><currentMemory>8388608</currentMemory><maxMemory slots='2'>9</maxMemory>"
    "<memoryBacking><source type='memfd'/><access mode='shared'/><locked/></memoryBacking><vcpu>4</vcpu>"
    "<iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='2'/></cputune><numatune><memory nodeset='0'/></numatune>"
    "<blkiotune/><memtune/><resource><partition>/machine</partition></resource>"
    "<sysinfo type='smbios'><bios><entry name='vendor'>v</entry></bios></sysinfo><sysinfo type='fwcfg'>"
    "<entry name='opt/gpuvm/manifest' file='/var/lib/libvirt/images/a.manifest-0123456789ab.json'/></sysinfo>"
    "<os firmware='efi'><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>"
    "<firmware><feature enabled='no' name='secure-boot'/></firmware>"
    "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"
    "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>/var/lib/libvirt/qemu/nvram/a_VARS.fd</nvram>"
    "<kernel>/srv/k</kernel><initrd>/srv/i</initrd><cmdline>quiet</cmdline><bootmenu enable='yes'/><smbios mode='host'/>"
    "</os><features><acpi/><hyperv mode='custom'><relaxed state='on'/></hyperv><kvm><hidden state='on'/></kvm></features>"
    "<cpu mode='host-passthrough'><topology sockets='1' cores='4' threads='1'/></cpu><clock offset='utc'/>"
    "<on_poweroff>destroy</on_poweroff><pm/><perf/><seclabel type='dynamic' model='apparmor' relabel='yes'/>"
    "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><disk type='file' device='disk'><source file='/srv/a.qcow2'/>"
    "<backingStore type='file'><source file='/srv/b'/><backingStore/></backingStore></disk>"
    "<disk type='network' device='disk'/><disk type='volume' device='cdrom'/><controller type='usb' model='qemu-xhci'/>"
    "<controller type='virtio-serial'/><interface type='network'><source network='default'/></interface>"
    "<interface type='direct'><source dev='eno1' mode='bridge'/></interface><interface type='user'>"
    "<backend type='passt'/></interface><serial type='pty'><source path='/dev/pts/2'/>"
    "<log file='/var/log/libvirt/qemu/a.log'/></serial><console type='pty'/><channel type='unix'>"
    "<source mode='bind' path='/var/lib/libvirt/qemu/channel/target/domain-1-a/org.qemu.guest_agent.0'/></channel>"
    "<channel type='spicevmc'/><input type='tablet' bus='usb'/><input type='mouse' bus='ps2'/><tpm model='tpm-crb'>"
    "<backend type='emulator' version='2.0'/></tpm><graphics type='spice' autoport='yes'><listen type='address'/>"
    "<gl enable='no'/></graphics><sound model='ich9'/><audio id='1' type='spice'/><video><driver name='qemu'/>"
    "<model type='virtio'><acceleration accel3d='no'/></model></video><redirdev bus='usb' type='spicevmc'/>"
    "<smartcard mode='passthrough' type='spicevmc'/><hub type='usb'/><watchdog model='itco' action='reset'/>"
    "<memballoon model='virtio'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    "<rng model='virtio'><backend model='builtin'/></rng><panic model='isa'/><iommu model='intel'/>"
    "<vsock model='virtio'/><memory model='virtio-mem'/><nvram/></devices></domain>";

static void
expect_nothing(const char *name, const char *xml, gpuvm_bounds what)
{
    g_autoptr(gpuvm_diags) diags = judge(xml, what);

    expect_diags(name, diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
}

static void
leaves_a_guest_alone(void **state G_GNUC_UNUSED)
{
    static const char *const of_a_host[] = {
        "<hostdev mode='subsystem' type='pci'><rom file='/srv/rom'/></hostdev>",
        "<interface type='hostdev'/>",
        "<disk type='block' device='disk'><source dev='/dev/vg/a'/></disk>",
        "<disk type='nvme' device='disk'/>",
    };

    expect_nothing("desktop", desktop, GPUVM_BOUNDS_DOMAIN);
    expect_nothing("the built-in template", gpuvm_template_domain, GPUVM_BOUNDS_TEMPLATE);
    for (size_t i = 0; i < G_N_ELEMENTS(of_a_host); i++) {
        g_autofree char *xml = g_strdup_printf("<domain><devices>%s</devices></domain>", of_a_host[i]);

        expect_nothing(of_a_host[i], xml, GPUVM_BOUNDS_DOMAIN);
    }
}

/* What is named after the VM is its own, whatever the name; what may be another VM's is not. */
static void
knows_its_own(void **state G_GNUC_UNUSED)
{
#define NVRAM "<os><nvram>%s</nvram></os>"
#define STORE "<os><varstore path='%s'/></os>"
#define AGENT "<devices><channel type='unix'><source mode='bind' path='%s'/></channel></devices>"
#define VNC "<devices><graphics type='vnc' socket='%s'/></devices>"
#define BUS "<devices><graphics type='dbus' address='%s'/></devices>"
#define LOG "<devices><serial type='pty'><log file='%s'/></serial></devices>"
#define MANIFEST "<sysinfo type='fwcfg'><entry name='opt/a' file='%s'/></sysinfo>"
#define LIB "/var/lib/libvirt/qemu/"
#define LONG "a-name-of-more-than-twenty"
    static const struct {
        const char *name, *xml, *path;
        bool own;
        const char *id; /* of a domain that runs, or is about to; NULL: it is only defined */
    } rows[] = {
        {"a", NVRAM, LIB "nvram/a_VARS.fd", true},
        {"a", NVRAM, "/home/b/.config/libvirt/qemu/nvram/a_VARS.qcow2", true},
        {"a", NVRAM, LIB "nvram/a_VARS.fd\nb", false},
        {"a", NVRAM, LIB "nvram/a_VARS.fd_VARS.fd", false},
        {"a", NVRAM, LIB "nvram/ba_VARS.fd", false},
        {"a", NVRAM, LIB "nvram/b/a_VARS.fd", false},
        {"a.b", NVRAM, LIB "nvram/a.b_VARS.fd", true},
        {"a.b", NVRAM, LIB "nvram/acb_VARS.fd", false},
        {"b|.*", NVRAM, LIB "nvram/b|.*_VARS.fd", true},
        {"b|.*", NVRAM, LIB "nvram/b_VARS.fd", false},
        {"a)(b", NVRAM, LIB "nvram/a)(b_VARS.fd", true},
        {"a", STORE, LIB "varstore/a.json", true},
        {"a", STORE, LIB "varstore/b.json", false},
        {"a", AGENT, LIB "channel/target/domain-12-a/org.qemu.guest_agent.0", true},
        {"a", AGENT, "/run/libvirt/qemu/channel/12-a/org.qemu.guest_agent.0", true},
        {"a", AGENT, LIB "channel/target/a.org.qemu.guest_agent.0", true},
        {"a", AGENT, LIB "channel/target/a-0.org.qemu.guest_agent.0", false},
        {"a", AGENT, LIB "channel/target/domain-12-b/org.qemu.guest_agent.0", false},
        {"a", AGENT, LIB "channel/target/domain-12-b-a/org.qemu.guest_agent.0", false},
        {"a", AGENT, LIB "channel/target/domain-a/org.qemu.guest_agent.0", false},
        {"a", AGENT, "/run/libvirt/qemu/channel/1-b/org.qemu.guest_agent.0", false},
        {LONG, AGENT, "/run/libvirt/qemu/channel/1-a-name-of-more-than-/agent", true, "1"},
        {LONG, AGENT, "/run/libvirt/qemu/channel/2-a-name-of-more-than-/agent", false, "1"},
        {LONG, AGENT, "/run/libvirt/qemu/channel/1-a-name-of-more-than-/agent", false, "."},
        {LONG, AGENT, "/run/libvirt/qemu/channel/1-a-name-of-more-than-/agent", false},
        {LONG, AGENT, "/run/libvirt/qemu/channel/1-" LONG "/agent", false, "1"},
        {LONG, AGENT, "/run/libvirt/qemu/channel/target/" LONG ".org.qemu.guest_agent.0", true},
        {LONG, VNC, LIB "domain-1-a-name-of-more-than-/vnc.sock", true, "1"},
        {LONG, VNC, LIB "domain-1-a-name-of-more-than-/vnc.sock", false, "11"},
        {LONG, BUS, "unix:path=/run/libvirt/qemu/dbus/1-a-name-of-more-than--dbus.sock", true, "1"},
        {LONG, BUS, "unix:path=/run/libvirt/qemu/dbus/1-a-name-of-more-than--dbus.sock", false, "2"},
        {"of-twenty-characters", AGENT, "/run/libvirt/qemu/channel/1-of-twenty-characters/agent", true},
        {"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc", AGENT,
         "/run/libvirt/qemu/channel/1-\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc/agent",
         true},
        {"a", VNC, LIB "domain-1-a/vnc.sock", true},
        {"a", VNC, "/run/libvirt/qemu/a.vnc.sock", true},
        {"a", VNC, LIB "domain-1-b/vnc.sock", false},
        {"a", VNC, LIB "domain-1-a/monitor.sock", false},
        {"a", BUS, "unix:path=/run/libvirt/qemu/dbus/1-a-dbus.sock", true},
        {"a", BUS, "unix:path=/run/libvirt/qemu/dbus/1-b-a-dbus.sock", false},
        {"a", LOG, "/var/log/libvirt/qemu/a.log", true},
        {"a", LOG, "/var/log/libvirt/qemu/a-serial0.log", true},
        {"a", LOG, "/var/log/libvirt/qemu/b-serial0.log", false},
        {"a", LOG, "/var/log/libvirt/qemu/b/a.log", false},
        {"a", MANIFEST, "/pool/a.manifest-0123456789ab.json", true},
        {"a", MANIFEST, "/pool/b/a.manifest-0123456789ab.json", true},
        {"a", MANIFEST, "/pool/a.manifest-0123456789ab.json/b", false},
        {"a", MANIFEST, "/pool/a.manifest-b.manifest-0123456789ab.json", false},
        {"a", MANIFEST, "/pool/b-a.manifest-0123456789ab.json", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) around = g_strsplit(rows[i].xml, "%s", 2);
        g_autofree char *id = rows[i].id ? g_strdup_printf(" id='%s'", rows[i].id) : g_strdup("");
        g_autofree char *xml = g_strconcat("<domain", id, "><name>", rows[i].name, "</name>", around[0],
                                           rows[i].path, around[1], "</domain>", NULL);
        g_autoptr(gpuvm_diags) diags = judge(xml, GPUVM_BOUNDS_DOMAIN);

        expect_diags(xml, diags, GPUVM_DIAG_ERROR,
                     (const char *const[]){rows[i].own ? NULL : "4 its XML has :: virsh edit", NULL});
    }
}

/* Of a VM that was renamed. */
static void
keeps_what_its_former_name_gave(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml, *path;
        bool own;
    } rows[] = {
        {NVRAM, LIB "nvram/a_VARS.fd", true},
        {NVRAM, LIB "nvram/old.one_VARS.fd", true},
        {NVRAM, LIB "nvram/old-one_VARS.fd", false},
        {NVRAM, LIB "nvram/other_VARS.fd", false},
        {STORE, LIB "varstore/old.one.json", true},
        {MANIFEST, "/pool/old.one.manifest-0123456789ab.json", true},
        {AGENT, LIB "channel/target/old.one.org.qemu.guest_agent.0", true},
        {AGENT, LIB "channel/target/domain-1-old.one/org.qemu.guest_agent.0", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) around = g_strsplit(rows[i].xml, "%s", 2);
        g_autofree char *xml = g_strconcat("<domain>", around[0], rows[i].path, around[1], "</domain>", NULL);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new(), before = judge(xml, GPUVM_BOUNDS_DOMAIN);
        g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "t.xml", NULL);

        gpuvm_bounds_check(xmlDocGetRootElement(doc), GPUVM_BOUNDS_DOMAIN, "a", "old.one", NULL, diags);
        expect_diags(xml, diags, GPUVM_DIAG_ERROR,
                     (const char *const[]){rows[i].own ? NULL : "4 its XML has", NULL});
        assert_int_equal(before->errors, i > 0); /* only the first is called as it is now */
    }
}

/* Each error is found, each is one. */
static void
finds_all_at_once(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = judge(
        "<domain xmlns:qemu='urn:q'>\n<qemu:commandline><qemu:arg value='-device'/></qemu:commandline>\n"
        "<devices>\n<filesystem><source dir='/'/></filesystem>\n"
        "<disk type='dir' device='lun'/>\n</devices>\n</domain>",
        GPUVM_BOUNDS_TEMPLATE);

    expect_diags("all", diags, GPUVM_DIAG_ERROR,
                 (const char *const[]){"3 t.xml:2: a template may not have <qemu:commandline>",
                                       "3 t.xml:4: a template may not have <filesystem>",
                                       "3 t.xml:5: a template may not have <disk type='dir'>",
                                       "3 t.xml:5: a template may not have <disk device='lun'>", NULL});
}

/* What gpuvm made of a case can be started. */
static void
passes_what_gpuvm_makes(void **state G_GNUC_UNUSED)
{
    const char *source = g_getenv("top_srcdir");
    g_autofree char *cases = source ? g_build_filename(source, "tests", "cases", NULL) : NULL;
    g_autoptr(GDir) dir = source ? g_dir_open(cases, 0, NULL) : NULL;
    unsigned n = 0;

    if (!source)
        skip();
    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(cases, name, "domain.xml", NULL), *text = NULL;
        g_auto(GStrv) domains = NULL;

        if (!g_file_get_contents(file, &text, NULL, NULL))
            continue;
        domains = g_strsplit(text, "</domain>\n", -1);
        for (char **domain = domains; **domain; domain++) {
            g_autofree char *xml = g_strconcat(*domain, "</domain>", NULL);

            expect_nothing(file, xml, GPUVM_BOUNDS_DOMAIN);
            n++;
        }
    }
    assert_true(n > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_into_the_host),
        cmocka_unit_test(says_something_to_qemu),
        cmocka_unit_test(belongs_in_the_definition),
        cmocka_unit_test(leaves_a_guest_alone),
        cmocka_unit_test(finds_all_at_once),
        cmocka_unit_test(passes_what_gpuvm_makes),
        cmocka_unit_test(knows_its_own),
        cmocka_unit_test(keeps_what_its_former_name_gave),
    };

    return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
