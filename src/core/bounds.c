/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/bounds.h"

#include <string.h>

#include "base/text.h"
#include "core/hostdevxml.h"

#define EITHER (GPUVM_BOUNDS_TEMPLATE | GPUVM_BOUNDS_DOMAIN)
#define TEMPLATE GPUVM_BOUNDS_TEMPLATE
#define DOMAIN GPUVM_BOUNDS_DOMAIN

/* The elements that stand for a character device, with @tail behind each. */
#define CHARDEVS(tail)                                                                                       \
    "devices/serial" tail " devices/parallel" tail " devices/console" tail " devices/channel" tail

/*
 * What is the VM's own, by regular expressions, in which (?&name) is a name of the VM's, and (?&short) what libvirt makes of it behind
 * (?&id), the number of a running domain: what libvirt itself would call it, or what people do. Beside it is that of other VMs.
 */
#define NVRAM ".*/libvirt/qemu/nvram/(?&name)_VARS(\\.fd|\\.raw|\\.qcow2)?"
#define VARSTORE ".*/libvirt/qemu/varstore/(?&name)\\.json"
#define OF_RUNNING "(domain-)?(?&id)-(?&short)/"
#define SOCKETS "(/run|/var/lib)/libvirt/qemu/channel/(target/)?(" OF_RUNNING "[^/]+|(?&name)\\.org\\.[^/]+)"
#define GRAPHICS "(/run|/var/lib)/libvirt/qemu/(" OF_RUNNING "|(?&name)[.-])(vnc|spice)\\.sock"
#define BUS "unix:path=/run/libvirt/qemu/dbus/(?&id)-(?&short)-dbus\\.sock"
#define LOG "/var/log/libvirt/qemu/(?&name)([.-](serial|parallel|console|channel)[0-9]*)?\\.log"
#define MANIFEST ".*/(?&name)\\.manifest-[0-9a-f]{12}\\.json" /* core/image */
#define SHORT 20 /* characters, which several VMs' names may begin with */

/* Elements of libvirt's extension for QEMU, whose paths have this before each name, whatever their prefix. */
#define QEMU "qemu:"
#define COMMANDLINE QEMU "commandline"
#define ARG QEMU "arg"
#define OVERRIDE QEMU "override"
#define DEVICE QEMU "device"
#define FRONTEND QEMU "frontend"
#define PROPERTY QEMU "property"

#define EMULATORS "/usr/* /bin/*" /* which is /usr/bin: libvirt names what it finds first in $PATH */
#define BELOW_USR "install QEMU below /usr, where only root writes"
#define IN_DEFINITION "name the device in devices.pci_passthrough of the definition"
#define LEFT_OUT "leave it out: libvirt names the "
#define FORMATS "raw qcow2"
#define CONVERT                                                                                              \
    "gpuvm does not know which files such an image names: make another one of it with qemu-img convert -O "  \
    "qcow2 OLD NEW"

/* In lists, blanks stand between what they name. */
static const struct part {
    const char *path;     /* of the element, below <domain>, which is "" */
    const char *children; /* what may stand in it */
} parts[] = {
    {"",
     "name uuid hwuuid genid title description metadata maxMemory memory currentMemory memoryBacking memtune "
     "blkiotune cputune numatune vcpu vcpus iothreads iothreadids defaultiothread throttlegroups resource sysinfo "
     "os features cpu clock on_poweroff on_reboot on_crash on_lockfailure pm perf keywrap seclabel devices " COMMANDLINE
     " " OVERRIDE},
    {"os", "type loader nvram varstore firmware boot bootmenu smbios bios kernel initrd cmdline"},
    {"devices",
     "emulator disk controller lease interface input sound audio hostdev graphics video console parallel serial "
     "channel smartcard hub redirdev redirfilter rng tpm memory watchdog memballoon nvram panic iommu vsock "
     "crypto"},
    {COMMANDLINE, ARG},
    {COMMANDLINE "/" ARG, ""},
    {OVERRIDE, DEVICE},
    {OVERRIDE "/" DEVICE, FRONTEND},
    {OVERRIDE "/" DEVICE "/" FRONTEND, PROPERTY},
    {OVERRIDE "/" DEVICE "/" FRONTEND "/" PROPERTY, ""},
};

