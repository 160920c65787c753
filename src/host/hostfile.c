/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/hostfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "host/capabilities.h"
#include "host/claims.h"
#include "host/file.h"
#include "host/nodedev.h"
#include "model/pcixml.h"

#define BAR_MAX (UINT64_C(1) << 52) /* bytes: more is in no address space */

static bool
is_element(const xmlNode *node, const char *ns, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns && g_str_equal(node->ns->href, ns) &&
           g_str_equal(node->name, name);
}

static const xmlNode *
find_in_ns(const xmlNode *parent, const char *ns, const char *name)
{
    const xmlNode *node = parent->children;

    while (node && !is_element(node, ns, name))
        node = node->next;
    return node;
}

/* the test driver reads <device file='…'/> and the like from other files: this is one file */
static bool
check_inline(const xmlNode *node, GError **error)
{
    return !xmlHasProp(node, (const xmlChar *)"file") ||
           gpuvm_xml_fail(node, error, "<%s file=…>: a host file is one file: put the element itself here",
                          node->name);
}

static bool
parse_devices(const xmlNode *root, gpuvm_facts *facts, GError **error)
{
    for (const xmlNode *node = gpuvm_xml_child(root, "device"); node; node = gpuvm_xml_next(node)) {
        g_autoptr(GError) malformed = NULL;
        gpuvm_device *device;

        if (!check_inline(node, error))
            return false;
        device = gpuvm_nodedev_from_element(node, &malformed);
        if (malformed) {
            g_propagate_error(error, g_steal_pointer(&malformed));
            return false;
        }
        if (!device)
            continue;
        facts->iommu |= device->iommu_group != GPUVM_UNKNOWN;
        if (gpuvm_facts_device(facts, &device->addr)) {
            gpuvm_xml_fail(node, error, "a second <device> %s", GPUVM_PCI(&device->addr));
            gpuvm_device_free(device);
            return false;
        }
        gpuvm_facts_add_device(facts, device);
    }
    return g_hash_table_size(facts->devices) > 0 || find_in_ns(root, GPUVM_HOSTFILE_NS, "host") ||
           gpuvm_xml_fail(root, error, "not a host file: there is no PCI device in it");
}

static bool
parse_domains(const xmlNode *root, gpuvm_facts *facts, GError **error)
{
    for (const xmlNode *node = gpuvm_xml_child(root, "domain"); node; node = gpuvm_xml_next(node)) {
        g_autofree char *runstate = gpuvm_xml_text(find_in_ns(node, GPUVM_HOSTFILE_TEST_NS, "runstate"));
        bool active = g_strcmp0(runstate, GPUVM_HOSTFILE_OFF) != 0;
        g_autoptr(gpuvm_claim) claim = NULL;

        if (!check_inline(node, error))
            return false;
        claim = gpuvm_claim_from_element(node, error);
        if (!claim || (active && !gpuvm_claim_run_element(claim, node, error)))
            return false;
        gpuvm_facts_add_claim(facts, g_steal_pointer(&claim));
    }
    return true;
}

/* the device that @node is about */
static gpuvm_device *
find_function(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    g_autofree char *address = gpuvm_xml_attr(node, "address");
    g_autofree char *why = NULL;
    gpuvm_device *device = NULL;
    gpuvm_pci_addr addr;

    if (!address)
        gpuvm_xml_fail(node, error, "<%s> without an address", node->name);
    else if (!gpuvm_pci_addr_parse(address, &addr, &why, NULL))
        gpuvm_xml_fail(node, error, "%s", why);
    else if (!(device = g_hash_table_lookup(facts->devices, &addr)))
        gpuvm_xml_fail(node, error, "there is no <device> %s", address);
    return device;
}

/* <gpuvm:bar size= wide= prefetchable= largest=/> */
static bool
parse_bar(const xmlNode *node, gpuvm_device *device, GError **error)
{
    uint64_t size = 0, largest = 0, wide = 0, prefetchable = 0;

    if (!is_element(node, GPUVM_HOSTFILE_NS, "bar"))
        return gpuvm_xml_fail(node, error, "unknown element <%s>", node->name);
    if (!gpuvm_xml_number(node, "size", BAR_MAX, &size, error) ||
        !gpuvm_xml_number(node, "largest", BAR_MAX, &largest, error) ||
        !gpuvm_xml_number(node, "wide", 1, &wide, error) ||
        !gpuvm_xml_number(node, "prefetchable", 1, &prefetchable, error))
        return false;
    if (size == 0)
        return gpuvm_xml_fail(node, error, "<%s> without a size", node->name);
    gpuvm_device_add_bar(device, &(gpuvm_bar){size, largest, wide, prefetchable});
    return true;
}

