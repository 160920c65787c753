/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/draft.h"

#include <string.h>

#include "base/xml.h"
#include "core/domxml.h"
#include "core/guestcheck.h"
#include "core/image.h"
#include "core/planner.h"
#include "core/record.h"
#include "core/replicas.h"
#include "core/template.h"
#include "host/claims.h"
#include "host/volume.h"
#include "model/tables.h"
#include "ops/cardfile.h"
#include "ops/compose.h"
#include "ops/fleet.h"

bool
gpuvm_draft_reset(gpuvm_draft *draft)
{
    bool planned = draft->plan != NULL;

    g_clear_pointer(&draft->plan, gpuvm_plan_free);
    g_clear_pointer(&draft->domain, gpuvm_domain_free);
    g_clear_pointer(&draft->record, gpuvm_record_free);
    g_clear_pointer(&draft->before, g_free);
    g_clear_pointer(&draft->mac, g_free);
    g_clear_pointer(&draft->guest, gpuvm_guest_free);
    g_clear_pointer(&draft->xml, g_free);
    return planned;
}

void
gpuvm_draft_free(gpuvm_draft *draft)
{
    if (!draft)
        return;
    gpuvm_draft_reset(draft);
    gpuvm_definition_free(draft->definition);
    g_ptr_array_unref(draft->bases);
    g_ptr_array_unref(draft->made);
    g_free(draft);
}

/* What is kept of the domain that is defined under the VM's name. */
static bool
read_before(gpuvm_draft *draft, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(draft->before, strlen(draft->before), "domain", error);
    g_autoptr(gpuvm_claim) claim = doc ? gpuvm_claim_from_element(xmlDocGetRootElement(doc), error) : NULL;

    if (!claim)
        return false;
    const xmlNode *devices = gpuvm_xml_child(xmlDocGetRootElement(doc), "devices");
    draft->mac = gpuvm_xml_attr(gpuvm_xml_child(gpuvm_xml_child(devices, "interface"), "mac"), "address");
    draft->managed = claim->metadata != NULL;
    if (claim->metadata && !draft->record) /* claims are gathered, and kept, where there are devices only */
        draft->record = gpuvm_record_parse(claim->metadata, NULL);
    return true;
}

/* What libvirt has under the VM's name. */
static bool
look_up_domain(gpuvm_session *session, gpuvm_draft *draft)
{
    const char *name = draft->definition->spec->vm->name;
    const gpuvm_claim *claim = gpuvm_facts_claim(session->facts, name);
    GError *error = NULL;

    if (claim && claim->metadata) /* defining again repairs a damaged record */
        draft->record = gpuvm_record_parse(claim->metadata, NULL);
    if (!session->connection)
        return true;
    if (gpuvm_domain_find(session->connection, name, &draft->domain, &error) && draft->domain)
        draft->before = gpuvm_domain_xml(draft->domain, true, &error);
    if (draft->before)
        read_before(draft, &error);
    return !error || gpuvm_session_fail(session, error);
}

gpuvm_source *
gpuvm_draft_template(gpuvm_session *session, const gpuvm_draft *draft)
{
    const char *file = draft->definition->spec->vm->body.template_path;
    g_autofree char *path = file ? g_canonicalize_filename(file, draft->definition->directory) : NULL;

    return path ? gpuvm_load_source(path, session->diags)
                : gpuvm_source_new("templates/domain.xml", g_strdup(gpuvm_template_domain),
                                   strlen(gpuvm_template_domain));
}

void
gpuvm_draft_make_xml(gpuvm_session *session, gpuvm_draft *draft)
{
    const gpuvm_body *body = &draft->definition->spec->vm->body;
    gpuvm_mark mark = gpuvm_object_mark(&body->object, "template");
    g_autoptr(gpuvm_source) source = gpuvm_draft_template(session, draft);

    if (!source)
        return;
    g_clear_pointer(&draft->guest, gpuvm_guest_free);
    g_clear_pointer(&draft->xml, g_free);
    draft->xml =
        gpuvm_domxml_make(draft->plan, source->text, body->template_path ? body->template_path : source->name,
                          &mark, session->diags);
}

/* Each of its CPUs that has one of the host's for itself. */
static void
claim_pins(gpuvm_claim *claim, const gpuvm_placement *place)
{
    g_array_set_size(claim->pins, 0);
    for (guint i = 0; place->cpus && i < place->cpus->len; i++) {
        if (place->emulator)
            g_array_append_val(claim->pins, g_array_index(place->cpus, int, i));
    }
}

/*
 * From now on the VM's devices are named by a domain, as far as the VMs that follow go, and no longer those that it named; so
 * it is with the CPUs that it has for itself.
 */
