/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/release.h"

#include "core/admit.h"

static void
driver_change_free(gpointer data)
{
    gpuvm_driver_change *change = data;

    g_free(change->before);
    g_free(change->after);
    g_free(change);
}

/* Adds to @all what became of @device, or says why it stays as it is. */
static void
release_one(gpuvm_session *session, const gpuvm_device *device, GPtrArray *all)
{
    g_autoptr(gpuvm_facts) now = gpuvm_facts_new();
    gpuvm_driver_change *change;
    const gpuvm_device *after = device;
    GError *error = NULL;

    if (!device->driver || gpuvm_driver_is_vfio(device->driver)) {
        if (!gpuvm_connection_reattach(session->connection, &device->addr, &error) ||
            !gpuvm_connection_device(session->connection, &device->addr, now, &error)) {
            gpuvm_session_fail(session, error);
            return;
        }
        after = gpuvm_facts_device(now, &device->addr);
    }
    change = g_new0(gpuvm_driver_change, 1);
    change->addr = device->addr;
    change->before = g_strdup(device->driver);
    change->after = after ? g_strdup(after->driver) : g_strdup(device->driver);
    g_ptr_array_add(all, change);
}

GPtrArray *
gpuvm_release(gpuvm_session *session, const gpuvm_pci_addr *addr)
{
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    GPtrArray *all;

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
    if (session->diags->errors > errors)
        return NULL;
    all = g_ptr_array_new_with_free_func(driver_change_free);
    for (guint i = 0; i < functions->len; i++)
        release_one(session, ((const gpuvm_plan_function *)functions->pdata[i])->device, all);
    return all;
}
