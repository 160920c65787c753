/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/release.h"

#include "core/admit.h"
#include "host/sysfs.h"
#include "ops/revive.h"

static void
driver_change_free(gpointer data)
{
    gpuvm_driver_change *change = data;

    g_free(change->before);
    g_free(change->after);
    g_free(change);
}

/* Fills in what @change comes to; false: see the diagnostics, it is as it was. */
static bool
release_one(gpuvm_session *session, gpuvm_driver_change *change)
{
    g_autofree char *driver =
        session->connection->local ? gpuvm_sysfs_driver("", &change->addr) : g_strdup(change->before);
    g_autoptr(gpuvm_facts) now = gpuvm_facts_new();
    const gpuvm_device *after = NULL;
    GError *error = NULL;

    if (!driver || gpuvm_driver_is_vfio(driver)) {
        if (!gpuvm_connection_reattach(session->connection, &change->addr, &error) ||
            !gpuvm_connection_device(session->connection, &change->addr, now, &error))
            return gpuvm_session_fail(session, error);
        after = gpuvm_facts_device(now, &change->addr);
    }
    change->after = g_strdup(after ? after->driver : driver);
    return true;
}

/* The functions of the card at @addr, when the host may have them back; NULL: see the diagnostics. */
static GPtrArray *
find_functions(gpuvm_session *session, const gpuvm_pci_addr *addr)
{
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));

    g_array_append_vals(addrs, addr, 1);
    if (!gpuvm_session_connect(session) || !gpuvm_session_gather(session) ||
        !gpuvm_session_gather_functions(session, addrs))
        return NULL;
    const gpuvm_admission admission = {.occasion = GPUVM_RELEASE,
                                       .domain = "",
                                       .facts = session->facts,
                                       .policies = &session->policies,
                                       .functions = functions,
                                       .absent = absent,
                                       .diags = session->diags};
    unsigned errors = session->diags->errors;

    const gpuvm_device *device = gpuvm_facts_device(session->facts, addr);

    if (device && !device->virtual_function) /* which stands alone */
        gpuvm_admission_name_card(&admission, addr, &(gpuvm_mark){0}, NULL);
    else
        gpuvm_admission_name(&admission, addr, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    gpuvm_admit(&admission);
    return session->diags->errors > errors ? NULL : g_steal_pointer(&functions);
}

/* The same, of how it is now. */
static bool
is_free(gpuvm_session *session, const gpuvm_pci_addr *addr)
{
    g_autoptr(GPtrArray) functions = NULL;

    gpuvm_session_forget(session);
    functions = find_functions(session, addr);
    return functions != NULL;
}

GPtrArray *
gpuvm_release(gpuvm_session *session, const gpuvm_pci_addr *addr)
{
    g_autoptr(GPtrArray) functions = find_functions(session, addr);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(driver_change_free);
    guint i = 0;

    if (!functions)
        return NULL;
    for (guint f = 0; f < functions->len; f++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)functions->pdata[f])->device;
        gpuvm_driver_change *change = g_new0(gpuvm_driver_change, 1);

        change->addr = device->addr;
        change->before = g_strdup(device->driver);
        g_ptr_array_add(all, change);
    }
    if (gpuvm_revive_is_needed(session, functions) && !gpuvm_revive(session, functions, is_free))
        return NULL;
    while (i < all->len) {
        if (release_one(session, all->pdata[i]))
            i++;
        else
            g_ptr_array_remove_index(all, i);
    }
    return g_steal_pointer(&all);
}