static void
claim_devices(gpuvm_facts *facts, const gpuvm_plan *plan)
{
    gpuvm_claim *claim = gpuvm_facts_take_claim(facts, plan->vm->name);

    if (!claim)
        claim = gpuvm_claim_new(plan->vm->name, NULL);
    claim->deployment = plan->deployed ? g_strdup(plan->deployed->name) : NULL;
    g_array_set_size(claim->next, 0);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        gpuvm_pci_addrs_add(claim->next, &function->device->addr);
    }
    claim_pins(claim, &plan->place);
    gpuvm_facts_add_claim(facts, claim);
}

/*
 * What is wrong with the words of a plugin or of the host's defaults, of the diagnostics from @from on, may be wrong for one
 * VM alone: says which.
 */
static void
name_vm(const gpuvm_session *session, guint from, const gpuvm_spec *spec)
{
    const gpuvm_spec *plugin = spec->base, *defaults = spec->host_defaults;
    const gpuvm_deployed *of = spec->deployed;
    const char *what = of ? "deployment" : "VM", *name = of ? of->name : spec->vm->name;

    for (guint i = from; i < session->diags->items->len; i++) {
        gpuvm_diag *diag = session->diags->items->pdata[i];

        if (diag->severity != GPUVM_DIAG_ERROR)
            continue;
        if (plugin && diag->mark.source == plugin->doc->source)
            gpuvm_diag_hint(diag, "so it is for %s '%s', with plugin '%s'", what, name, plugin->plugin->name);
        else if (defaults && diag->mark.source == defaults->doc->source)
            gpuvm_diag_hint(diag, "so it is for %s '%s'", what, name);
    }
}

/* What the domain's XML names besides PCI devices. */
static bool
check_guest(gpuvm_session *session, gpuvm_draft *draft)
{
    GError *error = NULL;

    draft->guest = gpuvm_guest_of_plan(draft->plan, draft->xml, &error);
    if (!draft->guest)
        return gpuvm_session_fail(session, error);
    if (!gpuvm_session_gather_guest(session, draft->guest))
        return false;
    gpuvm_guest_check(&(gpuvm_guest_question){.occasion = GPUVM_PLAN,
                                              .guest = draft->guest,
                                              .domain = draft->plan->vm->name,
                                              .functions = draft->plan->functions,
                                              .body = &draft->plan->vm->body,
                                              .facts = session->facts,
                                              .policies = &session->policies,
                                              .diags = session->diags});
    return true;
}

bool
gpuvm_draft_plan(gpuvm_session *session, gpuvm_draft *draft, unsigned flags)
{
    const gpuvm_spec *spec = draft->definition->spec;
    const gpuvm_vm *vm = spec->vm;
    unsigned errors = session->diags->errors;
    guint first = session->diags->items->len;
    const gpuvm_locked_host *lock;

    if (!gpuvm_session_need_key(session, &gpuvm_vm_table, vm->body.object.node) ||
        !gpuvm_session_gather_vm(session, vm) ||
        !gpuvm_cardfile_find(session, draft->definition->directory, vm, &lock) ||
        (gpuvm_cardlock_lost(lock, vm, session->facts) && !gpuvm_session_gather_all(session)) ||
        !look_up_domain(session, draft) || (gpuvm_image_needs_pool(vm) && !gpuvm_session_pool_path(session)))
        return false;

    const gpuvm_claim *claim = gpuvm_facts_claim(session->facts, vm->name);
    bool running = draft->domain ? draft->domain->active : claim && claim->active;
    const gpuvm_plan_input input = {
        .vm = vm,
        .plugin = spec->base ? spec->base->plugin : NULL,
        .deployed = spec->deployed,
        .replica = spec->replica,
        .source = draft->definition->source,
        .directory = draft->definition->directory,
        .facts = session->facts,
        .policies = &session->policies,
        .pool = session->pool,
        .pool_path = session->pool_path,
        .key = session->key,
        .lock = lock,
        .uuid = draft->domain ? draft->domain->uuid : NULL,
        .mac = draft->mac,
        .record = draft->record,
        .set = draft->set,
        .transient = draft->transient || (running && draft->record && draft->record->transient),
        .running = running,
        .together = flags & GPUVM_DRAFT_TOGETHER,
        .unrecorded = flags & GPUVM_DRAFT_BARE,
    };
    draft->plan = gpuvm_planner_make(&input, session->diags);
    name_vm(session, first, spec);
    if (session->diags->errors == errors && !(flags & GPUVM_DRAFT_BARE))
        gpuvm_draft_make_xml(session, draft);
    if (draft->xml && !check_guest(session, draft))
        return false;
    if (session->diags->errors > errors)
        g_clear_pointer(&draft->xml, g_free);
    return true;
}