/* What may be said in those, and what may stand deeper only as this says; else whatever libvirt's schema has. */
static const struct row {
    unsigned where;
    const char *paths;     /* patterns of the element's path */
    const char *attribute; /* NULL: its text, or, with nothing allowed, the element */
    const char *allowed;   /* patterns of what it may say; NULL: nothing, or what is @own */
    const char *instead;   /* a hint; NULL */
    const char *own;       /* what it may say, too; NULL */
} rows[] = {
    {EITHER, "", "type", "kvm qemu test"},
    {EITHER, "seclabel", "type", "dynamic"},
    {EITHER, "seclabel/baselabel"},
    {EITHER, "sysinfo/entry", "file", .own = MANIFEST},

    {TEMPLATE, "os/kernel", .instead = "say kernel in the definition"},
    {TEMPLATE, "os/initrd", .instead = "say initramfs in the definition"},
    {TEMPLATE, "os/cmdline", .instead = "say kernel_cmdline in the definition"},
    {EITHER, "os/type", NULL, "hvm"},
    {EITHER, "os/loader", NULL, "/usr/*"},
    {EITHER, "os/nvram os/varstore", "template", "/usr/*"},
    {EITHER, "os/nvram", NULL, .own = NVRAM, .instead = LEFT_OUT "file"},
    {EITHER, "os/nvram", "type", "file"},
    {EITHER, "os/nvram/source", "file", .own = NVRAM, .instead = LEFT_OUT "file"},
    {EITHER, "os/varstore", "path", .own = VARSTORE, .instead = LEFT_OUT "file"},

    {EITHER, "devices/emulator", NULL, EMULATORS, BELOW_USR},

    {TEMPLATE, "devices/hostdev", .instead = IN_DEFINITION},
    {DOMAIN, "devices/hostdev", "mode", "subsystem"},
    {DOMAIN, "devices/hostdev", "type", "pci"},
    {TEMPLATE, "devices/interface", "type",
     "network bridge user direct ethernet internal mcast server client udp null", IN_DEFINITION},
    {DOMAIN, "devices/interface", "type",
     "network bridge user direct ethernet internal mcast server client udp null hostdev"},
    {EITHER, "devices/interface/source", "mode", "vepa bridge private",
     "the host would lose the whole NIC: say mode='bridge', or name its PCI function in pci_passthrough"},
    {EITHER, "devices/interface/script devices/interface/downscript"},
    {EITHER, "devices/interface/rom", "file", "/usr/*"},
    {EITHER, "devices/interface/backend", "tap", "/dev/net/tun"},
    {EITHER, "devices/interface/backend", "vhost", "/dev/vhost-net"},
    {EITHER, "devices/interface/backend", "logFile"},

    {TEMPLATE, "devices/disk", "type", "file network volume", "say disks in the definition"},
    {DOMAIN, "devices/disk", "type", "file network volume block nvme"},
    {EITHER, "devices/disk", "device", "disk cdrom floppy"},
    {EITHER, "devices/disk", "rawio", "no"},
    {EITHER, "devices/disk", "sgio", "filtered"},
    {EITHER, "devices/disk/source/reservations"},
    {EITHER, "devices/disk/driver", "type", FORMATS, CONVERT},
    {EITHER, "devices/disk/*backingStore devices/disk/*dataStore", "type", "file network volume"},
    {EITHER, "devices/disk/*backingStore/format devices/disk/*dataStore/format", "type", FORMATS, CONVERT},

    {EITHER, CHARDEVS(""), "type", "pty unix null vc spicevmc spiceport dbus qemu-vdagent",
     "type='pty' is what gpuvm console and virsh console show"},
    {TEMPLATE, CHARDEVS("/source"), "path", "/dev/pts/*", LEFT_OUT "socket"},
    {DOMAIN, CHARDEVS("/source"), "path", "/dev/pts/*", LEFT_OUT "socket", SOCKETS},
    {EITHER, CHARDEVS("/source"), "mode", "bind"},
    {EITHER, CHARDEVS("/log"), "file", .own = LOG,
     .instead = "its own are /var/log/libvirt/qemu/NAME-serial0.log and the like"},
    {EITHER, "devices/smartcard", "mode", "passthrough"},
    {EITHER, "devices/smartcard devices/redirdev", "type", "spicevmc"},

    {EITHER, "devices/input", "type", "tablet mouse keyboard"},
    {EITHER, "devices/audio", "type", "none spice pulseaudio pipewire jack dbus sdl"},
    {EITHER, "devices/graphics", "type", "vnc spice sdl dbus rdp"},
    {EITHER, "devices/graphics devices/graphics/listen", "socket", .own = GRAPHICS,
     .instead = LEFT_OUT "socket"},
    {EITHER, "devices/graphics", "address", .own = BUS, .instead = LEFT_OUT "bus"},
    {EITHER, "devices/graphics/gl devices/video/*acceleration", "rendernode"},
    {EITHER, "devices/video/driver", "name", "qemu"},
    {EITHER, "devices/rng/backend", "model", "random builtin"},
    {EITHER, "devices/rng/backend", NULL, "/dev/urandom /dev/random /dev/hwrng"},
    {EITHER, "devices/tpm/backend", "type", "emulator"},
    {EITHER, "devices/tpm/backend/source"},
    {EITHER, "devices/memory", "model", "dimm virtio-mem sgx-epc"},
    {EITHER, "devices/crypto/backend", "model", "builtin"},

    /* what gpuvm itself writes: core/hostdevxml */
    {TEMPLATE, COMMANDLINE " " OVERRIDE},
    {DOMAIN, COMMANDLINE "/" ARG, "value", "-fw_cfg", .own = GPUVM_OVMF_WINDOW "[0-9]+"},
    {DOMAIN, OVERRIDE "/" DEVICE "/" FRONTEND "/" PROPERTY, "name", GPUVM_QEMU_CLIQUE},
    {DOMAIN, OVERRIDE "/" DEVICE "/" FRONTEND "/" PROPERTY, "type", "unsigned"},
};

