/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/explained.h"

#include <string.h>

#include "core/domxml.h"
#include "core/drift.h"
#include "core/image.h"
#include "core/planner.h"
#include "core/record.h"
#include "ops/lifecycle.h"
#include "ops/load.h"

static void
free_explained(gpointer data)
{
    gpuvm_explained *explained = data;

    g_free(explained->name);
    g_free(explained->source);
    g_clear_pointer(&explained->elements, g_ptr_array_unref);
    xmlFreeDoc(explained->doc);
    g_clear_pointer(&explained->verdicts, g_ptr_array_unref);
    g_clear_pointer(&explained->subject, g_array_unref);
    g_free(explained->why);
    g_free(explained->file);
    g_free(explained);
}

/* Adds one to @all. */
static gpuvm_explained *
new_explained(GPtrArray *all, const char *name, const char *source)
{
    gpuvm_explained *explained = g_new0(gpuvm_explained, 1);

    explained->name = g_strdup(name);
    explained->source = g_strdup(source);
    g_ptr_array_add(all, explained);
    return explained;
}

static bool
gather_device(gpuvm_session *session, const gpuvm_pci_ref *ref)
{
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    g_array_append_val(addrs, ref->addr);
    return gpuvm_session_gather_functions(session, addrs);
}

/* One that the host does not have may be named all the same. */
static const gpuvm_passthrough *
find_item(const gpuvm_vm *vm, const gpuvm_pci_addr *addr)
{
    const GPtrArray *items = vm->body.devices->pci_passthrough;

    for (guint i = 0; i < items->len; i++) {
        const gpuvm_passthrough *item = items->pdata[i];

        if (item->address.whole_card ? gpuvm_pci_addr_same_slot(&item->address.addr, addr)
                                     : gpuvm_pci_addr_equal(&item->address.addr, addr))
            return item;
    }
    return NULL;
}

/* Whether @item, which the device at hand was named by, came to be another one, as gpuvm.lock has it. */
static bool
is_elsewhere(const gpuvm_plan *plan, const gpuvm_passthrough *item)
{
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (gpuvm_mark_equal(&function->mark, &item->object.node->mark))
            return true;
    }
    return false;
}

static void
judge_draft(gpuvm_session *session, const gpuvm_draft *draft, const gpuvm_pci_ref *ref,
            gpuvm_explained *explained)
{
    const gpuvm_plan *plan = draft->plan;
    const gpuvm_claim *claim = gpuvm_facts_claim(session->facts, plan->vm->name);
    bool running = draft->domain ? draft->domain->active : claim && claim->active;
    const gpuvm_admission admission =
        gpuvm_planner_admission(plan, running, session->facts, &session->policies);
    const gpuvm_plan_function *function;
    const gpuvm_passthrough *item = find_item(plan->vm, &ref->addr);
    gpuvm_mark mark = item ? item->object.node->mark : (gpuvm_mark){0};

    explained->subject = gpuvm_verdict_subject(session->facts, plan->functions, ref);
    explained->verdicts = gpuvm_verdicts(&admission, explained->subject);
    function = gpuvm_functions_find(plan->functions, &g_array_index(explained->subject, gpuvm_pci_addr, 0));
    if (gpuvm_functions_find(plan->functions, &ref->addr))
        function = gpuvm_functions_find(plan->functions, &ref->addr);
    if (function) {
        mark = function->mark;
        explained->why = g_strdup(function->why);
    }
    explained->named = function || (item && !is_elsewhere(plan, item));
    explained->running =
        claim && gpuvm_claim_has(claim, &g_array_index(explained->subject, gpuvm_pci_addr, 0));
    explained->file = mark.source ? g_strdup(mark.source->name) : NULL;
    explained->line = mark.line;
}

static void
explain_draft(gpuvm_session *session, const gpuvm_draft *draft, gpuvm_explained *explained)
{
    g_autoptr(gpuvm_source) template = draft->xml ? gpuvm_draft_template(session, draft) : NULL;

    if (!template)
        return;
    gpuvm_image_note_unknown(draft->plan, session->diags);
    explained->doc = gpuvm_domxml_template(draft->plan, template->text, template->name, NULL, session->diags);
    if (explained->doc)
        explained->elements = gpuvm_explain_plan(draft->plan, draft->definition->spec, explained->doc);
}

