/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/inspect.h"

#include <string.h>

#include "core/admit.h"
#include "ops/draft.h"

const char *
gpuvm_inspect_unseen(gpuvm_session *session)
{
    return gpuvm_admit_unseen(session->facts, &session->policies, session->diags);
}

char *
gpuvm_inspect_why_not(gpuvm_session *session, const gpuvm_device *device)
{
    const gpuvm_admission admission = {
        .occasion = GPUVM_SHOW, .domain = "", .facts = session->facts, .policies = &session->policies};

    return gpuvm_admit_why_not(&admission, device);
}

/* What the domain @name runs with, or will; NULL: see the diagnostics. */
static xmlDoc *
read_domain(gpuvm_session *session, const char *name)
{
    GError *error = NULL;
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autofree char *xml = NULL;
    xmlDoc *doc = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    domain = gpuvm_domain_get(session->connection, name, &error);
    xml = domain ? gpuvm_domain_xml(domain, !domain->active, &error) : NULL;
    doc = xml ? gpuvm_xml_parse(xml, strlen(xml), name, &error) : NULL;
    if (!doc)
        gpuvm_session_fail(session, error);
    return doc;
}

/* What the one VM of @file would be defined as; NULL: see the diagnostics. */
static xmlDoc *
read_definition(gpuvm_session *session, char *file)
{
    g_autoptr(GPtrArray) drafts = gpuvm_plan_files(session, (char *[]){file, NULL});
    const char *xml;
    GError *error = NULL;
    xmlDoc *doc;

    if (!drafts || session->diags->errors > 0)
        return NULL;
    if (drafts->len != 1) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "topology shows one VM, and %s has %u",
                          file, drafts->len);
        return NULL;
    }
    xml = ((const gpuvm_draft *)drafts->pdata[0])->xml;
    doc = gpuvm_xml_parse(xml, strlen(xml), file, &error);
    if (!doc)
        gpuvm_session_fail(session, error);
    return doc;
}

gpuvm_branch *
gpuvm_inspect_topology(gpuvm_session *session, char *vm, bool file, bool all, gpuvm_branch **ret_guest)
{
    g_autoptr(xmlDoc) doc = !vm ? NULL : file ? read_definition(session, vm) : read_domain(session, vm);
    g_autoptr(gpuvm_branch) guest = NULL;
    GError *error = NULL;

    if ((vm && !doc) || !gpuvm_session_gather(session) || !gpuvm_session_gather_all(session))
        return NULL;
    if (doc && !(guest = gpuvm_topology_guest(xmlDocGetRootElement(doc), session->facts, &error))) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    *ret_guest = g_steal_pointer(&guest);
    return gpuvm_topology_host(session->facts, &session->policies, gpuvm_inspect_unseen(session),
                               *ret_guest ? (*ret_guest)->name : NULL, all);
}
