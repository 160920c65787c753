/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/sketch.h"

#include <string.h>

#include "core/reporter.h"
#include "core/unsaid.h"
#include "model/guest.h"
#include "model/pcixml.h"

/* A sketch that is being made. */
typedef struct sketch {
    gpuvm_doc *doc;
    GPtrArray *unsaid;
} sketch;

static void G_GNUC_PRINTF(2, 3) unsay(const sketch *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(s->unsaid, g_strdup_vprintf(format, args));
    va_end(args);
}

static gpuvm_node *
scalar(const sketch *s, const char *text)
{
    return gpuvm_doc_scalar(s->doc, text, &s->doc->root->mark);
}

/* Takes @text; NULL is not said. */
static void
say(const sketch *s, gpuvm_node *mapping, const char *key, char *text)
{
    g_autofree char *taken = text;

    if (text)
        gpuvm_doc_set(s->doc, mapping, scalar(s, key), scalar(s, text));
}

static gpuvm_node *
ensure(const sketch *s, gpuvm_node *mapping, const char *key,
       gpuvm_node *(*make)(gpuvm_doc *doc, const gpuvm_mark *mark))
{
    return gpuvm_doc_ensure(s->doc, mapping, key, &s->doc->root->mark, make);
}

/* Each child of @node, which is called @what, that is none of @known (NULL-terminated). */
static void
unsay_others(const sketch *s, const char *what, const xmlNode *node, const char *const *known)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        g_autofree char *quoted = child->type == XML_ELEMENT_NODE ? gpuvm_unsaid_quote(child) : NULL;

        if (quoted && !g_strv_contains(known, (const char *)child->name))
            unsay(s, "%s: %s", what, quoted);
    }
}

/* One without dies, clusters and modules, which has as many CPUs as the domain. */
static bool
is_plain_topology(const xmlNode *topology, const char *cpus)
{
    static const char *const known[] = {"sockets", "cores", "threads", "dies", "clusters", "modules"};
    uint64_t product = 1;
    g_autofree char *text = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        uint64_t n = 1;

        if (!gpuvm_xml_number(topology, known[i], 4096, &n, NULL) || (i >= 3 && n != 1))
            return false;
        product *= n;
    }
    text = g_strdup_printf("%" G_GUINT64_FORMAT, product);
    return g_strcmp0(text, cpus) == 0;
}

static void
sketch_topology(const sketch *s, gpuvm_node *resources, const xmlNode *domain)
{
    static const char *const keys[] = {"sockets", "cores", "threads"};
    const xmlNode *topology = gpuvm_xml_child(gpuvm_xml_child(domain, "cpu"), "topology");
    g_autofree char *cpus = gpuvm_xml_text(gpuvm_xml_child(domain, "vcpu"));
    g_autofree char *cores = topology ? gpuvm_xml_attr(topology, "cores") : NULL;

    if (!topology)
        return;
    if (!is_plain_topology(topology, cpus)) {
        g_autofree char *quoted = gpuvm_unsaid_quote(topology);

        unsay(s, "%s", quoted);
        return;
    }
    if (g_strcmp0(cores, cpus) == 0) /* what a VM has that does not say it */
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        say(s, ensure(s, resources, "cpu_topology", gpuvm_doc_mapping), keys[i],
            gpuvm_xml_attr(topology, keys[i]));
}

