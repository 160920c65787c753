/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/check.h"

#include "host/observe.h"
#include "ops/hookfile.h"

/* Without libvirt there is still something to see, and that there is none is the first finding. */
static const gpuvm_diag *
do_without_libvirt(gpuvm_session *session)
{
    const gpuvm_diag *diag = g_ptr_array_index(session->diags->items, session->diags->items->len - 1);

    session->facts = gpuvm_facts_new();
    if (gpuvm_session_is_here(session)) {
        gpuvm_observe_files("", &session->facts->host);
        session->facts->host.hook = gpuvm_hook_look();
    }
    return diag;
}

/* A policy that is wrong is a finding here, and its errors are shown besides. */
static bool
gather(gpuvm_session *session)
{
    bool whole; /* what is not known is a finding */

    return (gpuvm_session_gather(session) || session->facts) && gpuvm_session_gather_all(session) &&
           gpuvm_session_gather_host(session, &whole);
}

void
gpuvm_check_judge(gpuvm_session *session, const GPtrArray *findings)
{
    unsigned failed = 0;

    for (guint i = 0; i < findings->len; i++)
        failed += ((const gpuvm_finding *)findings->pdata[i])->verdict == GPUVM_FAIL;
    if (failed > 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "%u of %u checks failed", failed,
                          findings->len);
}

GPtrArray *
gpuvm_check_host(gpuvm_session *session, GPtrArray **ret_summary)
{
    gpuvm_fitness_input input = {.policies = &session->policies};
    GPtrArray *findings;

    if (!session->host_file && !gpuvm_session_connect(session))
        input.no_libvirt = do_without_libvirt(session);
    else if (!gather(session))
        return NULL;
    input.facts = session->facts;
    findings = gpuvm_fitness_check(&input);
    *ret_summary = gpuvm_fitness_summary(findings);
    gpuvm_check_judge(session, *ret_summary);
    return findings;
}
