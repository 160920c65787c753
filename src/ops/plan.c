/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/plan.h"

#include <string.h>

#include "base/xml.h"
#include "core/domxml.h"
#include "core/planner.h"
#include "core/record.h"
#include "core/template.h"

void
gpuvm_planned_free(gpuvm_planned *planned)
{
    if (!planned)
        return;
    gpuvm_plan_free(planned->plan);
    gpuvm_loaded_free(planned->loaded);
    gpuvm_domain_free(planned->domain);
    gpuvm_record_free(planned->record);
    g_free(planned->before);
    g_free(planned->mac);
    g_free(planned->xml);
    g_free(planned);
}

/* Reads the VMs of all files; a kind that is not carried out yet is an error. */
static GPtrArray *
load_vms(gpuvm_session *session, char **paths)
{
    GPtrArray *vms = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_planned_free);
    g_autoptr(GPtrArray) files = gpuvm_load_files(paths, session->diags);

    for (guint f = 0; f < files->len; f++) {
        g_autoptr(GPtrArray) loaded = gpuvm_load_file(files->pdata[f], NULL, session->diags);

        while (loaded->len > 0) {
            gpuvm_loaded *item = g_ptr_array_steal_index(loaded, 0);
            gpuvm_planned *planned = g_new0(gpuvm_planned, 1);

            planned->loaded = item;
            g_ptr_array_add(vms, planned);
            if (item->spec->kind != GPUVM_KIND_VM) {
                const char *kind = gpuvm_kind_names[item->spec->kind];
                gpuvm_diag *diag = gpuvm_diags_error(
                    session->diags, GPUVM_EXIT_USAGE, &item->spec->doc->root->mark,
                    "%s '%s' is not carried out by this version of gpuvm", kind, gpuvm_spec_name(item->spec));
                gpuvm_diag_hint(diag, item->spec->kind == GPUVM_KIND_POLICY
                                          ? "a policy is given with --policy FILE"
                                          : "gpuvm validate checks it");
            }
        }
    }
    return vms;
}

static char *
first_mac(const char *xml)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    const xmlNode *devices = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "devices") : NULL;

    return gpuvm_xml_attr(gpuvm_xml_child(gpuvm_xml_child(devices, "interface"), "mac"), "address");
}

/* What libvirt has under the VM's name. */
static bool
look_up_domain(gpuvm_session *session, gpuvm_planned *planned)
{
    g_autofree char *metadata = NULL;
    GError *error = NULL;

    if (!session->connection)
        return true;
    if (!gpuvm_domain_find(session->connection, planned->loaded->spec->vm->name, &planned->domain, &error))
        return gpuvm_session_fail(session, error);
    if (!planned->domain)
        return true;
    planned->before = gpuvm_domain_xml(planned->domain, true, &error);
    if (!error)
        metadata = gpuvm_domain_metadata(planned->domain, GPUVM_METADATA_NS, &error);
    if (error)
        return gpuvm_session_fail(session, error);
    planned->mac = first_mac(planned->before);
    planned->managed = metadata != NULL;
    if (metadata) /* defining again mends a damaged one */
        planned->record = gpuvm_record_parse(metadata, NULL);
    return true;
}

static void
make_xml(gpuvm_session *session, gpuvm_planned *planned)
{
    const gpuvm_body *body = &planned->loaded->spec->vm->body;
    g_autoptr(gpuvm_source) source = NULL;
    GError *error = NULL;

    if (body->template_path) {
        g_autofree char *path = g_canonicalize_filename(body->template_path, planned->loaded->directory);

        source = gpuvm_load_source(path, session->diags);
        if (!source)
            return;
    }
    planned->xml = gpuvm_domxml_make(planned->plan, source ? source->text : gpuvm_template_domain,
                                     source ? source->name : "templates/domain.xml", &error);
    if (error)
        gpuvm_session_fail(session, error);
}

/* From now on the VM's devices are named by a domain, as far as the VMs that follow go. */
static void
claim_devices(gpuvm_facts *facts, const gpuvm_plan *plan)
{
    gpuvm_claim *claim = NULL;

    for (guint i = 0; i < facts->claims->len && !claim; i++) {
        gpuvm_claim *each = facts->claims->pdata[i];
        claim = g_str_equal(each->domain, plan->vm->name) ? each : NULL;
    }
    if (!claim) {
        claim = gpuvm_claim_new(plan->vm->name, NULL, false);
        g_ptr_array_add(facts->claims, claim);
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        g_array_append_val(claim->devices, function->device->addr);
    }
}

static bool
plan_one(gpuvm_session *session, gpuvm_planned *planned)
{
    const gpuvm_vm *vm = planned->loaded->spec->vm;
    unsigned errors = session->diags->errors;

    if (!gpuvm_session_gather_vm(session, vm) || !look_up_domain(session, planned))
        return false;

    const gpuvm_plan_input input = {
        .vm = vm,
        .source = planned->loaded->source,
        .directory = planned->loaded->directory,
        .facts = session->facts,
        .policies = session->policies,
        .n_policies = session->n_policies,
        .uuid = planned->domain ? planned->domain->uuid : NULL,
        .mac = planned->mac,
        .record = planned->record,
    };
    planned->plan = gpuvm_planner_make(&input, session->diags);
    claim_devices(session->facts, planned->plan);
    if (session->diags->errors == errors)
        make_xml(session, planned);
    return true;
}

static int
compare_planned(gconstpointer a, gconstpointer b)
{
    const gpuvm_vm *x = (*(const gpuvm_planned *const *)a)->loaded->spec->vm;
    const gpuvm_vm *y = (*(const gpuvm_planned *const *)b)->loaded->spec->vm;
    bool x_chooses = x->body.devices->gpus->len > 0, y_chooses = y->body.devices->gpus->len > 0;

    return x_chooses != y_chooses ? (int)x_chooses - (int)y_chooses : strcmp(x->name, y->name);
}

/* The VMs among @all in the order they are planned; a second one of the same name is an error and left out.
 */
static GPtrArray *
planning_order(gpuvm_session *session, const GPtrArray *all)
{
    GPtrArray *order = g_ptr_array_new();
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < all->len; i++) {
        gpuvm_planned *planned = all->pdata[i];
        const gpuvm_spec *spec = planned->loaded->spec;
        const gpuvm_planned *first;

        if (spec->kind != GPUVM_KIND_VM)
            continue;
        first = g_hash_table_lookup(names, spec->vm->name);
        if (first) {
            gpuvm_mark mark = gpuvm_object_mark(&spec->vm->body.object, "name");
            gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, &mark,
                                                 "VM '%s' is defined twice", spec->vm->name);
            gpuvm_diag_hint(diag, "first in %s", first->loaded->source);
            continue;
        }
        g_hash_table_insert(names, spec->vm->name, planned);
        g_ptr_array_add(order, planned);
    }
    g_ptr_array_sort(order, compare_planned);
    return order;
}

GPtrArray *
gpuvm_plan_files(gpuvm_session *session, char **paths)
{
    g_autoptr(GPtrArray) all = load_vms(session, paths);
    g_autoptr(GPtrArray) order = planning_order(session, all);

    if (order->len == 0 || !gpuvm_session_gather(session))
        return NULL;
    for (guint i = 0; i < order->len; i++) {
        if (!plan_one(session, order->pdata[i]))
            return NULL;
    }
    return g_steal_pointer(&all);
}