typedef struct check {
    gpuvm_bounds what;
    const char *name, *former; /* the latter: NULL */
    const char *id;            /* as a running domain; NULL */
    const gpuvm_mark *mark;
    gpuvm_diags *diags;
} check;

/* Whether @text is the VM's own, as @pattern has it. */
static bool
is_own(const check *on, const char *pattern, const char *text)
{
    glong length = g_utf8_strlen(on->name, -1);
    g_autofree char *start = g_utf8_substring(on->name, 0, MIN(length, SHORT));
    g_autofree char *name = g_regex_escape_string(on->name, -1), *brief = g_regex_escape_string(start, -1);
    g_autofree char *other = g_regex_escape_string(on->former ? on->former : on->name, -1);
    g_autofree char *own = on->id ? g_regex_escape_string(on->id, -1) : g_strdup("(*FAIL)");
    g_autofree char *regex = g_strdup_printf("(?(DEFINE)(?<name>%s|%s)(?<short>%s)(?<id>%s))^(%s)$", name,
                                             other, brief, length > SHORT ? own : "[0-9]+", pattern);

    return g_regex_match_simple(regex, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Whether @row lets it say @value; no path may go up again. */
static bool
may_say(const check *on, const struct row *row, const char *value)
{
    return ((row->allowed && gpuvm_text_fits(row->allowed, value)) ||
            (row->own && is_own(on, row->own, value))) &&
           !strstr(value, "/../");
}

static const struct part *
find_part(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_str_equal(parts[i].path, path))
            return &parts[i];
    }
    return NULL;
}

/* As it is written, with its prefix. g_malloc. */
static char *
name_of(const xmlNode *node)
{
    const char *prefix = node->ns && node->ns->prefix ? (const char *)node->ns->prefix : NULL;

    return g_strconcat(prefix ? prefix : "", prefix ? ":" : "", (const char *)node->name, NULL);
}

/* Adds that @text, how @node would be written, may not be there. */
static void
refuse(const check *on, const xmlNode *node, const char *text, const char *instead)
{
    const xmlNode *parent = node->parent;
    bool outer =
        parent->type != XML_ELEMENT_NODE || gpuvm_text_fits("domain os devices", (const char *)parent->name);
    g_autofree char *outside = outer ? NULL : name_of(parent);
    g_autofree char *in = outer ? NULL : g_strdup_printf(" in <%s>", outside);
    gpuvm_diag *diag;

    if (on->what == TEMPLATE)
        diag =
            gpuvm_diags_error(on->diags, GPUVM_EXIT_INVALID, on->mark, "%s:%ld: a template may not have %s%s",
                              (const char *)node->doc->URL, xmlGetLineNo(node), text, in ? in : "");
    else
        diag = gpuvm_diags_error(on->diags, GPUVM_EXIT_REFUSED, on->mark,
                                 "its XML has %s%s, which a VM may not have", text, in ? in : "");
    if (instead)
        gpuvm_diag_hint(diag, "%s", instead);
    if (on->what == DOMAIN)
        gpuvm_diag_hint(diag, "take it out with virsh edit, or make the XML anew with gpuvm define");
}

