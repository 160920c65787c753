/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/xml.h"
#include "host/file.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

/* Whether the guest's agent is there; adds the MAC addresses of the domain's NICs to @macs. */
static bool
look_at_devices(const xmlNode *devices, GHashTable *macs)
{
    bool connected = false;

    for (xmlNode *nic = gpuvm_xml_child(devices, "interface"); nic; nic = gpuvm_xml_next(nic)) {
        char *mac = gpuvm_xml_attr(gpuvm_xml_child(nic, "mac"), "address");
        if (mac)
            g_hash_table_add(macs, mac);
    }
    for (xmlNode *channel = gpuvm_xml_child(devices, "channel"); channel; channel = gpuvm_xml_next(channel)) {
        const xmlNode *target = gpuvm_xml_child(channel, "target");
        connected |= gpuvm_xml_attr_is(target, "name", AGENT_CHANNEL) &&
                     gpuvm_xml_attr_is(target, "state", "connected");
    }
    return connected;
}

static void
add_addresses(const virDomainInterface *nic, GPtrArray *addresses)
{
    for (unsigned i = 0; i < nic->naddrs; i++)
        g_ptr_array_add(addresses, g_strdup(nic->addrs[i].addr));
}

/* @macs: take only NICs that have one of these; NULL: all. */
static bool
ask(gpuvm_domain *domain, unsigned source, GHashTable *macs, GPtrArray *addresses, GError **error)
{
    g_autofree virDomainInterface **nics = NULL;
    g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
    int n = gpuvm_virt.DomainInterfaceAddresses(domain->dom, &nics, source, 0);

    if (n < 0)
        return gpuvm_virt_failed(error, "cannot ask for the addresses of domain '%s'", domain->name);
    for (int i = 0; i < n; i++) {
        bool own = !macs || (nics[i]->hwaddr && g_hash_table_contains(macs, nics[i]->hwaddr));

        add_addresses(nics[i], own ? addresses : others);
        gpuvm_virt.DomainInterfaceFree(nics[i]);
    }
    if (addresses->len == 0)
        g_ptr_array_extend_and_steal(addresses, g_steal_pointer(&others));
    return true;
}

/* What the domain is like now: the MAC addresses of its NICs, and whether the guest's agent is there. */
static bool
look_at(gpuvm_domain *domain, GHashTable *macs, bool *ret_agent, GError **error)
{
    g_autofree char *xml = gpuvm_domain_xml(domain, false, error);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), domain->name, error) : NULL;

    if (!doc)
        return false;
    *ret_agent = look_at_devices(gpuvm_xml_child(xmlDocGetRootElement(doc), "devices"), macs);
    return true;
}

/*
 * proc(5): "IP-ADDRESS HW-TYPE FLAGS HW-ADDRESS MASK DEVICE" below a heading; flags 0x0 is not resolved. libvirt 9.0
 * does not understand how newer kernels end their table ("wrong nlmsg len").
 */
static void
read_neighbours(const char *root, GHashTable *macs, GPtrArray *addresses)
{
    g_auto(GStrv) lines = gpuvm_file_lines(root, "/proc/net/arp");

    for (char **line = lines; line && *line; line++) {
        char address[16], flags[8], mac[18];

        if (sscanf(*line, "%15s %*s %7s %17s", address, flags, mac) == 3 && !g_str_equal(flags, "0x0") &&
            g_hash_table_contains(macs, mac))
            g_ptr_array_add(addresses, g_strdup(address));
    }
}

static bool
ask_neighbours(gpuvm_domain *domain, const char *root, GPtrArray *addresses, GError **error)
{
    g_autoptr(GHashTable) macs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool agent;

    if (ask(domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, NULL, addresses, root ? NULL : error))
        return true;
    if (!root || !look_at(domain, macs, &agent, error))
        return false;
    read_neighbours(root, macs, addresses);
    return true;
}

static bool
ask_agent(gpuvm_domain *domain, bool apart, GPtrArray *addresses, GError **error)
{
    g_autoptr(GHashTable) macs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(gpuvm_domain) same = NULL;
    bool agent;

    if (!look_at(domain, macs, &agent, error))
        return false;
    if (!agent)
        return true;
    same = apart ? gpuvm_domain_apart(domain) : NULL;
    return ask(same ? same : domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, macs, addresses, error);
}

GPtrArray *
gpuvm_address_list(gpuvm_domain *domain, gpuvm_address_source source, const char *root, bool apart,
                   GError **error)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    bool asked;

    if (source == GPUVM_ADDRESS_LEASES)
        asked = ask(domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, NULL, addresses, error);
    else if (source == GPUVM_ADDRESS_ARP)
        asked = ask_neighbours(domain, root, addresses, error);
    else
        asked = ask_agent(domain, apart, addresses, error);
    return asked ? g_steal_pointer(&addresses) : NULL;
}

/* Adds the address that @from (NULL: none) is; one of IPv6 without its zone. */
static void
add_own(const struct sockaddr *from, GPtrArray *addresses)
{
    char text[NI_MAXHOST];
    socklen_t size =
        from && from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

    if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6) ||
        getnameinfo(from, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    g_ptr_array_add(addresses, g_strndup(text, strcspn(text, "%")));
}

GPtrArray *
gpuvm_address_own(GError **error)
{
    GPtrArray *addresses;
    struct ifaddrs *all;

    if (getifaddrs(&all) != 0) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read this host's addresses: %s",
                    g_strerror(errno));
        return NULL;
    }
    addresses = g_ptr_array_new_with_free_func(g_free);
    for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
        add_own(one->ifa_addr, addresses);
        if (one->ifa_flags & IFF_BROADCAST)
            add_own(one->ifa_broadaddr, addresses);
    }
    freeifaddrs(all);
    return addresses;
}