static void
sketch_resources(const sketch *s, const xmlNode *domain)
{
    gpuvm_node *resources = ensure(s, s->doc->root, "resources", gpuvm_doc_mapping);
    const xmlNode *backing = gpuvm_xml_child(domain, "memoryBacking");
    const xmlNode *page = gpuvm_xml_child(gpuvm_xml_child(backing, "hugepages"), "page");
    const xmlNode *current = gpuvm_xml_child(domain, "currentMemory");
    g_autofree char *now = gpuvm_xml_text(current), *all = gpuvm_xml_text(gpuvm_xml_child(domain, "memory"));
    uint64_t kib = 0, page_kib = 0;

    gpuvm_guest_memory(domain, &kib, NULL);
    gpuvm_xml_number(page, "size", UINT64_MAX, &page_kib, NULL);
    say(s, resources, "cpu_cores", gpuvm_xml_text(gpuvm_xml_child(domain, "vcpu")));
    sketch_topology(s, resources, domain);
    say(s, resources, "memory_mb", g_strdup_printf("%" G_GUINT64_FORMAT, (kib + 1023) / 1024));
    if (kib % 1024 > 0)
        unsay(s, "memory of %" G_GUINT64_FORMAT " KiB, which is not a whole number of MiB", kib);
    if (now && g_strcmp0(now, all) != 0)
        unsay(s, "<currentMemory>%s", now);
    if (page_kib == 2048 || page_kib == 1024 * 1024)
        say(s, resources, "hugepages", g_strdup(page_kib == 2048 ? "2M" : "1G"));
    else if (gpuvm_xml_child(backing, "hugepages"))
        unsay(s, "hugepages of the host's default size, or of several");
}

static void
sketch_boot(const sketch *s, const xmlNode *os)
{
    const xmlNode *loader = gpuvm_xml_child(os, "loader");
    g_autofree char *file = gpuvm_xml_text(loader);
    bool efi = gpuvm_xml_attr_is(os, "firmware", "efi") || gpuvm_xml_attr_is(loader, "type", "pflash");

    say(s, s->doc->root, "firmware", g_strdup(efi ? "efi" : "bios"));
    say(s, s->doc->root, "kernel", gpuvm_xml_text(gpuvm_xml_child(os, "kernel")));
    say(s, s->doc->root, "initramfs", gpuvm_xml_text(gpuvm_xml_child(os, "initrd")));
    say(s, s->doc->root, "kernel_cmdline", gpuvm_xml_text(gpuvm_xml_child(os, "cmdline")));
    if (gpuvm_xml_attr_is(loader, "secure", "yes"))
        unsay(s, "secure boot");
    else if (file && !xmlHasProp((xmlNode *)os, (const xmlChar *)"firmware"))
        unsay(s, "firmware from %s, not of libvirt's choice", file);
}

/* One function, as it is: the definition asks for no other of its card. */
static void
sketch_hostdev(const sketch *s, const xmlNode *node)
{
    const xmlNode *rom = gpuvm_xml_child(node, "rom"), *address = gpuvm_xml_child(node, "address");
    const xmlNode *source = gpuvm_xml_child(gpuvm_xml_child(node, "source"), "address");
    g_autofree char *file = gpuvm_xml_attr(rom, "file"), *quoted = gpuvm_unsaid_quote(node);
    bool bar = !gpuvm_xml_attr_is(rom, "bar", "off");
    gpuvm_node *devices, *item;
    gpuvm_pci_addr addr;

    if (!gpuvm_xml_attr_is(node, "type", "pci") || !source || !gpuvm_xml_address(source, &addr, NULL)) {
        unsay(s, "%s", quoted);
        return;
    }
    if (!gpuvm_xml_attr_is(node, "managed", "yes"))
        unsay(s, "device %s: managed='no'", GPUVM_PCI(&addr));
    devices = ensure(s, s->doc->root, "devices", gpuvm_doc_mapping);
    if (gpuvm_xml_attr_is(address, "type", "unassigned")) {
        say(s, devices, "iommu_group", g_strdup("detach"));
        return;
    }
    say(s, devices, "functions", g_strdup("requested"));
    item = scalar(s, GPUVM_PCI(&addr));
    if (file || !bar) {
        item = gpuvm_doc_mapping(s->doc, &s->doc->root->mark);
        say(s, item, "address", g_strdup(GPUVM_PCI(&addr)));
        say(s, item, "rom_file", g_steal_pointer(&file));
        say(s, item, "rom_bar", bar ? NULL : g_strdup("false"));
    }
    gpuvm_doc_append(s->doc, ensure(s, devices, "pci_passthrough", gpuvm_doc_sequence), item);
}

