/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/hostxml.h"

#include <string.h>

#include "host/hostfile.h"
#include "host/sysfs.h"
#include "model/cpuset.h"
#include "model/pcixml.h"

/* Every child of @node, at any depth, for which @unwanted says so, is removed. */
static void
prune(xmlNode *node, bool (*unwanted)(const xmlNode *))
{
    for (xmlNode *child = node->children, *next; child; child = next) {
        next = child->next;
        if (child->type == XML_ELEMENT_NODE && unwanted(child))
            gpuvm_xml_remove(child);
        else
            prune(child, unwanted);
    }
}

/* The host's own UUID, and vital product data: a device's serial number. */
static bool
identifies(const xmlNode *node)
{
    return (gpuvm_xml_is(node, "uuid") && gpuvm_xml_is(node->parent, "host")) ||
           (gpuvm_xml_is(node, "capability") && gpuvm_xml_attr_is(node, "type", "vpd"));
}

/* Adds the root of @xml to @parent. */
static bool
add_xml(xmlNode *parent, const char *xml, const char *name, bool full, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), name, error);

    if (!doc)
        return false;
    if (!full)
        prune(xmlDocGetRootElement(doc), identifies);
    xmlAddChild(parent, xmlDocCopyNode(xmlDocGetRootElement(doc), parent->doc, 1));
    return true;
}

static bool
add_devices(xmlNode *root, gpuvm_connection *connection, gpuvm_facts *facts, bool full, GError **error)
{
    g_autoptr(GPtrArray) xmls = gpuvm_connection_list_devices(connection, error);
    xmlNode *computer = gpuvm_xml_add(root, "device", NULL), *system;

    /* the test driver wants the root of all devices, and that it has a UUID */
    gpuvm_xml_add(computer, "name", "computer");
    system = gpuvm_xml_add(computer, "capability", NULL);
    gpuvm_xml_set(system, "type", "system");
    gpuvm_xml_add(gpuvm_xml_add(system, "hardware", NULL), "uuid", "00000000-0000-0000-0000-000000000000");
    gpuvm_xml_add(system, "firmware", NULL);
    for (guint i = 0; xmls && i < xmls->len; i++) {
        if (!gpuvm_connection_add_device(connection, xmls->pdata[i], facts, error) ||
            !add_xml(root, xmls->pdata[i], "node device", full, error))
            return false;
    }
    if (xmls && connection->local)
        gpuvm_sysfs_slots("", facts);
    return xmls != NULL;
}

static void
mark_off(xmlNode *domain)
{
    xmlNode *runstate = gpuvm_xml_add(domain, "runstate", GPUVM_HOSTFILE_OFF);

    xmlSetNs(runstate, xmlNewNs(domain, (const xmlChar *)GPUVM_HOSTFILE_TEST_NS, (const xmlChar *)"test"));
}

static bool
tells_definition(const xmlNode *node)
{
    return gpuvm_xml_is(node, "definition") || gpuvm_xml_is(node, "deployment");
}

/* Without what was defined, which is nobody's business, and how libvirt had it, which is not how it is written here. */
static void
add_metadata(xmlNode *domain, const char *xml, bool full)
{
    static const char *const digests[] = {"made", "seen", "seen_by"};
    xmlNode *metadata = gpuvm_xml_add(domain, "metadata", NULL);

    if (!add_xml(metadata, xml, "metadata", true, NULL))
        return;
    prune(metadata, tells_definition);
    for (size_t i = 0; i < G_N_ELEMENTS(digests); i++)
        xmlUnsetProp(metadata->children, (const xmlChar *)digests[i]);
    for (xmlNode *node = metadata->children->children; node && !full; node = node->next)
        xmlUnsetProp(node, (const xmlChar *)"serial");
}

/* The memory that it takes, and where, how many CPUs, if it runs, and those that it is pinned to. */
static void
add_placement(xmlNode *domain, const gpuvm_claim *claim)
{
    uint64_t kib = claim->active ? claim->memory_now_kib : claim->memory_kib;
    const GArray *pins = claim->active ? claim->pins_now : claim->pins;
    g_autofree char *memory = g_strdup_printf("%" G_GUINT64_FORMAT, kib > 0 ? kib : 1024 * 1024);
    g_autofree char *nodes = gpuvm_cpuset_format(claim->nodes);
    uint64_t cpus = MAX(claim->cpus_now, (uint64_t)pins->len);
    g_autofree char *vcpus = g_strdup_printf("%" G_GUINT64_FORMAT, cpus);
    xmlNode *cputune;

    gpuvm_xml_add(domain, "memory", memory);
    if (claim->hugepages)
        gpuvm_xml_add(gpuvm_xml_add(domain, "memoryBacking", NULL), "hugepages", NULL);
    if (*nodes)
        gpuvm_xml_set(gpuvm_xml_add(gpuvm_xml_add(domain, "numatune", NULL), "memory", NULL), "nodeset", "%s",
                      nodes);
    if (cpus > 0)
        gpuvm_xml_add(domain, "vcpu", vcpus);
    if (pins->len == 0)
        return;
    cputune = gpuvm_xml_add(domain, "cputune", NULL);
    for (guint i = 0; i < pins->len; i++) {
        xmlNode *pin = gpuvm_xml_add(cputune, "vcpupin", NULL);

        gpuvm_xml_set(pin, "vcpu", "%u", i);
        gpuvm_xml_set(pin, "cpuset", "%d", g_array_index(pins, int, i));
    }
}

