/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/claim.h"

static bool
holds(const gpuvm_claim *claim, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < claim->devices->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(claim->devices, gpuvm_pci_addr, i), addr))
            return true;
    }
    return false;
}

/* The member of @device's group that @claim holds, the device itself first; NULL. */
static const gpuvm_pci_addr *
held_of_group(const gpuvm_claim *claim, const gpuvm_device *device)
{
    if (holds(claim, &device->addr))
        return &device->addr;
    for (guint m = 0; m < device->group_members->len; m++) {
        const gpuvm_pci_addr *member = &g_array_index(device->group_members, gpuvm_pci_addr, m);

        if (holds(claim, member))
            return member;
    }
    return NULL;
}

static void
report(const gpuvm_plan_function *function, const gpuvm_pci_addr *held, const gpuvm_claim *claim,
       bool starting, gpuvm_diags *diags)
{
    const gpuvm_device *device = function->device;
    bool itself = gpuvm_pci_addr_equal(held, &device->addr);
    g_autofree char *what = itself ? g_strdup_printf("device %s", GPUVM_PCI(&device->addr))
                                   : g_strdup_printf("device %s, in IOMMU group %d with %s,", GPUVM_PCI(held),
                                                     device->iommu_group, GPUVM_PCI(&device->addr));

    if (starting && claim->active) {
        gpuvm_diag *diag =
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                              "%s is in use by domain '%s', which is running", what, claim->domain);
        gpuvm_diag_hint(diag, "stop it first: gpuvm stop %s", claim->domain);
    } else {
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
        const gpuvm_pci_addr *said = NULL; /* a card's further functions say nothing new */

        if (g_str_equal(claim->domain, name))
            continue;
        for (guint i = 0; i < functions->len; i++) {
            const gpuvm_plan_function *function = functions->pdata[i];
            const gpuvm_pci_addr *held = held_of_group(claim, function->device);

            if (!held || (said && gpuvm_pci_addr_same_slot(said, held)))
                continue;
            report(function, held, claim, starting, diags);
            said = held;
        }
    }
}
