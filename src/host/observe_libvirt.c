/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/observe.h"

#include <string.h>

#include "base/xml.h"

/* Whether domain capabilities offer firmware='efi'; GPUVM_UNKNOWN when they are not to be had. */
static int
offers_efi(gpuvm_connection *connection)
{
    g_autofree char *xml =
        gpuvm_virt.ConnectGetDomainCapabilities(connection->conn, NULL, NULL, "q35", NULL, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "domain capabilities", NULL) : NULL;
    const xmlNode *os = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "os") : NULL, *choice;

    if (!os)
        return GPUVM_UNKNOWN;
    for (choice = gpuvm_xml_child(os, "enum"); choice; choice = gpuvm_xml_next(choice)) {
        const xmlNode *value = gpuvm_xml_child(choice, "value");

        for (; value && gpuvm_xml_attr_is(choice, "name", "firmware"); value = gpuvm_xml_next(value)) {
            g_autofree char *text = gpuvm_xml_text(value);
            if (g_strcmp0(text, "efi") == 0)
                return 1;
        }
    }
    return 0;
}

/* 1 active, 0 inactive or absent. */
static int
default_network_active(gpuvm_connection *connection)
{
    virNetwork *network = gpuvm_virt.NetworkLookupByName(connection->conn, "default");
    int active;

    if (!network)
        return gpuvm_virt_error() == VIR_ERR_NO_NETWORK ? 0 : GPUVM_UNKNOWN;
    active = gpuvm_virt.NetworkIsActive(network);
    gpuvm_virt.NetworkFree(network);
    return active;
}

bool
gpuvm_observe_libvirt(gpuvm_connection *connection, gpuvm_host *host)
{
    unsigned long number;

    if (gpuvm_virt.ConnectGetLibVersion(connection->conn, &number) == 0)
        host->libvirt_version = (int64_t)number;
    if (gpuvm_virt.ConnectGetVersion(connection->conn, &number) == 0)
        host->hypervisor_version = (int64_t)number;
    host->hypervisor = g_strdup(gpuvm_virt.ConnectGetType(connection->conn));
    host->session = g_str_has_suffix(connection->uri, "/session");
    host->efi = offers_efi(connection);
    host->default_network = default_network_active(connection);
    return host->libvirt_version != GPUVM_UNKNOWN && host->hypervisor_version != GPUVM_UNKNOWN &&
           host->hypervisor && host->default_network != GPUVM_UNKNOWN;
}
