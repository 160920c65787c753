/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/fitness.h"

#include "host/observe.h"

/* A policy that is wrong is a finding here, and its errors are shown besides. */
static bool
gather(gpuvm_session *session)
{
    return (gpuvm_session_gather(session) || session->facts) && gpuvm_session_gather_all(session);
}

GPtrArray *
gpuvm_check_host(gpuvm_session *session)
{
    g_autoptr(gpuvm_observations) seen = gpuvm_observations_new();
    GPtrArray *findings;
    unsigned failed = 0;

    if (!gather(session))
        return NULL;
    if (session->connection)
        gpuvm_observe_libvirt(session->connection, seen);
    if (session->connection && session->connection->local)
        gpuvm_observe_files("", seen);

    const gpuvm_fitness_input input = {.seen = seen,
                                       .facts = session->facts,
                                       .policies = session->policies,
                                       .n_policies = session->n_policies};
    findings = gpuvm_fitness_check(&input);
    for (guint i = 0; i < findings->len; i++)
        failed += ((const gpuvm_finding *)findings->pdata[i])->verdict == GPUVM_FAIL;
    if (failed > 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "%u of %u checks failed", failed,
                          findings->len);
    return findings;
}
