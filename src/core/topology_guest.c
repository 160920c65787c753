/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/topology.h"

#include "base/size.h"
#include "base/text.h"
#include "model/guest.h"
#include "model/pcixml.h"

#define BUSES 256

/* A bus of the guest's: what libvirt calls a controller. */
typedef struct bus {
    const xmlNode *controller; /* NULL: there is none of this number */
    gpuvm_branch *branch;      /* what is on it is below this; NULL: not known yet */
    bool reached;              /* one that is below itself is on no root */
    uint8_t number;            /* that the guest's firmware gives it, as core/guestpci.h has it */
} bus;

typedef struct planting {
    const gpuvm_facts *facts;
    gpuvm_branch *machine;
    bus buses[BUSES];
} planting;

static gpuvm_branch *
add_cell(gpuvm_branch *machine, int number, char *name)
{
    gpuvm_branch *cell = gpuvm_branch_add(machine, GPUVM_BRANCH_CELL);

    cell->number = number;
    cell->name = name;
    return cell;
}

/* The cells that the guest sees; a guest without any has one. */
static bool
read_cells(gpuvm_branch *machine, const xmlNode *domain, GError **error)
{
    const xmlNode *numa = gpuvm_xml_child(gpuvm_xml_child(domain, "cpu"), "numa");
    uint64_t cpus = 1, kib = 0;

    for (const xmlNode *node = gpuvm_xml_child(numa, "cell"); node; node = gpuvm_xml_next(node)) {
        g_autofree char *list = gpuvm_xml_attr(node, "cpus"), *size = NULL;
        uint64_t id = machine->children->len;

        if (!gpuvm_xml_number(node, "id", G_MAXINT, &id, error) ||
            !gpuvm_xml_number(node, "memory", UINT64_MAX / 1024, &kib, error))
            return false;
        size = gpuvm_size_format(kib * 1024);
        add_cell(machine, (int)id, g_strdup_printf("%s, CPUs %s", size, list ? list : "none"));
    }
    if (machine->children->len > 0)
        return true;
    if (!gpuvm_xml_number(gpuvm_xml_child(domain, "vcpu"), NULL, G_MAXINT, &cpus, error) ||
        !gpuvm_guest_memory(domain, &kib, error))
        return false;
    g_autofree char *size = gpuvm_size_format(kib * 1024), *count = gpuvm_text_count(cpus, "CPU");
    add_cell(machine, 0, g_strdup_printf("%s, %s", size, count));
    return true;
}

static bool
read_buses(planting *p, const xmlNode *devices, GError **error)
{
    for (const xmlNode *node = gpuvm_xml_child(devices, "controller"); node; node = gpuvm_xml_next(node)) {
        uint64_t index = 0;

        if (!gpuvm_xml_attr_is(node, "type", "pci"))
            continue;
        if (!gpuvm_xml_number(node, "index", BUSES - 1, &index, error))
            return false;
        p->buses[index].controller = node;
    }
    return true;
}

/* The cell @number, or, when the guest has another single one, that. */
static gpuvm_branch *
cell_of(const planting *p, int number)
{
    gpuvm_branch *cell = gpuvm_branch_cell(p->machine, number);

    if (!cell && p->machine->children->len == 1)
        cell = p->machine->children->pdata[0];
    return cell ? cell : add_cell(p->machine, number, NULL);
}

/* An expander bus begins at a number of its own, and is near the cell that its target says. */
static bool
reach_expander(const planting *p, bus *at, GError **error)
{
    const xmlNode *target = gpuvm_xml_child(at->controller, "target");
    uint64_t number = at->number, node = UINT64_MAX;

    if (!gpuvm_xml_number(target, "busNr", BUSES - 1, &number, error) ||
        !gpuvm_xml_number(gpuvm_xml_child(target, "node"), NULL, G_MAXINT, &node, error))
        return false;
    at->number = (uint8_t)number;
    at->branch =
        gpuvm_branch_add(cell_of(p, node == UINT64_MAX ? GPUVM_UNKNOWN : (int)node), GPUVM_BRANCH_EXPANDER);
    g_array_append_val(at->branch->addrs, ((gpuvm_pci_addr){.bus = at->number}));
    return true;
}

