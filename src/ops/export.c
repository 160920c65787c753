/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/export.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "core/drift.h"
#include "core/record.h"
#include "core/sketch.h"
#include "doc/emit.h"
#include "model/spec.h"

/* A domain that is exported. */
typedef struct exported {
    gpuvm_domain *domain;
    char *xml;            /* persistent */
    gpuvm_record *record; /* NULL: gpuvm did not define it */
    GString *text;
} exported;

static void
exported_clear(exported *of)
{
    gpuvm_domain_free(of->domain);
    g_free(of->xml);
    gpuvm_record_free(of->record);
    g_string_free(of->text, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(exported, exported_clear)

static void G_GNUC_PRINTF(2, 3) comment(exported *of, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args), *safe = gpuvm_text_printable(line);
    va_end(args);
    g_string_append_printf(of->text, "# %s\n", safe);
}

/* What was applied. */
static void
write_applied(exported *of, const gpuvm_node *root, int drifted)
{
    g_autoptr(GPtrArray) hidden = gpuvm_spec_hidden(root);

    comment(of, "VM '%s' as it was defined%s%s", of->domain->name, of->record->source ? " from " : "",
            of->record->source ? of->record->source : "");
    if (drifted == 1)
        comment(of, "The domain was changed outside gpuvm since: define undoes that.");
    if (hidden->len > 0)
        comment(of, "Secrets are not kept; put these back before you define it again:");
    for (guint i = 0; i < hidden->len; i++)
        comment(of, "  %s", ((const gpuvm_hidden *)hidden->pdata[i])->path);
    g_autofree char *yaml = gpuvm_emit_yaml(root);
    g_string_append(of->text, yaml);
}

static bool
write_sketch(exported *of, GError **error)
{
    g_autoptr(xmlDoc) xml = gpuvm_xml_parse(of->xml, strlen(of->xml), "domain", error);
    g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(gpuvm_doc) doc = xml ? gpuvm_sketch_make(xmlDocGetRootElement(xml), unsaid) : NULL;

    if (!doc)
        return false;
    if (of->domain->autostart)
        gpuvm_doc_add(doc, doc->root, gpuvm_doc_scalar(doc, "autostart", &doc->root->mark),
                      gpuvm_doc_scalar(doc, "true", &doc->root->mark));
    gpuvm_schema_arrange(&gpuvm_vm_table, doc->root);
    comment(of, "Domain '%s', which %s, as far as a definition says it", of->domain->name,
            of->record ? "gpuvm 0.1 defined" : "gpuvm did not define");
    if (!of->record)
        comment(of, "gpuvm define --adopt takes it over.");
    if (unsaid->len > 0)
        comment(of, "Of what it has, a definition cannot say:");
    for (guint i = 0; i < unsaid->len; i++)
        comment(of, "  %s", (const char *)unsaid->pdata[i]);
    g_autofree char *yaml = gpuvm_emit_yaml(doc->root);
    g_string_append(of->text, yaml);
    return true;
}

static bool
read_domain(gpuvm_session *session, const char *name, exported *of, GError **error)
{
    g_autofree char *metadata = NULL;

    of->domain = gpuvm_domain_get(session->connection, name, error);
    of->xml = of->domain ? gpuvm_domain_xml(of->domain, true, error) : NULL;
    if (!of->xml)
        return false;
    metadata = gpuvm_domain_metadata(of->domain, GPUVM_METADATA_NS, error);
    if (!metadata)
        return !*error;
    of->record = gpuvm_record_parse(metadata, error);
    return of->record != NULL;
}

static bool
write_definition(gpuvm_session *session, exported *of, GError **error)
{
    const char *yaml = of->record ? of->record->definition : NULL;
    g_autoptr(gpuvm_source) source = gpuvm_source_new("the definition in the metadata",
                                                      g_strdup(yaml ? yaml : ""), yaml ? strlen(yaml) : 0);
    unsigned errors = session->diags->errors;
    g_autoptr(GPtrArray) docs = NULL;
    uint64_t version;

    if (!yaml)
        return write_sketch(of, error);
    if (!gpuvm_connection_version(session->connection, &version, error))
        return false;
    docs = gpuvm_doc_parse(source, session->diags);
    if (session->diags->errors == errors)
        write_applied(of, ((const gpuvm_doc *)docs->pdata[0])->root,
                      gpuvm_drift_look(of->record, of->xml, version));
    return session->diags->errors == errors;
}

char *
gpuvm_export(gpuvm_session *session, const char *name)
{
    g_auto(exported) of = {.text = g_string_new(NULL)};
    GError *error = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    if (read_domain(session, name, &of, &error) && write_definition(session, &of, &error))
        return g_strdup(of.text->str);
    if (error)
        gpuvm_session_fail(session, error);
    return NULL;
}