/* As much of the domain as its claim: what another VM's plan depends on. */
static void
add_domain(xmlNode *root, const gpuvm_claim *claim, bool full)
{
    const GArray *addrs = claim->active ? claim->now : claim->next;
    xmlNode *domain = gpuvm_xml_add(root, "domain", NULL), *os, *devices;

    gpuvm_xml_set(domain, "type", "test");
    gpuvm_xml_add(domain, "name", claim->domain);
    if (claim->uuid)
        gpuvm_xml_add(domain, "uuid", claim->uuid);
    if (claim->metadata)
        add_metadata(domain, claim->metadata, full);
    add_placement(domain, claim);
    os = gpuvm_xml_add(domain, "os", NULL);
    gpuvm_xml_add(os, "type", "hvm");
    devices = gpuvm_xml_add(domain, "devices", NULL);
    for (guint i = 0; i < addrs->len; i++) {
        xmlNode *hostdev = gpuvm_xml_add(devices, "hostdev", NULL);

        gpuvm_xml_set(hostdev, "mode", "subsystem");
        gpuvm_xml_set(hostdev, "type", "pci");
        gpuvm_xml_add_address(gpuvm_xml_add(hostdev, "source", NULL),
                              &g_array_index(addrs, gpuvm_pci_addr, i));
    }
    if (!claim->active)
        mark_off(domain);
}

/* What running domains name for their next start, where that is not what they have now. */
static void
add_next(xmlNode *host, const gpuvm_facts *facts)
{
    for (guint i = 0; i < facts->claims->len; i++) {
        const gpuvm_claim *claim = facts->claims->pdata[i];
        g_autoptr(GString) devices = g_string_new(NULL);

        if (!gpuvm_claim_waits(claim))
            continue;
        for (guint k = 0; k < claim->next->len; k++) {
            const gpuvm_pci_addr *addr = &g_array_index(claim->next, gpuvm_pci_addr, k);

            g_string_append_printf(devices, "%s%s", k > 0 ? " " : "", GPUVM_PCI(addr));
        }
        xmlNode *node = gpuvm_xml_add(host, "next", NULL);
        gpuvm_xml_set(node, "domain", "%s", claim->domain);
        gpuvm_xml_set(node, "devices", "%s", devices->str);
    }
}

static void
add_free_pages(xmlNode *host, const gpuvm_facts *facts)
{
    for (guint c = 0; c < facts->cells->len; c++) {
        const gpuvm_cell *cell = facts->cells->pdata[c];

        for (guint p = 0; p < cell->pages->len; p++) {
            const gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, p);
            xmlNode *node = pages->free == GPUVM_PAGES_UNKNOWN ? NULL : gpuvm_xml_add(host, "pages", NULL);

            if (!node)
                continue;
            gpuvm_xml_set(node, "cell", "%d", cell->id);
            gpuvm_xml_set(node, "size", "%" G_GUINT64_FORMAT, pages->size_kib);
            gpuvm_xml_set(node, "free", "%" G_GUINT64_FORMAT, pages->free);
        }
    }
}

static void
add_bar(xmlNode *function, const gpuvm_bar *bar)
{
    xmlNode *node = gpuvm_xml_add(function, "bar", NULL);

    gpuvm_xml_set(node, "size", "%" G_GUINT64_FORMAT, bar->size);
    gpuvm_xml_set(node, "wide", "%d", bar->wide);
    gpuvm_xml_set(node, "prefetchable", "%d", bar->prefetchable);
    if (bar->largest > 0)
        gpuvm_xml_set(node, "largest", "%" G_GUINT64_FORMAT, bar->largest);
}

static void
add_function(xmlNode *host, const gpuvm_device *device)
{
    xmlNode *function = gpuvm_xml_add(host, "function", NULL);

    gpuvm_xml_set(function, "address", "%s", GPUVM_PCI(&device->addr));
    gpuvm_xml_set(function, "driver", "%s", device->driver ? device->driver : "");
    if (device->subsystem)
        gpuvm_xml_set(function, "subsystem", "%04x:%04x", device->subsystem >> 16,
                      device->subsystem & UINT16_MAX);
    if (device->slot)
        gpuvm_xml_set(function, "slot", "%s", device->slot);
    if (device->boot_vga != GPUVM_UNKNOWN)
        gpuvm_xml_set(function, "boot_vga", "%d", device->boot_vga);
    if (device->memory_size > 0)
        gpuvm_xml_set(function, "memory", "%" G_GUINT64_FORMAT, device->memory_size);
    if (device->reset_method)
        gpuvm_xml_set(function, "reset_method", "%s", device->reset_method);
    if (device->silent)
        gpuvm_xml_set(function, "silent", "1");
    if (device->reserved)
        gpuvm_xml_set(function, "reserved", "1");
    for (guint i = 0; i < device->bars->len; i++)
        add_bar(function, &g_array_index(device->bars, gpuvm_bar, i));
}

