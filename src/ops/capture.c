/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/capture.h"

#include "host/hostxml.h"
#include "ops/load.h"
#include "ops/policy.h"

char *
gpuvm_capture_host(gpuvm_session *session, bool full)
{
    g_autoptr(gpuvm_source) policy = NULL;
    GError *error = NULL;
    bool whole, absent;
    char *text;

    if (!gpuvm_session_connect(session) || !gpuvm_session_gather(session) ||
        !gpuvm_session_gather_host(session, &whole))
        return NULL;
    if (session->connection->host_file) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "%s is a host file already",
                          session->connection->host_file);
        return NULL;
    }
    if (!whole) {
        gpuvm_diags_error(
            session->diags, GPUVM_EXIT_FAILED, NULL,
            "libvirt does not say all that a host file holds; gpuvm check shows what is unknown");
        return NULL;
    }
    if (session->connection->local) {
        policy = gpuvm_load_guarded(GPUVM_POLICY_FILE, GPUVM_GUARD_SYSTEM, &absent, session->diags);
        if (!policy && !absent)
            return NULL;
    }
    text = gpuvm_capture(session->connection, session->facts, policy ? policy->text : NULL, full, &error);
    if (!text)
        gpuvm_session_fail(session, error);
    return text;
}
