/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/capabilities.h"

#include <string.h>

#include "model/cpuset.h"
#include "model/pcixml.h"

static int
compare_cells(gconstpointer a, gconstpointer b)
{
    const gpuvm_cell *const *left = a, *const *right = b;

    return gpuvm_cpuset_compare(&(*left)->id, &(*right)->id);
}

static bool
parse_id(const xmlNode *node, int *ret_id, GError **error)
{
    uint64_t id = UINT64_MAX;

    if (!gpuvm_xml_number(node, "id", G_MAXINT, &id, error))
        return false;
    if (id == UINT64_MAX)
        return gpuvm_xml_fail(node, error, "<%s> without an id", node->name);
    *ret_id = (int)id;
    return true;
}

/* libvirt gives every size here in KiB */
static bool
parse_kib(const xmlNode *node, const char *attr, uint64_t *kib, GError **error)
{
    if (!node)
        return true;
    if (xmlHasProp(node, (const xmlChar *)"unit") && !gpuvm_xml_attr_is(node, "unit", "KiB"))
        return gpuvm_xml_fail(node, error, "<%s> is not in KiB", node->name);
    return gpuvm_xml_number(node, attr, UINT64_MAX / 1024, kib, error);
}

/* libvirt gives a CPU that is offline no siblings; those of others are in order, itself among them */
static gpuvm_cpu
read_cpu(const xmlNode *node, int id)
{
    g_autofree char *siblings = gpuvm_xml_attr(node, "siblings");
    guint64 first = siblings ? g_ascii_strtoull(siblings, NULL, 10) : (guint64)id;

    return (gpuvm_cpu){.id = id, .core = (int)MIN(first, (guint64)id), .cache = GPUVM_UNKNOWN};
}

static bool
parse_cpus(const xmlNode *cpus, GArray *online, GError **error)
{
    bool topology = false;
    const xmlNode *cpu;

    for (cpu = gpuvm_xml_child(cpus, "cpu"); cpu && !topology; cpu = gpuvm_xml_next(cpu))
        topology = xmlHasProp(cpu, (const xmlChar *)"siblings");
    for (cpu = gpuvm_xml_child(cpus, "cpu"); cpu; cpu = gpuvm_xml_next(cpu)) {
        gpuvm_cpu entry;
        int id;

        if (!parse_id(cpu, &id, error))
            return false;
        if (topology && !xmlHasProp(cpu, (const xmlChar *)"siblings"))
            continue;
        entry = read_cpu(cpu, id);
        g_array_append_val(online, entry);
    }
    g_array_sort(online, gpuvm_cpuset_compare);
    return true;
}

static bool
parse_distances(const xmlNode *distances, GArray *to, GError **error)
{
    for (const xmlNode *node = gpuvm_xml_child(distances, "sibling"); node; node = gpuvm_xml_next(node)) {
        gpuvm_distance distance = {0};
        uint64_t value = 0;

        if (!parse_id(node, &distance.id, error) ||
            !gpuvm_xml_number(node, "value", UINT8_MAX, &value, error))
            return false;
        distance.value = (unsigned)value;
        g_array_append_val(to, distance);
    }
    return true;
}

static bool
parse_cell(const xmlNode *node, gpuvm_cell *cell, GError **error)
{
    const xmlNode *pages = gpuvm_xml_child(node, "pages");

    if (!parse_id(node, &cell->id, error) ||
        !parse_kib(gpuvm_xml_child(node, "memory"), NULL, &cell->memory_kib, error) ||
        !parse_distances(gpuvm_xml_child(node, "distances"), cell->distances, error) ||
        !parse_cpus(gpuvm_xml_child(node, "cpus"), cell->cpus, error))
        return false;
    for (; pages; pages = gpuvm_xml_next(pages)) {
        gpuvm_pages entry = {.free = GPUVM_PAGES_UNKNOWN};

        if (!parse_kib(pages, "size", &entry.size_kib, error) ||
            !gpuvm_xml_number(pages, NULL, UINT64_MAX, &entry.total, error))
            return false;
        g_array_append_val(cell->pages, entry);
    }
    return true;
}

/* <cache><bank level='3' cpus='0-7'/> */
static void
read_caches(const xmlNode *cache, const GPtrArray *cells)
{
    for (const xmlNode *bank = gpuvm_xml_child(cache, "bank"); bank; bank = gpuvm_xml_next(bank)) {
        g_autofree char *text = gpuvm_xml_attr_is(bank, "level", "3") ? gpuvm_xml_attr(bank, "cpus") : NULL;
        g_autoptr(GArray) cpus = text ? gpuvm_cpuset_parse(text) : NULL;

        for (guint c = 0; cpus && c < cells->len; c++) {
            const gpuvm_cell *cell = cells->pdata[c];

            for (guint i = 0; i < cell->cpus->len; i++) {
                gpuvm_cpu *cpu = &g_array_index(cell->cpus, gpuvm_cpu, i);

                if (gpuvm_cpuset_has(cpus, cpu->id))
                    cpu->cache = g_array_index(cpus, int, 0);
            }
        }
    }
}

