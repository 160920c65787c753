/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/need.h"

#include "core/nvidia.h"

gpuvm_need *
gpuvm_need_new(void)
{
    gpuvm_need *need = g_new0(gpuvm_need, 1);

    need->asked = g_hash_table_new_full(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal, g_free, NULL);
    need->missing = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    return need;
}

void
gpuvm_need_free(gpuvm_need *need)
{
    if (!need)
        return;
    g_hash_table_unref(need->asked);
    g_array_unref(need->missing);
    g_free(need);
}

static void
ask(gpuvm_need *need, const gpuvm_pci_addr *addr, const gpuvm_facts *facts)
{
    if (gpuvm_facts_device(facts, addr) || g_hash_table_contains(need->asked, addr))
        return;
    g_hash_table_add(need->asked, g_memdup2(addr, sizeof(*addr)));
    g_array_append_vals(need->missing, addr, 1);
}

void
gpuvm_need_of_function(gpuvm_need *need, const gpuvm_pci_addr *addr, const gpuvm_facts *facts)
{
    gpuvm_pci_addr sibling = *addr;

    for (sibling.function = 0; sibling.function <= GPUVM_PCI_FUNCTION_MAX; sibling.function++)
        ask(need, &sibling, facts);

    g_autoptr(GPtrArray) slot = gpuvm_facts_slot(facts, addr);
    for (guint i = 0; i < slot->len; i++) {
        const gpuvm_device *device = slot->pdata[i];

        if (device->virtual_function)
            ask(need, &device->physical_function, facts);
        for (guint m = 0; m < device->group_members->len; m++)
            ask(need, &g_array_index(device->group_members, gpuvm_pci_addr, m), facts);
    }
}

/* What the layout of the guest's buses and NVIDIA's switches need to know of @addr's slot. */
static void
need_around(gpuvm_need *need, const gpuvm_pci_addr *addr, bool topology, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) slot = gpuvm_facts_slot(facts, addr);

    for (guint i = 0; i < slot->len; i++) {
        const gpuvm_device *device = slot->pdata[i];

        if (gpuvm_nvidia_needs_switches(device))
            need->every_device = true;
        for (int above = 0; topology && above < 2 && device && device->below; above++) {
            ask(need, &device->parent, facts);
            device = gpuvm_facts_device(facts, &device->parent);
        }
    }
}

void
gpuvm_need_of_vm(gpuvm_need *need, const gpuvm_vm *vm, const gpuvm_facts *facts)
{
    const gpuvm_devices *devices = vm->body.devices;
    bool topology = devices->topology != GPUVM_TOPOLOGY_FLAT || devices->p2p == GPUVM_P2P_AUTO;

    for (guint i = 0; i < devices->pci_passthrough->len; i++) {
        const gpuvm_passthrough *item = devices->pci_passthrough->pdata[i];
        gpuvm_need_of_function(need, &item->address.addr, facts);
        need_around(need, &item->address.addr, topology, facts);
    }
    if (devices->gpus->len > 0)
        need->every_device = true;
}
