/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/hostdevxml.h"

#include "model/pcixml.h"

/* What QEMU's device is called, by which it gets properties that libvirt has no words for. */
#define ALIAS "ua-pci-%04x-%02x-%02x-%x"
#define ALIAS_ARGS(addr) (addr)->domain, (addr)->bus, (addr)->slot, (addr)->function

static void
set_address(xmlNode *address, unsigned bus, unsigned slot, unsigned function)
{
    gpuvm_xml_set(address, "type", "pci");
    gpuvm_xml_set(address, "domain", "0x0000");
    gpuvm_xml_set(address, "bus", "0x%02x", bus);
    gpuvm_xml_set(address, "slot", "0x%02x", slot);
    gpuvm_xml_set(address, "function", "0x%x", function);
}

void
gpuvm_hostdevxml_controllers(const gpuvm_plan *plan, xmlNode *devices)
{
    for (guint i = 0; i < plan->controllers->len; i++) {
        const gpuvm_guest_controller *controller = plan->controllers->pdata[i];
        xmlNode *node = gpuvm_xml_add(devices, "controller", NULL), *target;
        g_autofree char *cell = g_strdup_printf("%u", controller->cell);

        gpuvm_xml_set(node, "type", "pci");
        gpuvm_xml_set(node, "index", "%u", controller->index);
        gpuvm_xml_set(node, "model", "%s", controller->model);
        if (controller->bus_number > 0) {
            target = gpuvm_xml_add(node, "target", NULL);
            gpuvm_xml_set(target, "busNr", "%u", controller->bus_number);
            gpuvm_xml_add(target, "node", cell);
        }
        if (controller->parent > 0)
            set_address(gpuvm_xml_add(node, "address", NULL), controller->parent, controller->slot,
                        controller->function);
    }
}

static void
add_hostdev(const gpuvm_plan *plan, const gpuvm_plan_function *function, xmlNode *devices)
{
    const gpuvm_pci_addr *addr = &function->device->addr;
    g_autofree char *rom_file =
        function->rom_file ? g_canonicalize_filename(function->rom_file, plan->directory) : NULL;
    xmlNode *node = gpuvm_xml_add(devices, "hostdev", NULL), *child;

    gpuvm_xml_set(node, "mode", "subsystem");
    gpuvm_xml_set(node, "type", "pci");
    gpuvm_xml_set(node, "managed", "yes");
    gpuvm_xml_set(gpuvm_xml_add(node, "driver", NULL), "name", "vfio");
    gpuvm_xml_add_address(gpuvm_xml_add(node, "source", NULL), addr);
    gpuvm_xml_set(gpuvm_xml_add(node, "alias", NULL), "name", ALIAS, ALIAS_ARGS(addr));
    if (rom_file || !function->rom_bar) {
        child = gpuvm_xml_add(node, "rom", NULL);
        gpuvm_xml_set(child, "bar", function->rom_bar ? "on" : "off");
        if (rom_file)
            gpuvm_xml_set(child, "file", "%s", rom_file);
    }
    child = gpuvm_xml_add(node, "address", NULL);
    if (function->role == GPUVM_ROLE_DETACHED) {
        gpuvm_xml_set(child, "type", "unassigned");
        return;
    }
    set_address(child, function->guest.bus, 0, function->guest.function);
    if (function->guest.multifunction)
        gpuvm_xml_set(child, "multifunction", "on");
}

void
gpuvm_hostdevxml_functions(const gpuvm_plan *plan, xmlNode *devices)
{
    for (guint i = 0; i < plan->functions->len; i++)
        add_hostdev(plan, plan->functions->pdata[i], devices);
}

/* An element of libvirt's extension for QEMU, whose namespace @domain declares from the first one on. */
static xmlNode *
add_qemu(xmlNode *domain, xmlNode *parent, const char *name)
{
    const xmlChar *href = (const xmlChar *)GPUVM_QEMU_NS;
    xmlNs *ns = xmlSearchNsByHref(domain->doc, domain, href);
    xmlNode *node = gpuvm_xml_add(parent, name, NULL);

    xmlSetNs(node, ns ? ns : xmlNewNs(domain, href, (const xmlChar *)"qemu"));
    return node;
}

static void
add_window(const gpuvm_plan *plan, xmlNode *domain)
{
    xmlNode *commandline = add_qemu(domain, domain, "commandline");

    gpuvm_xml_set(add_qemu(domain, commandline, "arg"), "value", "-fw_cfg");
    gpuvm_xml_set(add_qemu(domain, commandline, "arg"), "value", GPUVM_OVMF_WINDOW "%" G_GUINT64_FORMAT,
                  plan->window_mb);
}

/* The <override> of @domain, where the clique of @function is added. */
static void
add_clique(const gpuvm_plan_function *function, xmlNode *domain, xmlNode *override)
{
    xmlNode *device = add_qemu(domain, override, "device"), *property;

    gpuvm_xml_set(device, "alias", ALIAS, ALIAS_ARGS(&function->device->addr));
    property = add_qemu(domain, add_qemu(domain, device, "frontend"), "property");
    gpuvm_xml_set(property, "name", GPUVM_QEMU_CLIQUE);
    gpuvm_xml_set(property, "type", "unsigned");
    gpuvm_xml_set(property, "value", "%d", function->clique);
}

void
gpuvm_hostdevxml_qemu(const gpuvm_plan *plan, xmlNode *domain)
{
    xmlNode *override = NULL;

    if (plan->window_mb > 0)
        add_window(plan, domain);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->clique == GPUVM_UNKNOWN)
            continue;
        if (!override)
            override = add_qemu(domain, domain, "override");
        add_clique(function, domain, override);
    }
}
