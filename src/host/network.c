/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/network.h"

#include <string.h>

#include "base/xml.h"

/* A network with <forward mode='hostdev'> takes a PCI function for each interface: one that no plan has seen. */
static bool
passes_devices(virNetwork *network)
{
    g_autofree char *xml = gpuvm_virt.NetworkGetXMLDesc(network, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "network", NULL) : NULL;

    return !doc ||
           gpuvm_xml_attr_is(gpuvm_xml_child(xmlDocGetRootElement(doc), "forward"), "mode", "hostdev");
}

/* Starts network @name unless it is active; *@ret_started says whether it did. */
static bool
start_network(gpuvm_connection *connection, const char *name, bool *ret_started, GError **error)
{
    virNetwork *network = gpuvm_virt.NetworkLookupByName(connection->conn, name);
    bool right = true;

    *ret_started = false;
    if (!network)
        return true;
    if (passes_devices(network)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_REFUSED,
                    "network '%s' gives its guests PCI functions of the host, which gpuvm has not checked\n"
                    "name the virtual function in pci_passthrough instead",
                    name);
        right = false;
    } else if (gpuvm_virt.NetworkIsActive(network) == 0) {
        *ret_started = gpuvm_virt.NetworkCreate(network) == 0;
        /* another process may have been faster */
        right = *ret_started || gpuvm_virt.NetworkIsActive(network) == 1 ||
                gpuvm_virt_failed(error, "cannot start network '%s'", name);
    }
    gpuvm_virt.NetworkFree(network);
    return right;
}

bool
gpuvm_networks_start(gpuvm_connection *connection, const char *xml,
                     void (*started)(void *data, const char *name), void *data, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);
    const xmlNode *devices = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "devices") : NULL;

    for (const xmlNode *node = gpuvm_xml_child(devices, "interface"); node; node = gpuvm_xml_next(node)) {
        g_autofree char *name = gpuvm_xml_attr(gpuvm_xml_child(node, "source"), "network");
        bool began = false;

        if (!name || !gpuvm_xml_attr_is(node, "type", "network"))
            continue;
        if (!start_network(connection, name, &began, error))
            return false;
        if (began && started)
            started(data, name);
    }
    return doc != NULL;
}