static void
refuse_element(const check *on, const xmlNode *node, const char *why, const char *instead)
{
    g_autofree char *name = name_of(node), *text = g_strdup_printf("%s<%s>", why, name);

    refuse(on, node, text, instead);
}

/* Whether @node may be what it is by @row, whose paths have it. */
static bool
check_row(const check *on, const xmlNode *node, const struct row *row)
{
    g_autofree char *value = row->attribute ? gpuvm_xml_attr(node, row->attribute) : gpuvm_xml_text(node);
    g_autofree char *text = NULL, *name = name_of(node);

    if (!row->attribute && !row->allowed && !row->own) {
        refuse_element(on, node, "", row->instead);
        return false;
    }
    if (!value || may_say(on, row, value))
        return true;
    text = row->attribute ? g_strdup_printf("<%s %s='%s'>", name, row->attribute, value)
                          : g_strdup_printf("<%s>%s</%s>", name, value, name);
    refuse(on, node, text, row->instead);
    return false;
}

static bool
check_rows(const check *on, const xmlNode *node, const char *path)
{
    bool right = true;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].where & on->what && gpuvm_text_fits(rows[i].paths, path))
            right = check_row(on, node, &rows[i]) && right;
    }
    return right;
}

/* libvirt looks into each element of a name, gpuvm into the first. */
static bool
is_second(const xmlNode *node)
{
    const xmlNode *before = node->prev;

    while (before && !gpuvm_xml_is(before, (const char *)node->name))
        before = before->prev;
    return before && !gpuvm_text_fits("sysinfo seclabel", (const char *)node->name);
}

/* libvirt takes an attribute by its name, whatever its namespace. */
static bool
has_foreign_attribute(const xmlNode *node)
{
    const xmlAttr *attribute = node->properties;

    while (attribute && !attribute->ns)
        attribute = attribute->next;
    return attribute != NULL;
}

/* @path: of @node, an element. */
static void
check_children(const check *on, const xmlNode *node, const char *path)
{
    const struct part *part = find_part(path);

    for (const xmlNode *child = node->children; child; child = child->next) {
        bool qemu = child->ns && g_str_equal(child->ns->href, GPUVM_QEMU_NS);
        g_autofree char *name = g_strconcat(qemu ? QEMU : "", (const char *)child->name, NULL);
        g_autofree char *below = g_strconcat(path, *path ? "/" : "", name, NULL);

        if (child->type != XML_ELEMENT_NODE)
            continue;
        if ((child->ns && !(qemu && part)) || has_foreign_attribute(child) ||
            (part && !gpuvm_text_fits(part->children, name)))
            refuse_element(on, child, "", NULL);
        else if (!*path && is_second(child))
            refuse_element(on, child, "a second ", NULL);
        else if (check_rows(on, child, below) && !g_str_equal(below, "metadata"))
            check_children(on, child, below);
    }
}

void
gpuvm_bounds_check(const xmlNode *domain, gpuvm_bounds what, const char *name, const char *former,
                   const gpuvm_mark *mark, gpuvm_diags *diags)
{
    g_autofree char *id = gpuvm_xml_attr(domain, "id");
    const check on = {what, name, former, id, mark, diags};

    if (domain->ns || has_foreign_attribute(domain))
        refuse_element(&on, domain, "", NULL);
    else if (check_rows(&on, domain, ""))
        check_children(&on, domain, "");
}

void
gpuvm_bounds_check_emulator(const char *path, const gpuvm_mark *mark, gpuvm_diags *diags)
{
    if (!gpuvm_text_fits(EMULATORS, path))
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, mark,
                                          "libvirt's emulator is %s, which a VM may not have", path),
                        BELOW_USR);
}