static void
add_uses(xmlNode *host, const gpuvm_facts *facts, const gpuvm_device *device)
{
    const GPtrArray *uses = gpuvm_facts_uses(facts, &device->addr);

    for (guint i = 0; uses && i < uses->len; i++) {
        const gpuvm_use *use = uses->pdata[i];
        xmlNode *node = gpuvm_xml_add(host, "use", NULL);

        gpuvm_xml_set(node, "address", "%s", GPUVM_PCI(&device->addr));
        gpuvm_xml_set(node, "kind", "%s", gpuvm_use_names[use->kind]);
        if (use->root)
            gpuvm_xml_set(node, "root", "yes");
        gpuvm_xml_set(node, "what", "%s", use->what);
        if (use->remedy)
            gpuvm_xml_set(node, "remedy", "%s", use->remedy);
    }
}

/* Of the kernel's arguments, those that say what devices can be passed: others may name disks and networks. */
static char *
about_devices(const char *arguments)
{
    static const char *const words[] = {"iommu", "intremap", "vfio", "huge", "pci"};
    g_auto(GStrv) all = g_strsplit(arguments, " ", -1);
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

    for (char **argument = all; *argument; argument++) {
        g_autofree char *key = g_strndup(*argument, strcspn(*argument, "="));
        size_t i = 0;

        while (i < G_N_ELEMENTS(words) && !strstr(key, words[i]))
            i++;
        if (i < G_N_ELEMENTS(words))
            g_strv_builder_add(kept, *argument);
    }
    g_auto(GStrv) list = g_strv_builder_end(kept);
    return g_strjoinv(" ", list);
}

static void
add_facts(xmlNode *parent, gpuvm_host *host, bool full)
{
    for (const gpuvm_host_fact *fact = gpuvm_host_facts; fact->name; fact++) {
        const void *member = gpuvm_host_member(host, fact);
        g_autofree char *value = NULL;
        xmlNode *node;

        if (!gpuvm_host_knows(host, fact))
            continue;
        if (!fact->text)
            value = g_strdup_printf("%" G_GINT64_FORMAT, *(const int64_t *)member);
        else if (member == &host->kernel_arguments && !full)
            value = about_devices(host->kernel_arguments);
        else
            value = g_strdup(*(char *const *)member);
        node = gpuvm_xml_add(parent, "fact", NULL);
        gpuvm_xml_set(node, "name", "%s", fact->name);
        gpuvm_xml_set(node, "value", "%s", value);
    }
}

static bool
add_additions(xmlNode *root, gpuvm_connection *connection, gpuvm_facts *facts, bool full, GError **error)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    g_autofree char *capabilities = gpuvm_virt.ConnectGetCapabilities(connection->conn);
    xmlNode *host = gpuvm_xml_add(root, "host", NULL);

    if (!capabilities)
        return gpuvm_virt_failed(error, "cannot read the host's capabilities");
    if (!add_xml(host, capabilities, "capabilities", full, error))
        return false;
    xmlSetNs(host, xmlNewNs(host, (const xmlChar *)GPUVM_HOSTFILE_NS, (const xmlChar *)"gpuvm"));
    if (facts->processes_hidden)
        gpuvm_xml_set(host, "processes_hidden", "yes");
    add_facts(host, &facts->host, full);
    add_next(host, facts);
    add_free_pages(host, facts);
    for (guint i = 0; facts->local && i < devices->len; i++) {
        add_function(host, devices->pdata[i]);
        add_uses(host, facts, devices->pdata[i]);
    }
    if (facts->policy)
        gpuvm_xml_add(host, "policy", facts->policy);
    if (facts->defaults)
        gpuvm_xml_add(host, "defaults", facts->defaults);
    return true;
}

char *
gpuvm_capture(gpuvm_connection *connection, gpuvm_facts *facts, bool full, GError **error)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *root = xmlNewNode(NULL, (const xmlChar *)"node");
    g_autofree char *memory = g_strdup_printf("%" G_GUINT64_FORMAT, facts->memory_kib);
    g_autofree char *cpus = g_strdup_printf("%u", facts->cpus);
    g_autofree char *text = NULL;

    xmlDocSetRootElement(doc, root);
    gpuvm_xml_add(gpuvm_xml_add(root, "cpu", NULL), "active", cpus);
    gpuvm_xml_add(root, "memory", memory);
    if (!add_devices(root, connection, facts, full, error))
        return NULL;
    for (guint i = 0; i < facts->claims->len; i++)
        add_domain(root, facts->claims->pdata[i], full);
    if (!add_additions(root, connection, facts, full, error))
        return NULL;
    text = gpuvm_xml_print(root);
    return g_strconcat(text, "\n", NULL);
}