/* An older file has the sum of them alone. */
static bool
parse_bars(const xmlNode *function, gpuvm_device *device, GError **error)
{
    g_array_set_size(device->bars, 0);
    for (xmlNode *node = xmlFirstElementChild((xmlNode *)function); node;
         node = xmlNextElementSibling(node)) {
        if (device->bars->len == 0)
            device->memory_size = 0;
        if (!parse_bar(node, device, error))
            return false;
    }
    return true;
}

static bool
parse_subsystem(const xmlNode *node, gpuvm_device *device, GError **error)
{
    g_autofree char *text = gpuvm_xml_attr(node, "subsystem"), *why = NULL;
    gpuvm_pci_pattern pattern = {0};

    if (text &&
        (!gpuvm_pci_pattern_parse(text, &pattern, &why, NULL) || pattern.vendor < 0 || pattern.device < 0))
        return gpuvm_xml_fail(node, error, "attribute subsystem of <%s> is not one: '%s'", node->name, text);
    device->subsystem = (uint32_t)pattern.vendor << 16 | (uint32_t)pattern.device;
    return true;
}

static bool
parse_function(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    static const char *const known[] = {"address", "driver",    "boot_vga", "memory",   "reset_method",
                                        "silent",  "subsystem", "slot",     "reserved", NULL};
    gpuvm_device *device = find_function(node, facts, error);
    g_autofree char *driver = gpuvm_xml_attr(node, "driver");
    g_autofree char *slot = gpuvm_xml_attr(node, "slot");
    uint64_t boot_vga = UINT64_MAX, silent = 0, reserved = 0;

    if (!device)
        return false;
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
        if (!g_strv_contains(known, (const char *)attr->name))
            return gpuvm_xml_fail(node, error, "unknown attribute %s of <%s>", attr->name, node->name);
    if (!gpuvm_xml_number(node, "boot_vga", 1, &boot_vga, error) ||
        !gpuvm_xml_number(node, "memory", UINT64_MAX - 1, &device->memory_size, error) ||
        !gpuvm_xml_number(node, "silent", 1, &silent, error) ||
        !gpuvm_xml_number(node, "reserved", 1, &reserved, error) || !parse_subsystem(node, device, error) ||
        !parse_bars(node, device, error))
        return false;
    if (boot_vga != UINT64_MAX)
        device->boot_vga = (int)boot_vga;
    device->silent = silent == 1;
    device->reserved = reserved == 1;
    g_free(device->slot);
    device->slot = slot ? gpuvm_text_printable(slot) : NULL;
    if (driver) {
        g_free(device->driver);
        device->driver = *driver ? g_steal_pointer(&driver) : NULL;
    }
    g_free(device->reset_method);
    device->reset_method = gpuvm_xml_attr(node, "reset_method");
    facts->local = true;
    gpuvm_facts_looked_for_uses(facts);
    return true;
}

/* <gpuvm:use address= kind= root= what= remedy=/> */
static bool
parse_use(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    const gpuvm_device *device = find_function(node, facts, error);
    g_autofree char *kind = gpuvm_xml_attr(node, "kind");
    g_autofree char *what = gpuvm_xml_attr(node, "what");
    g_autofree char *remedy = gpuvm_xml_attr(node, "remedy");

    if (!device)
        return false;
    for (int i = 0; kind && what && gpuvm_use_names[i]; i++) {
        if (g_str_equal(gpuvm_use_names[i], kind)) {
            gpuvm_facts_add_use(facts, &device->addr, (gpuvm_use_kind)i,
                                gpuvm_xml_attr_is(node, "root", "yes"), what, remedy);
            return true;
        }
    }
    return gpuvm_xml_fail(node, error, "<%s> without what, or of an unknown kind", node->name);
}

