/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/lifecycle.h"

#include "core/recheck.h"
#include "core/record.h"
#include "host/claims.h"

gpuvm_domain *
gpuvm_find_managed(gpuvm_session *session, const char *name, gpuvm_record **ret_record)
{
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autofree char *metadata = NULL;
    gpuvm_record *record = NULL;
    GError *error = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    domain = gpuvm_domain_get(session->connection, name, &error);
    if (domain)
        metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, &error);
    if (metadata)
        record = gpuvm_record_parse(metadata, &error);
    if (error) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    if (!record) {
        gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                             "domain '%s' was not defined by gpuvm", name);
        gpuvm_diag_hint(diag, "use virsh, or take it over: gpuvm define --adopt FILE");
        return NULL;
    }
    *ret_record = record;
    return g_steal_pointer(&domain);
}

static void
listed_free(gpointer data)
{
    gpuvm_listed *listed = data;

    gpuvm_domain_free(listed->domain);
    gpuvm_record_free(listed->record);
    g_free(listed);
}

GPtrArray *
gpuvm_list_managed(gpuvm_session *session)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(listed_free);
    g_autoptr(GPtrArray) domains = NULL;
    GError *error = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    domains = gpuvm_domain_list(session->connection, &error);
    while (domains && domains->len > 0 && !error) {
        g_autoptr(gpuvm_domain) domain = g_ptr_array_steal_index(domains, 0);
        g_autofree char *metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, &error);
        gpuvm_record *record = metadata ? gpuvm_record_parse(metadata, &error) : NULL;

        if (record) {
            gpuvm_listed *listed = g_new0(gpuvm_listed, 1);

            listed->domain = g_steal_pointer(&domain);
            listed->record = record;
            g_ptr_array_add(list, listed);
        }
    }
    if (error) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    return g_steal_pointer(&list);
}

/* Which driver each function has now, as hints: after a failed start that is what the user must know. */
static void
hint_drivers(gpuvm_session *session, const GArray *hostdevs)
{
    g_autoptr(gpuvm_facts) now = gpuvm_facts_new();
    gpuvm_diag *diag = g_ptr_array_index(session->diags->items, session->diags->items->len - 1);

    for (guint i = 0; i < hostdevs->len && !session->connection->host_file; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(hostdevs, gpuvm_pci_addr, i);
        const gpuvm_device *device = NULL;

        if (gpuvm_connection_device(session->connection, addr, now, NULL))
            device = gpuvm_facts_device(now, addr);
        if (device)
            gpuvm_diag_hint(diag, "device %s is on driver %s now", GPUVM_PCI(addr),
                            device->driver ? device->driver : "none");
    }
}

static void
mark_active(gpuvm_facts *facts, const char *name)
{
    for (guint i = 0; i < facts->claims->len; i++) {
        gpuvm_claim *claim = facts->claims->pdata[i];

        if (g_str_equal(claim->domain, name))
            claim->active = true;
    }
}

/* Whether the domain may start with the devices it has now. */
static bool
check_again(gpuvm_session *session, const char *name, const gpuvm_record *record, const GArray *hostdevs)
{
    unsigned errors = session->diags->errors;

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_functions(session, hostdevs))
        return false;

    const gpuvm_recheck_input input = {.name = name,
                                       .record = record,
                                       .hostdevs = hostdevs,
                                       .facts = session->facts,
                                       .policies = session->policies,
                                       .n_policies = session->n_policies};
    gpuvm_recheck(&input, session->diags);
    return session->diags->errors == errors;
}

static bool
start_checked(gpuvm_session *session, gpuvm_domain *domain, const GArray *hostdevs)
{
    GError *error = NULL;

    if (!gpuvm_domain_start(domain, &error)) {
        gpuvm_session_fail(session, error);
        hint_drivers(session, hostdevs);
        return false;
    }
    mark_active(session->facts, domain->name);
    return true;
}

bool
gpuvm_start(gpuvm_session *session, const char *name, gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(gpuvm_claim) claim = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;

    if (!domain)
        return false;
    *ret_outcome = domain->active ? GPUVM_NOTHING_TO_DO : GPUVM_DONE;
    if (domain->active)
        return true;
    xml = gpuvm_domain_xml(domain, true, &error);
    if (xml)
        claim = gpuvm_claim_parse(xml, false, &error);
    if (!claim)
        return gpuvm_session_fail(session, error);
    return check_again(session, name, record, claim->devices) &&
           start_checked(session, domain, claim->devices);
}

bool
gpuvm_stop(gpuvm_session *session, const char *name, unsigned seconds, bool force, gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;
    bool stopped;

    if (!domain)
        return false;
    *ret_outcome = domain->active ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    if (!domain->active)
        return true;
    stopped = force ? gpuvm_domain_destroy(domain, &error) : gpuvm_domain_shutdown(domain, seconds, &error);
    return stopped || gpuvm_session_fail(session, error);
}

bool
gpuvm_undefine(gpuvm_session *session, const char *name, bool nvram)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;

    if (!domain)
        return false;
    if (domain->active) {
        gpuvm_diag *diag =
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "domain '%s' is running", name);
        gpuvm_diag_hint(diag, "stop it first: gpuvm stop %s", name);
        return false;
    }
    return gpuvm_domain_undefine(domain, nvram, &error) || gpuvm_session_fail(session, error);
}
