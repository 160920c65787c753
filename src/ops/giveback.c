/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/giveback.h"

#include "host/state.h"
#include "host/sysfs.h"

gpuvm_giveback *
gpuvm_giveback_expect(const gpuvm_session *session, gpuvm_domain *domain)
{
    g_autoptr(xmlDoc) definition = NULL, live = NULL;
    g_autoptr(gpuvm_claim) claim = session->connection->local && domain->active
                                       ? gpuvm_domain_claim(domain, &definition, &live, NULL)
                                       : NULL;
    gpuvm_giveback *due;

    if (!claim)
        return NULL;
    due = g_new0(gpuvm_giveback, 1);
    due->domain = g_strdup(domain->name);
    due->had = g_array_ref(claim->now);
    due->taken = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    if (!gpuvm_state_taken("", domain->name, due->taken))
        g_clear_pointer(&due->taken, g_array_unref);
    return due;
}

void
gpuvm_giveback_free(gpuvm_giveback *due)
{
    if (!due)
        return;
    g_free(due->domain);
    g_array_unref(due->had);
    g_clear_pointer(&due->taken, g_array_unref);
    g_free(due);
}

static bool
was_taken(const gpuvm_giveback *due, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; due->taken && i < due->taken->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(due->taken, gpuvm_pci_addr, i), addr))
            return true;
    }
    return false;
}

static void
check_driver(gpuvm_session *session, const gpuvm_giveback *due, const gpuvm_device *device)
{
    const char *address = GPUVM_PCI(&device->addr);
    g_autofree char *module = device->driver ? NULL : gpuvm_sysfs_module("", &device->addr);

    if (gpuvm_driver_is_vfio(device->driver) && was_taken(due, &device->addr))
        gpuvm_diag_hint(gpuvm_diags_warning(session->diags, NULL,
                                            "device %s is still on %s, though domain '%s' is off", address,
                                            device->driver, due->domain),
                        "to give it back: gpuvm release %s", address);
    else if (gpuvm_driver_is_vfio(device->driver) && !due->taken && gpuvm_sysfs_lent("", &device->addr))
        gpuvm_diag_hint(
            gpuvm_diags_warning(session->diags, NULL, "device %s is on %s, though domain '%s' is off",
                                address, device->driver, due->domain),
            "unless it was before the domain started, which only root can see, give it back: gpuvm release %s",
            address);
    else if (module)
        gpuvm_diag_hint(
            gpuvm_diags_warning(session->diags, NULL,
                                "device %s has no driver now that domain '%s' is off: %s did not take it",
                                address, due->domain, module),
            "sudo dmesg may say why; to try again: gpuvm release %s", address);
}

void
gpuvm_giveback_check(gpuvm_session *session, const gpuvm_giveback *due)
{
    const gpuvm_pci_addr *said = NULL; /* of a card that does not answer */

    for (guint i = 0; due && i < due->had->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(due->had, gpuvm_pci_addr, i);
        g_autoptr(gpuvm_device) device = gpuvm_sysfs_device("", addr);

        if (device && !device->silent)
            check_driver(session, due, device);
        if (!device || !device->silent || (said && gpuvm_pci_addr_same_slot(said, addr)))
            continue;
        gpuvm_diag_hint(gpuvm_diags_warning(session->diags, NULL,
                                            "device %s does not answer now that domain '%s' is off",
                                            GPUVM_PCI(addr), due->domain),
                        "to reset it: gpuvm release %s", GPUVM_PCI(addr));
        said = addr;
    }
}
