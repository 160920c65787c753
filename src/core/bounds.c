/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/bounds.h"

#include <string.h>

#define EITHER (GPUVM_BOUNDS_TEMPLATE | GPUVM_BOUNDS_DOMAIN)
#define TEMPLATE GPUVM_BOUNDS_TEMPLATE
#define DOMAIN GPUVM_BOUNDS_DOMAIN

/* The elements that stand for a character device, with @tail behind each. */
#define CHARDEVS(tail)                                                                                       \
    "devices/serial" tail " devices/parallel" tail " devices/console" tail " devices/channel" tail

/* Where libvirt itself keeps them; elsewhere below its directories are its files and the sockets of other VMs. */
#define SOCKETS "/run/libvirt/qemu/channel/* /var/lib/libvirt/qemu/channel/*"
#define GRAPHICS                                                                                             \
    "/run/libvirt/qemu/*vnc.sock /run/libvirt/qemu/*spice.sock /var/lib/libvirt/qemu/*vnc.sock "             \
    "/var/lib/libvirt/qemu/*spice.sock"
#define NVRAM "*/libvirt/qemu/nvram/* */libvirt/qemu/varstore/*"
#define IN_DEFINITION "name the device in devices.pci_passthrough of the definition"

/* In lists, blanks stand between what they name. */
static const struct part {
    const char *path;     /* of the element, below <domain>, which is "" */
    const char *children; /* what may stand in it */
} parts[] = {
    {"",
     "name uuid hwuuid genid title description metadata maxMemory memory currentMemory memoryBacking memtune "
     "blkiotune cputune numatune vcpu vcpus iothreads iothreadids defaultiothread throttlegroups resource sysinfo "
     "os features cpu clock on_poweroff on_reboot on_crash on_lockfailure pm perf keywrap seclabel devices"},
    {"os", "type loader nvram varstore firmware boot bootmenu smbios bios kernel initrd cmdline"},
    {"devices",
     "emulator disk controller lease interface input sound audio hostdev graphics video console parallel serial "
     "channel smartcard hub redirdev redirfilter rng tpm memory watchdog memballoon nvram panic iommu vsock "
     "crypto"},
};

/* What may be said in those, and what may stand deeper only as this says; else whatever libvirt's schema has. */
static const struct row {
    unsigned where;
    const char *paths;     /* patterns of the element's path */
    const char *attribute; /* NULL: its text, or, with nothing allowed, the element */
    const char *allowed;   /* patterns of what it may say; NULL: it may not be there at all */
    const char *instead;   /* a hint; NULL */
} rows[] = {
    {EITHER, "", "type", "kvm qemu test"},
    {EITHER, "seclabel", "type", "dynamic"},
    {EITHER, "seclabel/baselabel"},
    {EITHER, "sysinfo/entry", "file", "*.manifest-*.json"}, /* core/workload */

    {TEMPLATE, "os/kernel", .instead = "say kernel in the definition"},
    {TEMPLATE, "os/initrd", .instead = "say initramfs in the definition"},
    {TEMPLATE, "os/cmdline", .instead = "say kernel_cmdline in the definition"},
    {EITHER, "os/type", NULL, "hvm"},
    {EITHER, "os/loader", NULL, "/usr/*"},
    {EITHER, "os/nvram os/varstore", "template", "/usr/*"},
    {EITHER, "os/nvram", NULL, NVRAM},
    {EITHER, "os/nvram", "type", "file"},
    {EITHER, "os/nvram/source", "file", NVRAM},
    {EITHER, "os/varstore", "path", NVRAM},

    {EITHER, "devices/emulator", NULL, "/usr/*"},

    {TEMPLATE, "devices/hostdev", .instead = IN_DEFINITION},
    {DOMAIN, "devices/hostdev", "mode", "subsystem"},
    {DOMAIN, "devices/hostdev", "type", "pci"},
    {TEMPLATE, "devices/interface", "type",
     "network bridge user direct ethernet internal mcast server client udp null", IN_DEFINITION},
    {DOMAIN, "devices/interface", "type",
     "network bridge user direct ethernet internal mcast server client udp null hostdev"},
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
    {EITHER, "devices/disk/*backingStore devices/disk/*dataStore", "type", "file network volume"},

    {EITHER, CHARDEVS(""), "type", "pty unix null vc spicevmc spiceport dbus qemu-vdagent",
     "type='pty' is what gpuvm console and virsh console show"},
    {TEMPLATE, CHARDEVS("/source"), "path", "/dev/pts/*", "leave it out: libvirt names the socket"},
    {DOMAIN, CHARDEVS("/source"), "path", "/dev/pts/* " SOCKETS},
    {EITHER, CHARDEVS("/source"), "mode", "bind"},
    {EITHER, CHARDEVS("/log"), "file", "/var/log/libvirt/qemu/*"},
    {EITHER, "devices/smartcard", "mode", "passthrough"},
    {EITHER, "devices/smartcard devices/redirdev", "type", "spicevmc"},

    {EITHER, "devices/input", "type", "tablet mouse keyboard"},
    {EITHER, "devices/audio", "type", "none spice pulseaudio pipewire jack dbus sdl"},
    {EITHER, "devices/graphics", "type", "vnc spice sdl dbus rdp"},
    {EITHER, "devices/graphics devices/graphics/listen", "socket", GRAPHICS},
    {EITHER, "devices/graphics/gl devices/video/*acceleration", "rendernode"},
    {EITHER, "devices/video/driver", "name", "qemu"},
    {EITHER, "devices/rng/backend", "model", "random builtin"},
    {EITHER, "devices/rng/backend", NULL, "/dev/urandom /dev/random /dev/hwrng"},
    {EITHER, "devices/tpm/backend", "type", "emulator"},
    {EITHER, "devices/tpm/backend/source"},
    {EITHER, "devices/memory", "model", "dimm virtio-mem sgx-epc"},
    {EITHER, "devices/crypto/backend", "model", "builtin"},
};

