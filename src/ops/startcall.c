/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/startcall.h"

/*
 * Others ask on the session's connection meanwhile: the call has one of its own, except in libvirt's test driver, where each has other
 * domains.
 */
gpuvm_startcall *
gpuvm_startcall_start(const gpuvm_session *session, gpuvm_domain *domain)
{
    gpuvm_startcall *call = g_new0(gpuvm_startcall, 1);

    call->domain = session->connection->test ? NULL : gpuvm_domain_apart(domain);
    if (call->domain)
        gpuvm_domain_free(domain);
    else
        call->domain = domain;
    return call;
}

gpuvm_startcall *
gpuvm_startcall_create(const gpuvm_session *session, const char *xml)
{
    gpuvm_startcall *call = g_new0(gpuvm_startcall, 1);

    call->xml = g_strdup(xml);
    call->connection =
        session->connection->test ? NULL : gpuvm_connection_open(session->connection->uri, NULL);
    call->apart = call->connection != NULL;
    if (!call->apart)
        call->connection = session->connection;
    return call;
}

void
gpuvm_startcall_make(gpointer data)
{
    gpuvm_startcall *call = data;

    if (call->xml)
        call->domain = gpuvm_domain_create(call->connection, call->xml, &call->error);
    call->started = call->xml ? call->domain != NULL : gpuvm_domain_start(call->domain, &call->error);
}

void
gpuvm_startcall_free(gpointer data)
{
    gpuvm_startcall *call = data;

    g_clear_error(&call->error);
    gpuvm_domain_free(call->domain);
    if (call->apart)
        gpuvm_connection_close(call->connection);
    g_free(call->xml);
    g_free(call);
}