/* Puts the controller of bus @index into the tree, unless it is there; false: see @error. */
static bool
reach(planting *p, unsigned index, GError **error)
{
    bus *at = &p->buses[index], *up;
    const xmlNode *address = gpuvm_xml_child(at->controller, "address");
    g_autofree char *model = gpuvm_xml_attr(at->controller, "model");
    gpuvm_pci_addr addr;

    if (at->reached)
        return at->branch ||
               gpuvm_xml_fail(at->controller, error, "PCI controller %u is below itself", index);
    at->reached = true;
    at->number = (uint8_t)index;
    if (g_strcmp0(model, "pcie-expander-bus") == 0)
        return reach_expander(p, at, error);
    if (!address || !model || g_str_has_suffix(model, "-root")) {
        at->branch = cell_of(p, GPUVM_UNKNOWN);
        return true;
    }
    if (!gpuvm_xml_address(address, &addr, error) || !reach(p, addr.bus, error))
        return false;
    up = &p->buses[addr.bus];
    at->number = (uint8_t)(up->number + index - addr.bus);
    addr.bus = up->number;
    if (g_str_equal(model, "pcie-switch-downstream-port")) {
        at->branch = up->branch;
        return true;
    }
    at->branch =
        gpuvm_branch_add(up->branch, g_str_equal(model, "pcie-root-port")              ? GPUVM_BRANCH_PORT
                                     : g_str_equal(model, "pcie-switch-upstream-port") ? GPUVM_BRANCH_SWITCH
                                                                                       : GPUVM_BRANCH_BRIDGE);
    g_array_append_val(at->branch->addrs, addr);
    return true;
}

/* The card of @parent's that has the slot of @addr, or, when libvirt gave it none yet, of @on_host; new if there is none. */
static gpuvm_branch *
card_at(gpuvm_branch *parent, const gpuvm_pci_addr *addr, const gpuvm_pci_addr *on_host)
{
    gpuvm_branch *card;

    for (guint i = 0; i < parent->children->len; i++) {
        const GArray *addrs;

        card = parent->children->pdata[i];
        addrs = addr ? card->addrs : card->on_host;
        if (card->kind >= GPUVM_BRANCH_GPU && (card->addrs->len > 0) == (addr != NULL) &&
            gpuvm_pci_addr_same_slot(&g_array_index(addrs, gpuvm_pci_addr, 0), addr ? addr : on_host))
            return card;
    }
    card = gpuvm_branch_add(parent, GPUVM_BRANCH_DEVICE);
    card->state = GPUVM_BRANCH_IN_VM;
    return card;
}

/* @address: in the guest; NULL: none yet. */
static bool
add_function(planting *p, const xmlNode *source, const xmlNode *address, GError **error)
{
    gpuvm_pci_addr addr = {0}, on_host;
    const gpuvm_device *device;
    gpuvm_branch_kind kind;
    gpuvm_branch *card;

    if (!gpuvm_xml_address(source, &on_host, error) || !gpuvm_xml_address(address, &addr, error) ||
        (address && !reach(p, addr.bus, error)))
        return false;
    device = gpuvm_facts_device(p->facts, &on_host);
    kind = device ? gpuvm_branch_kind_of(device) : GPUVM_BRANCH_DEVICE;
    card = card_at(address ? p->buses[addr.bus].branch : cell_of(p, GPUVM_UNKNOWN), address ? &addr : NULL,
                   &on_host);
    addr.bus = p->buses[addr.bus].number;
    if (address)
        g_array_append_val(card->addrs, addr);
    g_array_append_val(card->on_host, on_host);
    if (!card->name || kind < card->kind) {
        g_free(card->name);
        card->kind = kind;
        card->name = device ? gpuvm_device_name(device) : g_strdup("not found on this host");
    }
    return true;
}

gpuvm_branch *
gpuvm_topology_guest(const xmlNode *domain, const gpuvm_facts *facts, GError **error)
{
    g_autoptr(gpuvm_branch) machine = gpuvm_branch_add(NULL, GPUVM_BRANCH_MACHINE);
    const xmlNode *devices = gpuvm_xml_child(domain, "devices");
    planting p = {.facts = facts, .machine = machine};

    machine->name = gpuvm_xml_text(gpuvm_xml_child(domain, "name"));
    if (!read_cells(machine, domain, error) || !read_buses(&p, devices, error))
        return NULL;
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        const xmlNode *source = gpuvm_xml_child(gpuvm_xml_child(node, "source"), "address"),
                      *address = gpuvm_xml_child(node, "address");

        /* as core/verify.c: of an NVMe disk QEMU makes a disk, and what is unassigned is not the guest's to see */
        if (!gpuvm_xml_takes_pci(node) || gpuvm_xml_is(node, "disk") || !source ||
            (address && !gpuvm_xml_attr_is(address, "type", "pci")))
            continue;
        if (!add_function(&p, source, address, error))
            return NULL;
    }
    return g_steal_pointer(&machine);
}