GPtrArray *
gpuvm_explain_file(gpuvm_session *session, char *file, const gpuvm_pci_ref *ref)
{
    char *paths[] = {file, NULL};
    g_autoptr(GPtrArray) drafts = gpuvm_plan_files(session, paths);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_explained);

    if (!drafts || (ref && !gather_device(session, ref)))
        return NULL;
    for (guint i = 0; i < drafts->len; i++) {
        const gpuvm_draft *draft = drafts->pdata[i];
        gpuvm_explained *explained =
            draft->plan ? new_explained(all, draft->plan->vm->name, draft->plan->source) : NULL;

        if (explained && ref)
            judge_draft(session, draft, ref, explained);
        else if (explained)
            explain_draft(session, draft, explained);
    }
    return g_steal_pointer(&all);
}

static bool
judge_instance(gpuvm_session *session, gpuvm_instance *instance, const gpuvm_pci_ref *ref,
               gpuvm_explained *explained)
{
    const GArray *next;
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    gpuvm_admission admission;

    if (!gpuvm_instance_look(session, instance) || !gpuvm_session_gather(session) ||
        !gather_device(session, ref) || !gpuvm_session_gather_functions(session, instance->claim->next))
        return false;
    next = instance->claim->next;
    admission = gpuvm_admit_of_start(session->facts, &session->policies, instance->claim, instance->record);
    admission.functions = functions;
    admission.absent = absent;
    gpuvm_admission_name_hostdevs(&admission, next);
    explained->starts = true;
    explained->subject = gpuvm_verdict_subject(session->facts, functions, ref);
    explained->verdicts = gpuvm_verdicts(&admission, explained->subject);
    for (guint i = 0; i < next->len; i++)
        explained->named |= gpuvm_pci_addr_equal(&g_array_index(next, gpuvm_pci_addr, i),
                                                 &g_array_index(explained->subject, gpuvm_pci_addr, 0));
    explained->running =
        gpuvm_claim_has(instance->claim, &g_array_index(explained->subject, gpuvm_pci_addr, 0));
    return true;
}

/* The template that @record's definition names, as it is now; NULL: none, or, which is a note, it cannot be read. */
static xmlDoc *
read_template(gpuvm_session *session, const gpuvm_record *record)
{
    g_autoptr(gpuvm_doc) doc = record->definition ? gpuvm_record_document(record->definition) : NULL;
    const gpuvm_node *file = doc ? gpuvm_node_get(doc->root, "template") : NULL;
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source =
        file && file->type == GPUVM_NODE_SCALAR ? gpuvm_load_source(file->text, found) : NULL;
    GError *error = NULL;
    xmlDoc *template = source ? gpuvm_xml_parse(source->text, source->size, source->name, &error) : NULL;

    if (error)
        gpuvm_diags_fail(found, NULL, error);
    if (found->errors > 0)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL, "%s",
                                         ((const gpuvm_diag *)found->items->pdata[0])->message),
                        "what is the template's is not told from what libvirt added");
    return template;
}

static bool
explain_instance(gpuvm_session *session, const gpuvm_instance *instance, gpuvm_explained *explained)
{
    GError *error = NULL;
    uint64_t version;
    g_autofree char *xml = gpuvm_domain_xml(instance->domain, true, &error);
    g_autoptr(xmlDoc) template = NULL;

    if (!xml || !gpuvm_connection_version(session->connection, &version, &error) ||
        !(explained->doc = gpuvm_xml_parse(xml, strlen(xml), instance->domain->name, &error)))
        return gpuvm_session_fail(session, error);
    template = read_template(session, instance->record);
    explained->elements = gpuvm_explain_domain(
        instance->record, gpuvm_drift_look(instance->record, xml, version), template, explained->doc);
    return true;
}

GPtrArray *
gpuvm_explain_vm(gpuvm_session *session, const char *name, const gpuvm_pci_ref *ref)
{
    g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(session, name);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_explained);
    gpuvm_explained *explained;
    bool done;

    if (!instance)
        return NULL;
    explained = new_explained(all, instance->domain->name, instance->record->source);
    done = ref ? judge_instance(session, instance, ref, explained)
               : explain_instance(session, instance, explained);
    return done ? g_steal_pointer(&all) : NULL;
}