static int
compare_drafts(gconstpointer a, gconstpointer b)
{
    const gpuvm_spec *x = (*(const gpuvm_draft *const *)a)->definition->spec;
    const gpuvm_spec *y = (*(const gpuvm_draft *const *)b)->definition->spec;
    bool x_chooses = x->vm->body.devices->gpus->len > 0, y_chooses = y->vm->body.devices->gpus->len > 0;

    int order =
        strcmp(x->deployed ? x->deployed->name : x->vm->name, y->deployed ? y->deployed->name : y->vm->name);

    if (x_chooses != y_chooses)
        return (int)x_chooses - (int)y_chooses;
    return order != 0 ? order : (int)x->replica - (int)y->replica; /* NAME-2 before NAME-10 */
}

GPtrArray *
gpuvm_drafts_order(gpuvm_session *session, const GPtrArray *all)
{
    GPtrArray *order = g_ptr_array_new();
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < all->len; i++) {
        gpuvm_draft *draft = all->pdata[i];
        const gpuvm_vm *vm = draft->definition->spec->vm;
        const gpuvm_draft *first = g_hash_table_lookup(names, vm->name);

        if (first) {
            gpuvm_mark mark = gpuvm_object_mark(&vm->body.object, "name");
            gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, &mark,
                                                 "VM '%s' is defined twice", vm->name);
            gpuvm_diag_hint(diag, "first in %s", first->definition->source);
            continue;
        }
        g_hash_table_insert(names, vm->name, draft);
        g_ptr_array_add(order, draft);
    }
    g_ptr_array_sort(order, compare_drafts);
    return order;
}

GPtrArray *
gpuvm_drafts_new(gpuvm_session *session, GPtrArray *definitions)
{
    GPtrArray *drafts;
    g_autofree gpointer *items = NULL;
    gsize n;

    if (!gpuvm_compose(session, definitions))
        return NULL;
    drafts = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_draft_free);
    if (definitions->len == 0 && session->diags->errors == 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL, "there is no VM among the definitions");
    items = g_ptr_array_steal(definitions, &n);
    for (gsize i = 0; i < n; i++) {
        gpuvm_draft *draft = g_new0(gpuvm_draft, 1);

        draft->definition = items[i];
        draft->bases = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_volume_free);
        draft->made = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(drafts, draft);
    }
    return drafts;
}

static void
check_fleet(gpuvm_session *session, const gpuvm_deployed *of, const GPtrArray *plans, guint made)
{
    if (made > 0 && made < plans->len)
        gpuvm_diags_note(session->diags, NULL, "%u of %u replicas of deployment '%s' could be made", made,
                         plans->len, of->name);
    if (plans->len > 0)
        gpuvm_replicas_check_memory(plans, session->facts, session->diags);
}

/* Judges the replicas of each deployment together, which stand side by side in @drafts. */
static void
check_fleets(gpuvm_session *session, const GPtrArray *drafts)
{
    for (guint i = 0; i < drafts->len;) {
        const gpuvm_deployed *of = ((const gpuvm_draft *)drafts->pdata[i])->definition->spec->deployed;
        g_autoptr(GPtrArray) plans = g_ptr_array_new();
        guint made = 0;

        for (; i < drafts->len; i++) {
            const gpuvm_draft *draft = drafts->pdata[i];

            if (draft->definition->spec->deployed != of)
                break;
            if (draft->plan)
                g_ptr_array_add(plans, draft->plan);
            made += draft->xml != NULL;
        }
        if (of)
            check_fleet(session, of, plans, made);
    }
}

/* @order: those of @drafts that can be planned, in the order in which they are */
static bool
plan_in_order(gpuvm_session *session, const GPtrArray *drafts, const GPtrArray *order)
{
    if (!gpuvm_session_gather(session) || !gpuvm_fleet_count(session, drafts))
        return false;
    for (guint i = 0; i < order->len; i++) {
        const gpuvm_draft *draft = order->pdata[i];

        if (!gpuvm_draft_plan(session, order->pdata[i], 0))
            return false;
        claim_devices(session->facts, draft->plan);
    }
    check_fleets(session, drafts);
    return true;
}

bool
gpuvm_drafts_plan(gpuvm_session *session, const GPtrArray *drafts)
{
    g_autoptr(GPtrArray) order = NULL;
    bool again = false, planned;

    for (guint i = 0; i < drafts->len; i++)
        again |= gpuvm_draft_reset(drafts->pdata[i]);
    if (again)
        gpuvm_session_forget(session);
    order = gpuvm_drafts_order(session, drafts);
    if (order->len == 0 || (!session->host_file && !gpuvm_session_connect(session)))
        return false;
    gpuvm_session_pend(session, (gpuvm_pending){.begun = g_get_monotonic_time()},
                       "looking at the host's devices");
    planned = plan_in_order(session, drafts, order);
    gpuvm_session_settle(session);
    return planned;
}

GPtrArray *
gpuvm_plan_files(gpuvm_session *session, char **paths)
{
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(paths, NULL, false, NULL, session->diags);
    g_autoptr(GPtrArray) drafts = gpuvm_drafts_new(session, definitions);

    return drafts && gpuvm_drafts_plan(session, drafts) ? g_steal_pointer(&drafts) : NULL;
}
