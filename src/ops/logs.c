/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/logs.h"

#include <string.h>

#include "base/xml.h"
#include "host/log.h"

void
gpuvm_logs_free(gpuvm_logs *logs)
{
    if (!logs)
        return;
    g_free(logs->log);
    g_free(logs->console);
    g_free(logs);
}

/* The file that a template has the console, or the serial port below it, written to. */
static char *
find_console(gpuvm_domain *domain, GError **error)
{
    g_autofree char *xml = gpuvm_domain_xml(domain, false, error);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "domain", error) : NULL;
    const xmlNode *devices = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "devices") : NULL;
    char *file = NULL;

    for (const xmlNode *node = devices ? devices->children : NULL; node && !file; node = node->next) {
        const xmlNode *log = gpuvm_xml_is(node, "console") || gpuvm_xml_is(node, "serial")
                                 ? gpuvm_xml_child(node, "log")
                                 : NULL;

        file = log ? gpuvm_xml_attr(log, "file") : NULL;
    }
    return file;
}

gpuvm_logs *
gpuvm_logs_find(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(gpuvm_logs) logs = g_new0(gpuvm_logs, 1);
    GError *error = NULL;

    if (!domain)
        return NULL;
    logs->log = gpuvm_log_path(session->connection->uri, name);
    if (!session->connection->local) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "the log of a VM is a file of its host, and %s is not this one",
                                          session->connection->uri),
                        "look there: sudo tail %s", logs->log);
        return NULL;
    }
    logs->console = find_console(domain, &error);
    if (error) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    return g_steal_pointer(&logs);
}
