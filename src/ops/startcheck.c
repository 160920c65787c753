/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/startcheck.h"

#include "core/cardid.h"
#include "core/judge.h"
#include "core/record.h"
#include "host/claims.h"
#include "host/pool.h"
#include "ops/lifecycle.h"

/* What the domain @now was called when @record was made, if no other one is called so. */
static char *
former_name(const gpuvm_session *session, const gpuvm_record *record, const char *now)
{
    g_autofree char *name = gpuvm_record_name(record);
    g_autoptr(gpuvm_domain) other = NULL;
    bool renamed = name && !g_str_equal(name, now);

    return renamed && gpuvm_domain_find(session->connection, name, &other, NULL) && !other
               ? g_steal_pointer(&name)
               : NULL;
}

bool
gpuvm_check_start(gpuvm_session *session, const gpuvm_claim *claim, const gpuvm_record *record,
                  gpuvm_guest *guest, bool quiet)
{
    g_autofree char *pool_path = NULL, *former = NULL;
    unsigned errors = session->diags->errors;
    guint said = session->diags->items->len;

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_functions(session, claim->next) ||
        !gpuvm_session_gather_guest(session, guest) ||
        (gpuvm_cardid_lost(record, session->facts) && !gpuvm_session_gather_all(session)) ||
        (claim->pins->len > 0 && !gpuvm_session_gather_claims(session)))
        return false;

    former = former_name(session, record, claim->domain);
    if (record->pool)
        pool_path = gpuvm_pool_path_of(session->connection, record->pool, NULL);
    gpuvm_judge_start(&(gpuvm_start_question){.claim = claim,
                                              .record = record,
                                              .pool_path = pool_path,
                                              .former_name = former,
                                              .guest = guest,
                                              .facts = session->facts,
                                              .policies = &session->policies},
                      session->diags);
    for (guint i = session->diags->items->len; quiet && i-- > said;) {
        if (((const gpuvm_diag *)session->diags->items->pdata[i])->severity != GPUVM_DIAG_ERROR)
            g_ptr_array_remove_index(session->diags->items, i);
    }
    return session->diags->errors == errors;
}

bool
gpuvm_check_draft(gpuvm_session *session, const gpuvm_draft *draft)
{
    GError *error = NULL;
    gpuvm_domain *running = draft->domain && draft->domain->active ? draft->domain : NULL;
    g_autofree char *live = running ? gpuvm_domain_xml(running, false, &error) : NULL;
    g_autoptr(gpuvm_claim) claim = error ? NULL : gpuvm_claim_parse(draft->xml, &error);
    g_autoptr(gpuvm_record) record = NULL;

    if (claim && (!live || gpuvm_claim_run(claim, live, &error)))
        record = gpuvm_record_parse(claim->metadata, &error);
    return record ? gpuvm_check_start(session, claim, record, draft->guest, true)
                  : gpuvm_session_fail(session, error);
}

bool
gpuvm_check_restart(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(session, name);
    g_autoptr(gpuvm_guest) guest = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;

    if (!instance || !gpuvm_instance_look(session, instance))
        return false;
    if (!instance->domain->persistent) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' has no definition to start it again with", name),
                        "gpuvm stop %s, then gpuvm run FILE", name);
        return false;
    }
    xml = gpuvm_domain_xml(instance->domain, true, &error);
    if (xml)
        guest = gpuvm_guest_parse(xml, &error);
    return guest ? gpuvm_check_start(session, instance->claim, instance->record, guest, true)
                 : gpuvm_session_fail(session, error);
}
