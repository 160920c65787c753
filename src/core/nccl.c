/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/nccl.h"

#include <string.h>

#include "base/xml.h"
#include "core/guestpci.h"
#include "core/switch.h"

#define NVIDIA 0x10de
#define AMD 0x1002
#define CLASS_NETWORK 0x02 /* base class */
#define CLASS_SWITCH "0x060400"

#define FILE "/etc/nccl/topo.xml"
#define LONGEST 254 /* characters of a value that NCCL reads */

static bool
is_gpu(const gpuvm_device *device)
{
    return gpuvm_device_is_gpu(device) && (device->vendor_id == NVIDIA || device->vendor_id == AMD);
}

/* Whether @function is of interest: GPUs, and the NICs that they may reach without the CPU. */
static bool
counts(const gpuvm_plan_function *function)
{
    const gpuvm_device *device = function->device;

    return function->role != GPUVM_ROLE_DETACHED &&
           (is_gpu(device) || device->class_code >> 16 == CLASS_NETWORK);
}

/* As the kernel writes a node's cpumap: words of 32 CPUs, the highest ones first. */
static char *
format_cpumap(uint64_t first, uint64_t n)
{
    g_autoptr(GString) map = g_string_new(NULL);

    for (uint64_t word = (first + n - 1) / 32 + 1; word-- > 0;) {
        uint32_t bits = 0;

        for (unsigned bit = 0; bit < 32; bit++) {
            uint64_t cpu = word * 32 + bit;

            bits |= (uint32_t)(cpu >= first && cpu < first + n) << bit;
        }
        g_string_append_printf(map, "%s%08x", map->len > 0 ? "," : "", bits);
    }
    return g_string_free(g_steal_pointer(&map), FALSE);
}

/* The <cpu> of the guest's cell @id, which is made when it is first needed. */
static xmlNode *
ensure_cpu(const gpuvm_plan *plan, const gpuvm_facts *facts, xmlNode *system, unsigned id)
{
    const GArray *cells = plan->place.cells;
    g_autofree char *name = g_strdup_printf("%u", id), *map = NULL;
    uint64_t first = 0;
    xmlNode *cpu = gpuvm_xml_child(system, "cpu");

    while (cpu && !gpuvm_xml_attr_is(cpu, "numaid", name))
        cpu = gpuvm_xml_next(cpu);
    if (cpu)
        return cpu;
    for (unsigned i = 0; cells && i < id; i++)
        first += g_array_index(cells, gpuvm_guest_cell, i).cpus;
    map = format_cpumap(first, cells ? g_array_index(cells, gpuvm_guest_cell, id).cpus
                                     : plan->vm->body.resources->cpu_cores);
    cpu = gpuvm_xml_add(system, "cpu", NULL);
    gpuvm_xml_set(cpu, "numaid", "%s", name);
    if (strlen(map) <= LONGEST)
        gpuvm_xml_set(cpu, "affinity", "%s", map);
    gpuvm_xml_set(cpu, "arch", "%s", plan->arch);
    if (facts->host.cpu_vendor)
        gpuvm_xml_set(cpu, "vendor", "%s", facts->host.cpu_vendor);
    return cpu;
}

/* What the link of @device, which is the host's, is able to. */
static void
set_link(xmlNode *pci, const gpuvm_device *device)
{
    if (device->link_max_speed <= 0 || device->link_max_width <= 0)
        return;
    gpuvm_xml_set(pci, "link_speed", "%.1f GT/s PCIe", device->link_max_speed);
    gpuvm_xml_set(pci, "link_width", "%d", device->link_max_width);
}

/* The <pci> in @parent of what is at @bus, slot 0, and @function; made when it is first needed. */
static xmlNode *
ensure_pci(xmlNode *parent, unsigned bus, unsigned function, bool *ret_new)
{
    g_autofree char *address = g_strdup_printf("0000:%02x:00.%u", bus, function);
    xmlNode *pci = gpuvm_xml_child(parent, "pci");

    while (pci && !gpuvm_xml_attr_is(pci, "busid", address))
        pci = gpuvm_xml_next(pci);
    *ret_new = !pci;
    if (!pci) {
        pci = gpuvm_xml_add(parent, "pci", NULL);
        gpuvm_xml_set(pci, "busid", "%s", address);
    }
    return pci;
}

static const gpuvm_guest_controller *
controller_of(const gpuvm_plan *plan, unsigned index)
{
    return index > 0 ? plan->controllers->pdata[index - 1] : NULL;
}

static void
add_function(const gpuvm_plan *plan, const gpuvm_facts *facts, const gpuvm_plan_function *function,
             xmlNode *system)
{
    const gpuvm_guest_controller *port = controller_of(plan, function->guest.bus), *top = port;
    const gpuvm_device *shared = gpuvm_switch_of(facts, function->device);
    xmlNode *parent;
    bool is_new;

    while (top && top->parent > 0)
        top = controller_of(plan, top->parent);
    parent = ensure_cpu(plan, facts, system, top && top->bus_number > 0 ? top->cell : 0);
    if (port && shared && g_str_equal(port->model, "pcie-switch-downstream-port")) {
        const gpuvm_guest_controller *upstream = controller_of(plan, port->parent);

        parent = ensure_pci(parent, gpuvm_guestpci_number(plan->controllers, upstream->parent), 0, &is_new);
        if (is_new) {
            gpuvm_xml_set(parent, "class", CLASS_SWITCH);
            set_link(parent, shared);
        }
    }
    parent = ensure_pci(parent, function->guest.number, function->guest.function, &is_new);
    gpuvm_xml_set(parent, "class", "0x%06x", function->device->class_code);
    set_link(parent, function->device);
}

void
gpuvm_nccl_plan(gpuvm_plan *plan, const gpuvm_facts *facts)
{
    xmlNode *system;
    unsigned gpus = 0;

    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        gpus += counts(function) && is_gpu(function->device);
    }
    if (plan->vm->body.devices->topology != GPUVM_TOPOLOGY_NCCL || gpus < 2)
        return;
    system = xmlNewNode(NULL, (const xmlChar *)"system");
    gpuvm_xml_set(system, "version", "1");
    for (guint i = 0; i < plan->functions->len; i++) {
        if (counts(plan->functions->pdata[i]))
            add_function(plan, facts, plan->functions->pdata[i], system);
    }
    plan->nccl_topology = gpuvm_xml_print(system);
    xmlFreeNode(system);
    gpuvm_plan_decide(plan, g_strdup_printf("a topology file for NCCL, of %u GPUs", gpus),
                      g_strdup("topology is nccl"));
}

/* No line of the file is "EOF". */
char *
gpuvm_nccl_setup(const gpuvm_plan *plan)
{
    return g_strdup_printf("#!/bin/sh\n"
                           "set -e\n"
                           "mkdir -p /etc/nccl\n"
                           "cat >" FILE " <<'EOF'\n"
                           "%s\n"
                           "EOF\n"
                           "grep -qs '^NCCL_TOPO_FILE=' /etc/nccl.conf ||\n"
                           "    echo NCCL_TOPO_FILE=" FILE " >>/etc/nccl.conf\n",
                           plan->nccl_topology);
}