typedef struct check {
    gpuvm_bounds what;
    const char *emulator;
    const gpuvm_mark *mark;
    gpuvm_diags *diags;
} check;

/* Whether @text is one of the patterns in @list; a path that goes up again is none. */
static bool
is_in(const char *list, const char *text)
{
    bool found = false;
    size_t n;

    for (const char *at = list; !found; at += n + 1) {
        n = strcspn(at, " ");
        if (memchr(at, '*', n)) {
            g_autofree char *pattern = g_strndup(at, n);
            found = g_pattern_match_simple(pattern, text);
        } else {
            found = strlen(text) == n && memcmp(at, text, n) == 0;
        }
        if (!at[n])
            break;
    }
    return found && !strstr(text, "/../");
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

/* Adds that @text, how @node would be written, may not be there. */
static void
refuse(const check *on, const xmlNode *node, const char *text, const char *instead)
{
    const xmlNode *parent = node->parent;
    bool outer = parent->type != XML_ELEMENT_NODE || is_in("domain os devices", (const char *)parent->name);
    g_autofree char *in = outer ? NULL : g_strdup_printf(" in <%s>", parent->name);
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
        gpuvm_diag_hint(
            diag, "take it out with virsh edit, or make the XML anew with gpuvm define; virsh start takes it "
                  "as it is");
}

static void
refuse_element(const check *on, const xmlNode *node, const char *why, const char *instead)
{
    const char *prefix = node->ns && node->ns->prefix ? (const char *)node->ns->prefix : NULL;
    g_autofree char *text =
        g_strdup_printf("%s<%s%s%s>", why, prefix ? prefix : "", prefix ? ":" : "", node->name);

    refuse(on, node, text, instead);
}

/* Whether @node may be what it is by @row, whose paths have it. */
static bool
check_row(const check *on, const xmlNode *node, const struct row *row)
{
    g_autofree char *value = row->attribute ? gpuvm_xml_attr(node, row->attribute) : gpuvm_xml_text(node);
    g_autofree char *text = NULL;

    if (!row->attribute && !row->allowed) {
        refuse_element(on, node, "", row->instead);
        return false;
    }
    if (!value || (row->allowed && is_in(row->allowed, value)) ||
        (gpuvm_xml_is(node, "emulator") && g_strcmp0(value, on->emulator) == 0))
        return true;
    text = row->attribute ? g_strdup_printf("<%s %s='%s'>", node->name, row->attribute, value)
                          : g_strdup_printf("<%s>%s</%s>", node->name, value, node->name);
    refuse(on, node, text, row->instead);
    return false;
}

static bool
check_rows(const check *on, const xmlNode *node, const char *path)
{
    bool right = true;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].where & on->what && is_in(rows[i].paths, path))
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
    return before && !is_in("sysinfo seclabel", (const char *)node->name);
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
        const char *name = (const char *)child->name;
        g_autofree char *below = g_strconcat(path, *path ? "/" : "", name, NULL);

        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (child->ns || has_foreign_attribute(child) || (part && !is_in(part->children, name)))
            refuse_element(on, child, "", NULL);
        else if (!*path && is_second(child))
            refuse_element(on, child, "a second ", NULL);
        else if (check_rows(on, child, below) && !g_str_equal(below, "metadata"))
            check_children(on, child, below);
    }
}

void
gpuvm_bounds_check(const xmlNode *domain, gpuvm_bounds what, const char *emulator, const gpuvm_mark *mark,
                   gpuvm_diags *diags)
{
    const check on = {what, emulator, mark, diags};

    if (domain->ns || has_foreign_attribute(domain))
        refuse_element(&on, domain, "", NULL);
    else if (check_rows(&on, domain, ""))
        check_children(&on, domain, "");
}
