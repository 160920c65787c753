/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/release.h"

#include "core/claim.h"
#include "core/group.h"

static void
driver_change_free(gpointer data)
{
    gpuvm_driver_change *change = data;

    g_free(change->before);
    g_free(change->after);
    g_free(change);
}

/* Whether no running domain has any of @functions, or what they share a group with. */
static bool
is_free(gpuvm_session *session, const GPtrArray *functions)
{
    unsigned errors = session->diags->errors;

    gpuvm_claim_check(functions, "", true, session->facts, session->diags);
    for (guint i = 0; session->diags->errors == errors && i < functions->len; i++) {
        const gpuvm_pci_addr *addr = &((const gpuvm_plan_function *)functions->pdata[i])->device->addr;
        const GPtrArray *uses = gpuvm_facts_uses(session->facts, addr);

        for (guint u = 0; uses && u < uses->len; u++) {
            const gpuvm_use *use = uses->pdata[u];
            if (use->kind == GPUVM_USE_HOLDER)
                gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "device %s %s", GPUVM_PCI(addr),
                                  use->what);
        }
    }
    return session->diags->errors == errors;
}

static gpuvm_driver_change *
release_one(gpuvm_session *session, const gpuvm_device *device)
{
    g_autoptr(gpuvm_facts) now = gpuvm_facts_new();
    gpuvm_driver_change *change = g_new0(gpuvm_driver_change, 1);
    const gpuvm_device *after = device;
    GError *error = NULL;

    if (!device->driver || g_str_equal(device->driver, "vfio-pci")) {
        if (!gpuvm_connection_reattach(session->connection, &device->addr, &error) ||
            !gpuvm_connection_device(session->connection, &device->addr, now, &error))
            gpuvm_session_fail(session, error);
        after = gpuvm_facts_device(now, &device->addr);
    }
    change->addr = device->addr;
    change->before = g_strdup(device->driver);
    change->after = after ? g_strdup(after->driver) : g_strdup(device->driver);
    return change;
}

GPtrArray *
gpuvm_release(gpuvm_session *session, const gpuvm_pci_addr *addr)
{
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_autoptr(GPtrArray) functions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_plan_function_free);
    GPtrArray *all;

    g_array_append_vals(addrs, addr, 1);
    if (!gpuvm_session_connect(session) || !gpuvm_session_gather(session) ||
        !gpuvm_session_gather_functions(session, addrs))
        return NULL;
    g_autoptr(GPtrArray) slot = gpuvm_facts_slot(session->facts, addr);
    if (slot->len == 0) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "PCI device not found: %s", GPUVM_PCI(addr));
        return NULL;
    }
    for (guint i = slot->len; i-- > 0;) { /* a virtual function stands alone */
        const gpuvm_device *device = slot->pdata[i];
        if (device->virtual_function && !gpuvm_pci_addr_equal(&device->addr, addr))
            g_ptr_array_remove_index(slot, i);
    }
    for (guint i = 0; i < slot->len; i++)
        gpuvm_group_take(functions, slot->pdata[i], GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    if (!is_free(session, functions))
        return NULL;
    all = g_ptr_array_new_with_free_func(driver_change_free);
    for (guint i = 0; i < slot->len; i++)
        g_ptr_array_add(all, release_one(session, slot->pdata[i]));
    return all;
}