/* Which bus a disk is on is seen by its name. */
static bool
is_named_by_bus(const xmlNode *target)
{
    g_autofree char *name = gpuvm_xml_attr(target, "dev"), *bus = gpuvm_xml_attr(target, "bus");

    return name && bus &&
           ((g_str_has_prefix(name, "vd") && g_str_equal(bus, "virtio")) ||
            (g_str_has_prefix(name, "sd") && g_str_equal(bus, "sata")));
}

/* What of disk @node, called @what, its item does not say. */
static void
unsay_disk(const sketch *s, const char *what, const xmlNode *node, const char *source)
{
    static const char *const known[] = {"driver", "source",  "target",   "serial",       "boot",
                                        "alias",  "address", "readonly", "backingStore", NULL};
    const xmlNode *driver = gpuvm_xml_child(node, "driver"), *target = gpuvm_xml_child(node, "target");
    bool cdrom = gpuvm_xml_attr_is(node, "device", "cdrom");

    unsay_others(s, what, node, known);
    for (const xmlAttr *attr = driver ? driver->properties : NULL; attr; attr = attr->next) {
        const char *name = (const char *)attr->name;
        g_autofree char *value = gpuvm_xml_attr(driver, name);

        if (!g_str_equal(name, "name") && !g_str_equal(name, "type"))
            unsay(s, "%s: %s='%s'", what, name, value);
    }
    if (!is_named_by_bus(target)) {
        g_autofree char *quoted = target ? gpuvm_unsaid_quote(target) : g_strdup("no <target>");
        unsay(s, "%s: %s", what, quoted);
    }
    if (cdrom != (bool)g_str_has_suffix(source, ".iso"))
        unsay(s, "%s: it is %s CD-ROM, whatever its file's name ends in", what, cdrom ? "a" : "no");
}

static void
sketch_disk(const sketch *s, const xmlNode *node)
{
    const xmlNode *from = gpuvm_xml_child(node, "source"), *target = gpuvm_xml_child(node, "target");
    g_autofree char *file = gpuvm_xml_attr(from, "file"), *dev = gpuvm_xml_attr(from, "dev");
    g_autofree char *name = gpuvm_xml_attr(target, "dev");
    g_autofree char *format = gpuvm_xml_attr(gpuvm_xml_child(node, "driver"), "type");
    g_autofree char *what = g_strconcat("disk ", name ? name : "without a name", NULL);
    g_autofree char *quoted = gpuvm_unsaid_quote(node);
    const char *source = file ? file : dev;
    gpuvm_node *disk;

    if (!source || gpuvm_xml_attr_is(node, "device", "floppy") || gpuvm_xml_attr_is(node, "device", "lun")) {
        unsay(s, "%s: %s%s", what, quoted, source ? "" : ", no file or block device");
        return;
    }
    disk = gpuvm_doc_mapping(s->doc, &s->doc->root->mark);
    say(s, disk, "source", g_strdup(source));
    say(s, disk, "name", gpuvm_xml_text(gpuvm_xml_child(node, "serial")));
    if (is_named_by_bus(target))
        say(s, disk, "target", g_strdup(name));
    if (format && g_str_equal(format, "qcow2") != (bool)g_str_has_suffix(source, ".qcow2"))
        say(s, disk, "format", g_strdup(format));
    if (gpuvm_xml_child(node, "readonly") && !gpuvm_xml_attr_is(node, "device", "cdrom"))
        say(s, disk, "readonly", g_strdup("true"));
    unsay_disk(s, what, node, source);
    gpuvm_doc_append(s->doc, ensure(s, s->doc->root, "disks", gpuvm_doc_sequence), disk);
}