/* <gpuvm:fact name= value=/> */
static bool
parse_fact(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    g_autofree char *name = gpuvm_xml_attr(node, "name");
    g_autofree char *value = gpuvm_xml_attr(node, "value");
    const gpuvm_host_fact *fact = gpuvm_host_facts;
    uint64_t number;
    void *member;

    while (fact->name && g_strcmp0(fact->name, name) != 0)
        fact++;
    if (!fact->name || !value)
        return gpuvm_xml_fail(node, error, "<%s> without a value, or of an unknown name", node->name);
    if (gpuvm_host_knows(&facts->host, fact))
        return gpuvm_xml_fail(node, error, "a second <%s> %s", node->name, name);
    member = gpuvm_host_member(&facts->host, fact);
    if (fact->text) {
        *(char **)member = gpuvm_text_printable(value);
    } else if (gpuvm_xml_number(node, "value", (uint64_t)fact->max, &number, error)) {
        *(int64_t *)member = (int64_t)number;
    } else {
        return false;
    }
    return true;
}

/* <gpuvm:pages cell= size= free=/> */
static bool
parse_free_pages(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    uint64_t id = UINT64_MAX, size = 0, n = GPUVM_PAGES_UNKNOWN;
    const gpuvm_cell *cell;

    if (!gpuvm_xml_number(node, "cell", G_MAXINT, &id, error) ||
        !gpuvm_xml_number(node, "size", UINT64_MAX, &size, error) ||
        !gpuvm_xml_number(node, "free", UINT64_MAX - 1, &n, error))
        return false;
    cell = id <= G_MAXINT ? gpuvm_facts_cell(facts, (int)id) : NULL;
    for (guint i = 0; cell && n != GPUVM_PAGES_UNKNOWN && i < cell->pages->len; i++) {
        gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, i);

        if (pages->size_kib == size) {
            pages->free = n;
            return true;
        }
    }
    return gpuvm_xml_fail(node, error, "<%s> without free, or of no cell or size of the capabilities",
                          node->name);
}

/* <gpuvm:next domain= devices=/> */
static bool
parse_next(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    g_autofree char *name = gpuvm_xml_attr(node, "domain");
    g_autofree char *devices = gpuvm_xml_attr(node, "devices");
    g_auto(GStrv) words = g_strsplit(devices ? devices : "", " ", -1);
    gpuvm_claim *claim = name ? gpuvm_facts_take_claim(facts, name) : NULL;
    bool right = name && devices;

    if (right && !claim) /* it runs without any */
        claim = gpuvm_claim_new(name, NULL);
    if (right) {
        claim->active = true;
        g_array_set_size(claim->next, 0);
    }
    for (char **word = words; right && *word; word++) {
        g_autofree char *why = NULL;
        gpuvm_pci_addr addr;

        right = !**word || gpuvm_pci_addr_parse(*word, &addr, &why, NULL);
        if (right && **word)
            gpuvm_pci_addrs_add(claim->next, &addr);
    }
    if (claim)
        gpuvm_facts_add_claim(facts, claim);
    return right ||
           gpuvm_xml_fail(node, error, "<%s> without a domain, or the addresses of its devices", node->name);
}

/* <gpuvm:policy> and <gpuvm:defaults> */
static bool
parse_text(const xmlNode *node, char **text)
{
    xmlChar *content = xmlNodeGetContent(node); /* with its indentation */

    g_free(*text);
    *text = g_strdup((const char *)content);
    xmlFree(content);
    return true;
}

/* one element of <gpuvm:host> */
static bool
parse_addition(const xmlNode *node, gpuvm_facts *facts, GError **error)
{
    if (node->type != XML_ELEMENT_NODE)
        return true;
    if (is_element(node, GPUVM_HOSTFILE_NS, "function"))
        return parse_function(node, facts, error);
    if (is_element(node, GPUVM_HOSTFILE_NS, "use"))
        return parse_use(node, facts, error);
    if (is_element(node, GPUVM_HOSTFILE_NS, "pages"))
        return parse_free_pages(node, facts, error);
    if (is_element(node, GPUVM_HOSTFILE_NS, "next"))
        return parse_next(node, facts, error);
    if (is_element(node, GPUVM_HOSTFILE_NS, "fact"))
        return parse_fact(node, facts, error);
    if (is_element(node, GPUVM_HOSTFILE_NS, "policy"))
        return parse_text(node, &facts->policy);
    if (is_element(node, GPUVM_HOSTFILE_NS, "defaults"))
        return parse_text(node, &facts->defaults);
    if (!node->ns && g_str_equal(node->name, "capabilities"))
        return gpuvm_capabilities_from_element(node, GPUVM_CAPABILITIES_ALL, facts, error);
    return gpuvm_xml_fail(node, error, "unknown element <%s>", node->name);
}