static bool
parse_host(const xmlNode *host, gpuvm_facts *facts, GError **error)
{
    const xmlNode *topology = gpuvm_xml_child(host, "topology");
    const xmlNode *node = gpuvm_xml_child(gpuvm_xml_child(topology, "cells"), "cell");
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_cell_free);
    uint64_t memory_kib = 0;
    unsigned cpus = 0;

    for (; node; node = gpuvm_xml_next(node)) {
        gpuvm_cell *cell = gpuvm_cell_new(0);

        g_ptr_array_add(cells, cell);
        if (!parse_cell(node, cell, error))
            return false;
        memory_kib += cell->memory_kib;
        cpus += cell->cpus->len;
    }
    g_ptr_array_sort(cells, compare_cells);
    for (guint i = 1; i < cells->len; i++)
        if (compare_cells(&cells->pdata[i - 1], &cells->pdata[i]) == 0)
            return gpuvm_xml_fail(host, error, "two <cell>s with the id %d",
                                  ((const gpuvm_cell *)cells->pdata[i])->id);
    read_caches(gpuvm_xml_child(host, "cache"), cells);
    if (!gpuvm_xml_number(gpuvm_xml_child(gpuvm_xml_child(host, "cpu"), "maxphysaddr"), "bits", 63,
                          &facts->address_bits, error))
        return false;
    g_ptr_array_unref(facts->cells);
    facts->cells = g_steal_pointer(&cells);
    facts->memory_kib = memory_kib;
    facts->cpus = cpus;
    g_free(facts->uuid);
    facts->uuid = gpuvm_xml_text(gpuvm_xml_child(host, "uuid"));
    facts->iommu |= gpuvm_xml_attr_is(gpuvm_xml_child(host, "iommu"), "support", "yes");
    return true;
}

/* the full-virtualisation <guest> of @arch, which NULL leaves open */
static const xmlNode *
find_guest(const xmlNode *capabilities, const char *arch)
{
    const xmlNode *guest = gpuvm_xml_child(capabilities, "guest");

    for (; arch && guest; guest = gpuvm_xml_next(guest)) {
        g_autofree char *os_type = gpuvm_xml_text(gpuvm_xml_child(guest, "os_type"));

        if (g_strcmp0(os_type, "hvm") == 0 && gpuvm_xml_attr_is(gpuvm_xml_child(guest, "arch"), "name", arch))
            break;
    }
    return guest;
}

/* the <domain> of @arch to prefer */
static const xmlNode *
find_domain(const xmlNode *arch)
{
    static const char *const preferred[] = {"kvm", "qemu"};
    const xmlNode *first = gpuvm_xml_child(arch, "domain");

    for (size_t i = 0; i < G_N_ELEMENTS(preferred); i++)
        for (const xmlNode *domain = first; domain; domain = gpuvm_xml_next(domain))
            if (gpuvm_xml_attr_is(domain, "type", preferred[i]))
                return domain;
    return first;
}

static void
parse_guest(const xmlNode *capabilities, gpuvm_facts *facts)
{
    const xmlNode *cpu = gpuvm_xml_child(gpuvm_xml_child(capabilities, "host"), "cpu");
    g_autofree char *host_arch = gpuvm_xml_text(gpuvm_xml_child(cpu, "arch"));
    const xmlNode *guest = host_arch ? find_guest(capabilities, host_arch) : NULL;
    const xmlNode *arch, *domain;

    if (!guest)
        guest = find_guest(capabilities, "x86_64");
    if (!guest)
        guest = find_guest(capabilities, NULL);
    arch = gpuvm_xml_child(guest, "arch");
    domain = find_domain(arch);

    g_free(facts->arch);
    g_free(facts->domain_type);
    g_free(facts->emulator);
    facts->arch = arch ? gpuvm_xml_attr(arch, "name") : g_steal_pointer(&host_arch);
    facts->domain_type = gpuvm_xml_attr(domain, "type");
    facts->emulator = gpuvm_xml_text(gpuvm_xml_child(domain, "emulator"));
    if (!facts->emulator)
        facts->emulator = gpuvm_xml_text(gpuvm_xml_child(arch, "emulator"));
}

bool
gpuvm_capabilities_from_element(const xmlNode *element, gpuvm_capabilities parts, gpuvm_facts *facts,
                                GError **error)
{
    if (!g_str_equal(element->name, "capabilities"))
        return gpuvm_xml_fail(element, error, "<%s> where <capabilities> was expected", element->name);
    if (parts & GPUVM_CAPABILITIES_HOST && !parse_host(gpuvm_xml_child(element, "host"), facts, error))
        return false;
    if (parts & GPUVM_CAPABILITIES_GUEST)
        parse_guest(element, facts);
    return true;
}

bool
gpuvm_capabilities_parse(const char *xml, gpuvm_capabilities parts, gpuvm_facts *facts, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "capabilities", error);

    return doc && gpuvm_capabilities_from_element(xmlDocGetRootElement(doc), parts, facts, error);
}
