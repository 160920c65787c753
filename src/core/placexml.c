/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/placexml.h"

#include "base/xml.h"
#include "model/cpuset.h"

/*
 * libvirt takes one node alone as preferred: of several, only the guest's cells have one each. A template may be the XML of a domain
 * that had others.
 */
void
gpuvm_placexml_numatune(const gpuvm_placement *place, xmlNode *tune)
{
    const char *mode = place->strict ? "strict" : "preferred";
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(int));
    xmlNode *node;

    if (place->numa_node != GPUVM_UNKNOWN)
        g_array_append_val(nodes, place->numa_node);
    for (guint i = 0; place->cells && i < place->cells->len; i++)
        g_array_append_val(nodes, g_array_index(place->cells, gpuvm_guest_cell, i).node);
    while (place->cells && tune->children)
        gpuvm_xml_remove(tune->children);
    if (!place->cells || place->strict) {
        g_autofree char *nodeset = gpuvm_cpuset_format(nodes);

        node = gpuvm_xml_ensure(tune, "memory");
        gpuvm_xml_set(node, "mode", "%s", mode);
        gpuvm_xml_set(node, "nodeset", "%s", nodeset);
    }
    for (guint i = 0; place->cells && i < place->cells->len; i++) {
        node = gpuvm_xml_add(tune, "memnode", NULL);
        gpuvm_xml_set(node, "cellid", "%u", i);
        gpuvm_xml_set(node, "mode", "%s", mode);
        gpuvm_xml_set(node, "nodeset", "%d", g_array_index(nodes, int, i));
    }
}

static void
set_cpuset(xmlNode *node, const GArray *cpus)
{
    g_autofree char *text = gpuvm_cpuset_format(cpus);

    gpuvm_xml_set(node, "cpuset", "%s", text);
}

/* In place of what the template says of any threads: those without a pin run where vcpu's cpuset says. */
void
gpuvm_placexml_cputune(const gpuvm_placement *place, xmlNode *tune)
{
    xmlNode *node;

    for (xmlNode *child = tune->children, *next; child; child = next) {
        next = child->next;
        if (child->type == XML_ELEMENT_NODE && g_str_has_suffix((const char *)child->name, "pin"))
            gpuvm_xml_remove(child);
    }
    for (guint i = 0; i < place->pins->len; i++) {
        node = gpuvm_xml_add(tune, "vcpupin", NULL);
        gpuvm_xml_set(node, "vcpu", "%u", i);
        set_cpuset(node, place->pins->pdata[i]);
    }
    if (place->emulator)
        set_cpuset(gpuvm_xml_add(tune, "emulatorpin", NULL), place->emulator);
}

/* The guest's cells, as far apart as the host's that they stand for, as far as that is known. */
static void
add_cells(const gpuvm_placement *place, xmlNode *cpu)
{
    xmlNode *numa;
    guint n = place->cells->len;
    uint64_t first = 0;

    gpuvm_xml_remove(gpuvm_xml_child(cpu, "numa"));
    numa = gpuvm_xml_add(cpu, "numa", NULL);
    for (guint i = 0; i < n; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);
        xmlNode *node = gpuvm_xml_add(numa, "cell", NULL);
        xmlNode *distances = place->distances ? gpuvm_xml_add(node, "distances", NULL) : NULL;

        gpuvm_xml_set(node, "id", "%u", i);
        if (cell->cpus > 1)
            gpuvm_xml_set(node, "cpus", "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, first,
                          first + cell->cpus - 1);
        else
            gpuvm_xml_set(node, "cpus", "%" G_GUINT64_FORMAT, first);
        gpuvm_xml_set(node, "memory", "%" G_GUINT64_FORMAT, cell->memory_mb);
        gpuvm_xml_set(node, "unit", "MiB");
        first += cell->cpus;
        for (guint k = 0; distances && k < n; k++) {
            xmlNode *sibling = gpuvm_xml_add(distances, "sibling", NULL);

            gpuvm_xml_set(sibling, "id", "%u", k);
            gpuvm_xml_set(sibling, "value", "%u", g_array_index(place->distances, unsigned, i *n + k));
        }
    }
}

/* Without it, the guest takes the threads of a processor of AMD's for cores: QEMU passes on what it is told to alone. */
static void
add_topoext(xmlNode *cpu)
{
    xmlNode *feature = gpuvm_xml_child(cpu, "feature");

    while (feature && !gpuvm_xml_attr_is(feature, "name", "topoext"))
        feature = gpuvm_xml_next(feature);
    if (feature)
        return;
    feature = gpuvm_xml_add(cpu, "feature", NULL);
    gpuvm_xml_set(feature, "policy", "require");
    gpuvm_xml_set(feature, "name", "topoext");
}

void
gpuvm_placexml_cpu(const gpuvm_placement *place, xmlNode *cpu)
{
    xmlNode *topology = gpuvm_xml_ensure(cpu, "topology");

    xmlUnsetProp(topology, (const xmlChar *)"dies");
    xmlUnsetProp(topology, (const xmlChar *)"clusters");
    gpuvm_xml_set(topology, "sockets", "%u", place->sockets);
    gpuvm_xml_set(topology, "cores", "%u", place->cores);
    gpuvm_xml_set(topology, "threads", "%u", place->threads);
    if (place->topoext && gpuvm_xml_attr_is(cpu, "mode", "host-passthrough"))
        add_topoext(cpu);
    if (place->cells)
        add_cells(place, cpu);
}
