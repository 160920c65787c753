/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/claim.h"

/* The first of @addrs that @claim holds; NULL. */
static const gpuvm_pci_addr *
held_of(const gpuvm_claim *claim, const GArray *addrs)
{
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);

        if (gpuvm_claim_has(claim, addr))
            return addr;
    }
    return NULL;
}

/*
 * What @claim holds that @device cannot be had without: the device itself, a member of its group, its physical
 * function, or a virtual function, which goes away with it; NULL. @ret_how says which, g_malloc.
 */
static const gpuvm_pci_addr *
held_with(const gpuvm_claim *claim, const gpuvm_device *device, char **ret_how)
{
    const gpuvm_pci_addr *held;

    *ret_how = NULL;
    if (gpuvm_claim_has(claim, &device->addr))
        return &device->addr;
    held = held_of(claim, device->group_members);
    if (held) {
        *ret_how =
            g_strdup_printf(", in IOMMU group %d with %s,", device->iommu_group, GPUVM_PCI(&device->addr));
        return held;
    }
    held = held_of(claim, device->virtual_functions);
    if (held)
        *ret_how = g_strdup_printf(", a virtual function of %s,", GPUVM_PCI(&device->addr));
    else if (device->virtual_function && gpuvm_claim_has(claim, &device->physical_function)) {
        held = &device->physical_function;
        *ret_how = g_strdup_printf(", the physical function of %s,", GPUVM_PCI(&device->addr));
    }
    return held;
}

/* A card's further functions say nothing new. */
static bool
said_of_card(const GPtrArray *said, const gpuvm_pci_addr *held)
{
    for (guint i = 0; i < said->len; i++) {
        if (gpuvm_pci_addr_same_slot(said->pdata[i], held))
            return true;
    }
    return false;
}

static void
report(const gpuvm_plan_function *function, const gpuvm_pci_addr *held, const char *how,
       const gpuvm_claim *claim, bool starting, gpuvm_diags *diags)
{
    g_autofree char *what = g_strdup_printf("device %s%s", GPUVM_PCI(held), how ? how : "");

    if (starting && claim->active) {
        gpuvm_diag *diag =
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                              "%s is in use by domain '%s', which is running", what, claim->domain);
        gpuvm_diag_hint(diag, "stop it first: %s %s", claim->metadata ? "gpuvm stop" : "virsh shutdown",
                        claim->domain);
    } else if (!starting) {
        gpuvm_diags_note(diags, &function->mark,
                         "%s is also named by domain '%s'%s: the two cannot run together", what,
                         claim->domain, claim->active ? ", which is running" : "");
    }
}

void
gpuvm_claim_check(const GPtrArray *functions, const char *name, bool starting, const gpuvm_facts *facts,
                  gpuvm_diags *diags)
{
    for (guint c = 0; c < facts->claims->len; c++) {
        const gpuvm_claim *claim = facts->claims->pdata[c];
        g_autoptr(GPtrArray) said = g_ptr_array_new(); /* gpuvm_pci_addr, borrowed */

        if (g_str_equal(claim->domain, name))
            continue;
        for (guint i = 0; i < functions->len; i++) {
            const gpuvm_plan_function *function = functions->pdata[i];
            g_autofree char *how = NULL;
            const gpuvm_pci_addr *held = held_with(claim, function->device, &how);

            if (!held || said_of_card(said, held))
                continue;
            report(function, held, how, claim, starting, diags);
            g_ptr_array_add(said, (gpointer)held);
        }
    }
}
