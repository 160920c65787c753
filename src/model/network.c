/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

const char *const gpuvm_net_mode_names[] = {"nat", "bridged", "dhcp", "vsock", "none", NULL};

static const gpuvm_field network_fields[] = {
    {GPUVM_FIELD(gpuvm_network, mode), .shape = GPUVM_ENUM, .choices = gpuvm_net_mode_names,
     .doc =
         "nat: a NIC on one of libvirt's networks. bridged: a NIC on a bridge of the host. none: no NIC."
         " dhcp: a NIC on bridge, or without one on network; the guest asks for its address. vsock: no NIC, but a "
         "virtio socket."},
    {GPUVM_FIELD(gpuvm_network, network), .scalar = &gpuvm_scalar_name, .fallback = "default",
     .doc = "The libvirt network, for modes nat and dhcp."},
    {GPUVM_FIELD(gpuvm_network, bridge), .scalar = &gpuvm_scalar_bridge,
     .doc = "The host's bridge, for mode bridged, which needs it, and for mode dhcp."},
    {GPUVM_FIELD(gpuvm_network, mac), .scalar = &gpuvm_scalar_mac,
     .doc = "The NIC's MAC address. When absent, libvirt chooses one, which the VM then keeps."},
    {GPUVM_FIELD(gpuvm_network, subnet), .scalar = &gpuvm_scalar_subnet, .flags = GPUVM_FIELD_LATER,
     .doc = "The guest's subnet: ADDRESS/BITS."},
    {GPUVM_FIELD(gpuvm_network, gateway), .scalar = &gpuvm_scalar_ip, .flags = GPUVM_FIELD_LATER,
     .doc = "The guest's gateway."},
    {GPUVM_FIELD(gpuvm_network, auto_assign), .scalar = &gpuvm_scalar_bool, .flags = GPUVM_FIELD_LATER,
     .doc = "Whether the guest gets a free address of the subnet."},
    {NULL},
};

/* Keys that mean nothing in some modes. */
static const struct {
    const char *key;
    unsigned modes; /* a bit for each mode that it goes with */
    const char *hint;
} exclusive[] = {
    {"network", 1 << GPUVM_NET_NAT | 1 << GPUVM_NET_DHCP, "it goes with modes nat and dhcp"},
    {"bridge", 1 << GPUVM_NET_BRIDGED | 1 << GPUVM_NET_DHCP, "it goes with modes bridged and dhcp"},
    {"mac", 1 << GPUVM_NET_NAT | 1 << GPUVM_NET_BRIDGED | 1 << GPUVM_NET_DHCP, "it is for a VM with a NIC"},
};

bool
gpuvm_network_has_mode(const gpuvm_network *network)
{
    const gpuvm_node *node = network->object.node;

    return node && (node->type == GPUVM_NODE_SCALAR || gpuvm_node_get(node, "mode"));
}

void
gpuvm_network_check(const gpuvm_network *network, gpuvm_diags *diags)
{
    gpuvm_mark mark;

    for (size_t i = 0; i < G_N_ELEMENTS(exclusive); i++) {
        if (!gpuvm_object_has(&network->object, exclusive[i].key) || exclusive[i].modes & 1u << network->mode)
            continue;
        mark = gpuvm_object_mark(&network->object, exclusive[i].key);
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s means nothing in mode %s",
                                          exclusive[i].key, gpuvm_net_mode_names[network->mode]),
                        "%s", exclusive[i].hint);
    }
    if (network->mode == GPUVM_NET_BRIDGED && !network->bridge) {
        mark = gpuvm_object_mark(&network->object, "mode");
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "mode bridged needs a bridge"),
                        "add 'bridge: NAME', the host's bridge that the VM is to join, such as br0");
    }
}

static const char *const whole_keys[] = {"mode", NULL};

const gpuvm_table gpuvm_network_table = {
    .name = "network",
    .doc = "The VM's network interface. Without this the VM has one on libvirt's network 'default'.",
    .size = sizeof(gpuvm_network),
    .fields = network_fields,
    .scalar_key = "mode",
    .whole_keys = whole_keys,
};
