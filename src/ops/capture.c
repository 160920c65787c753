/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/capture.h"

#include "core/secret.h"
#include "doc/emit.h"
#include "host/hostxml.h"
#include "ops/defaults.h"
#include "ops/load.h"
#include "ops/policy.h"

/* Puts the host's policy and its defaults, which are complete in themselves then, into the facts. */
static bool
add_files(gpuvm_session *session)
{
    g_autoptr(gpuvm_source) policy = NULL;
    bool absent;

    if (!session->connection->local)
        return true;
    policy = gpuvm_load_guarded(GPUVM_POLICY_FILE, GPUVM_GUARD_SYSTEM, &absent, session->diags);
    if ((!policy && !absent) || !gpuvm_defaults_read(session))
        return false;
    if (policy)
        session->facts->policy = g_strdup(policy->text);
    if (session->defaults) {
        g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(&gpuvm_defaults_table, session->defaults->doc, NULL);

        gpuvm_schema_arrange(&gpuvm_defaults_table, shown->root);
        session->facts->defaults = gpuvm_emit_yaml(shown->root);
    }
    return true;
}

char *
gpuvm_capture_host(gpuvm_session *session, bool full)
{
    g_autofree char *file = gpuvm_session_file(session);
    GError *error = NULL;
    bool whole;
    char *text;

    if (file) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "%s is a host file already", file);
        return NULL;
    }
    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_host(session, &whole))
        return NULL;
    if (!whole) {
        gpuvm_diags_error(
            session->diags, GPUVM_EXIT_FAILED, NULL,
            "libvirt does not say all that a host file holds; gpuvm check shows what is unknown");
        return NULL;
    }
    if (!add_files(session))
        return NULL;
    if (!gpuvm_connection_free_pages(session->connection, session->facts, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    text = gpuvm_capture(session->connection, session->facts, full, &error);
    if (!text)
        gpuvm_session_fail(session, error);
    return text;
}
