/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/pcixml.h"

#include <string.h>

bool
gpuvm_xml_address(const xmlNode *node, gpuvm_pci_addr *ret_addr, GError **error)
{
    uint64_t domain = 0, bus = 0, slot = 0, function = 0;

    if (!gpuvm_xml_number(node, "domain", UINT32_MAX, &domain, error) ||
        !gpuvm_xml_number(node, "bus", UINT8_MAX, &bus, error) ||
        !gpuvm_xml_number(node, "slot", 0x1f, &slot, error) ||
        !gpuvm_xml_number(node, "function", 7, &function, error))
        return false;
    *ret_addr = (gpuvm_pci_addr){(uint32_t)domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
    return true;
}

bool
gpuvm_xml_addresses(const xmlNode *parent, GArray *addrs, GError **error)
{
    for (const xmlNode *node = gpuvm_xml_child(parent, "address"); node; node = gpuvm_xml_next(node)) {
        gpuvm_pci_addr addr;

        if (!gpuvm_xml_address(node, &addr, error))
            return false;
        gpuvm_pci_addrs_add(addrs, &addr);
    }
    return true;
}

static const struct {
    const char *name, *type;
} takers[] = {{"hostdev", "pci"}, {"interface", "hostdev"}, {"actual", "hostdev"}, {"disk", "nvme"}};

bool
gpuvm_xml_takes_pci(const xmlNode *device)
{
    for (size_t i = 0; i < G_N_ELEMENTS(takers); i++)
        if (gpuvm_xml_is(device, takers[i].name) && gpuvm_xml_attr_is(device, "type", takers[i].type))
            return true;
    return false;
}

bool
gpuvm_xml_may_take_pci(const char *xml)
{
    for (size_t i = 0; i < G_N_ELEMENTS(takers); i++)
        if (strstr(xml, takers[i].name) && strstr(xml, takers[i].type))
            return true;
    return false;
}

void
gpuvm_xml_add_address(xmlNode *parent, const gpuvm_pci_addr *addr)
{
    xmlNode *address = gpuvm_xml_add(parent, "address", NULL);

    gpuvm_xml_set(address, "domain", "0x%04x", addr->domain);
    gpuvm_xml_set(address, "bus", "0x%02x", addr->bus);
    gpuvm_xml_set(address, "slot", "0x%02x", addr->slot);
    gpuvm_xml_set(address, "function", "0x%x", addr->function);
}