static bool
parse_additions(const xmlNode *root, gpuvm_facts *facts, GError **error)
{
    const xmlNode *host = find_in_ns(root, GPUVM_HOSTFILE_NS, "host");

    facts->processes_hidden = gpuvm_xml_attr_is(host, "processes_hidden", "yes");
    for (const xmlNode *node = host ? host->children : NULL; node; node = node->next)
        if (!parse_addition(node, facts, error))
            return false;
    return true;
}

/* what the test driver knows of the machine, for a file without <capabilities> */
static bool
parse_machine(const xmlNode *root, gpuvm_facts *facts, GError **error)
{
    uint64_t cpus = facts->cpus;

    if (!facts->memory_kib && !gpuvm_xml_number(gpuvm_xml_child(root, "memory"), NULL, UINT64_MAX / 1024,
                                                &facts->memory_kib, error))
        return false;
    if (!cpus && !gpuvm_xml_number(gpuvm_xml_child(gpuvm_xml_child(root, "cpu"), "active"), NULL, G_MAXINT,
                                   &cpus, error))
        return false;
    facts->cpus = (unsigned)cpus;
    return true;
}

/* Every member of an IOMMU group says the same of it: a wrong list would hide who is in the way. */
static bool
check_groups(const xmlNode *root, const gpuvm_facts *facts, GError **error)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        bool itself = device->iommu_group == GPUVM_UNKNOWN;

        for (guint m = 0; m < device->group_members->len; m++) {
            const gpuvm_pci_addr *addr = &g_array_index(device->group_members, gpuvm_pci_addr, m);
            const gpuvm_device *member = gpuvm_facts_device(facts, addr);

            itself |= member == device;
            if (member && member->iommu_group != device->iommu_group)
                return gpuvm_xml_fail(root, error,
                                      "device %s says that %s is in its IOMMU group %d, which that denies",
                                      GPUVM_PCI(&device->addr), GPUVM_PCI(addr), device->iommu_group);
        }
        if (!itself)
            return gpuvm_xml_fail(root, error, "device %s is not among the members of its IOMMU group %d",
                                  GPUVM_PCI(&device->addr), device->iommu_group);
    }
    return true;
}

static bool
parse_node(const xmlNode *root, gpuvm_facts *facts, GError **error)
{
    if (root->ns || !g_str_equal(root->name, "node"))
        return gpuvm_xml_fail(root, error, "not a host file: its root element is <%s>, not <node>",
                              root->name);
    return parse_devices(root, facts, error) && parse_domains(root, facts, error) &&
           parse_additions(root, facts, error) && parse_machine(root, facts, error) &&
           check_groups(root, facts, error);
}

gpuvm_facts *
gpuvm_hostfile_parse(const char *text, size_t size, const char *name, GError **error)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(xmlDoc) doc = NULL;

    if (size > GPUVM_HOSTFILE_MAX_SIZE) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s: larger than a host file may be (%d MiB)",
                    name, GPUVM_HOSTFILE_MAX_SIZE / 1024 / 1024);
        return NULL;
    }
    doc = gpuvm_xml_parse(text, size, name, error);
    if (!doc)
        g_prefix_error(error, "not a host file: ");
    return doc && parse_node(xmlDocGetRootElement(doc), facts, error) ? g_steal_pointer(&facts) : NULL;
}

gpuvm_facts *
gpuvm_hostfile_load(const char *path, GError **error)
{
    g_autoptr(GString) text = gpuvm_file_read(path, "host file", GPUVM_HOSTFILE_MAX_SIZE, error);

    return text ? gpuvm_hostfile_parse(text->str, text->len, path, error) : NULL;
}