static int
compare_boot(gconstpointer a, gconstpointer b)
{
    uint64_t orders[2] = {UINT64_MAX, UINT64_MAX};
    const xmlNode *disks[] = {*(const xmlNode *const *)a, *(const xmlNode *const *)b};

    for (size_t i = 0; i < G_N_ELEMENTS(disks); i++)
        gpuvm_xml_number(gpuvm_xml_child(disks[i], "boot"), "order", UINT64_MAX - 1, &orders[i], NULL);
    return orders[0] < orders[1] ? -1 : orders[0] > orders[1];
}

/* In the order in which the VM boots from them. */
static void
sketch_disks(const sketch *s, const xmlNode *devices)
{
    g_autoptr(GArray) disks = g_array_new(FALSE, FALSE, sizeof(xmlNode *));

    for (xmlNode *node = gpuvm_xml_child(devices, "disk"); node; node = gpuvm_xml_next(node))
        g_array_append_val(disks, node);
    g_array_sort(disks, compare_boot); /* which is stable */
    for (guint i = 0; i < disks->len; i++)
        sketch_disk(s, g_array_index(disks, xmlNode *, i));
}

/* The first NIC; a MAC address stays with the domain that has it. */
static void
sketch_network(const sketch *s, const xmlNode *devices)
{
    static const char *const known[] = {"mac", "source", "model", "target", "alias", "address", "boot", NULL};
    const xmlNode *nic = gpuvm_xml_child(devices, "interface"), *from = gpuvm_xml_child(nic, "source");
    gpuvm_node *network = ensure(s, s->doc->root, "network", gpuvm_doc_mapping);
    bool nat = gpuvm_xml_attr_is(nic, "type", "network"), bridged = gpuvm_xml_attr_is(nic, "type", "bridge");
    const char *without = gpuvm_xml_child(devices, "vsock") ? "vsock" : "none";

    say(s, network, "mode", g_strdup(nat ? "nat" : bridged ? "bridged" : without));
    say(s, network, "network", nat ? gpuvm_xml_attr(from, "network") : NULL);
    say(s, network, "bridge", bridged ? gpuvm_xml_attr(from, "bridge") : NULL);
    if (nat || bridged) {
        unsay_others(s, "NIC", nic, known);
        if (!gpuvm_xml_attr_is(gpuvm_xml_child(nic, "model"), "type", "virtio"))
            unsay(s, "NIC: a model other than virtio");
        nic = gpuvm_xml_next(nic);
    }
    for (; nic; nic = gpuvm_xml_next(nic)) {
        const xmlNode *source = gpuvm_xml_child(nic, "source");
        g_autofree char *quoted = gpuvm_unsaid_quote(nic), *to = source ? gpuvm_unsaid_quote(source) : NULL;

        unsay(s, "%s%s", quoted, to ? to : "");
    }
}

gpuvm_doc *
gpuvm_sketch_make(const xmlNode *domain, GPtrArray *unsaid)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("domain", g_strdup(""), 0);
    const sketch s = {.doc = gpuvm_doc_new(source), .unsaid = unsaid};
    const xmlNode *devices = gpuvm_xml_child(domain, "devices");

    say(&s, s.doc->root, "name", gpuvm_xml_text(gpuvm_xml_child(domain, "name")));
    say(&s, s.doc->root, "title", gpuvm_xml_text(gpuvm_xml_child(domain, "title")));
    say(&s, s.doc->root, "description", gpuvm_xml_text(gpuvm_xml_child(domain, "description")));
    sketch_resources(&s, domain);
    sketch_boot(&s, gpuvm_xml_child(domain, "os"));
    for (const xmlNode *node = gpuvm_xml_child(devices, "hostdev"); node; node = gpuvm_xml_next(node))
        sketch_hostdev(&s, node);
    sketch_disks(&s, devices);
    sketch_network(&s, devices);
    say(&s, s.doc->root, "verify",
        gpuvm_guest_port(domain, GPUVM_REPORTER_CHANNEL) ? g_strdup("true") : NULL);
    gpuvm_unsaid_find(domain, unsaid);
    return s.doc;
}
