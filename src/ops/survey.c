/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/survey.h"

#include "host/address.h"

static bool
add_devices(gpuvm_connection *connection, const GArray *addrs, gpuvm_facts *facts, GError **error)
{
    for (guint i = 0; i < addrs->len; i++) {
        if (!gpuvm_connection_device(connection, &g_array_index(addrs, gpuvm_pci_addr, i), facts, error))
            return false;
    }
    return true;
}

gpuvm_facts *
gpuvm_survey_devices(gpuvm_session *session, const GPtrArray *instances)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    GError *error = NULL;

    for (guint i = 0; i < instances->len; i++) {
        const gpuvm_instance *instance = instances->pdata[i];
        const gpuvm_claim *claim = instance->claim;

        if (!add_devices(session->connection, claim->active ? claim->now : claim->next, facts, &error)) {
            gpuvm_session_fail(session, error);
            return NULL;
        }
    }
    return g_steal_pointer(&facts);
}

GPtrArray *
gpuvm_survey_addresses(gpuvm_session *session, const gpuvm_instance *instance)
{
    bool asks = instance->domain->active && instance->hardware->nics->len > 0;
    const char *root = session->connection->local ? "" : NULL;
    g_autoptr(GPtrArray) addresses = NULL;

    for (gpuvm_address_source source = GPUVM_ADDRESS_LEASES; asks && source < GPUVM_ADDRESS_AGENT; source++) {
        addresses = gpuvm_address_list(instance->domain, source, root, false, NULL);
        if (addresses && addresses->len > 0)
            return g_steal_pointer(&addresses);
        g_clear_pointer(&addresses, g_ptr_array_unref);
    }
    return g_ptr_array_new_with_free_func(g_free);
}
