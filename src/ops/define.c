/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/define.h"

#include "core/drift.h"
#include "core/image.h"
#include "ops/clustervm.h"
#include "ops/hookfile.h"
#include "ops/images.h"
#include "ops/locks.h"
#include "ops/prune.h"
#include "ops/startcheck.h"

/* A replica becomes no other VM, unless that is asked for, and no other VM a replica. */
static void
check_replica(gpuvm_session *session, const gpuvm_draft *draft, bool adopt)
{
    const gpuvm_deployed *now = draft->record ? draft->record->deployed : NULL;
    const gpuvm_deployed *then = draft->plan->deployed; /* which a replica keeps that is not changed */
    const char *name = draft->domain->name;

    if (!draft->record || g_strcmp0(now ? now->name : NULL, then ? then->name : NULL) == 0)
        return;
    if (then)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                          "domain '%s' exists and is no replica of deployment '%s'", name,
                                          then->name),
                        "give the deployment another name, or remove that VM: gpuvm undefine %s", name);
    else if (!adopt)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                          "VM '%s' is a replica of deployment '%s'", name, now->name),
                        "change the deployment's definition, or take the VM out of it with --adopt");
}

bool
gpuvm_define_check(gpuvm_session *session, const gpuvm_draft *draft, const gpuvm_define_options *options)
{
    const gpuvm_domain *domain = draft->domain;
    unsigned errors = session->diags->errors;

    if (domain && options->create)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' exists already", domain->name),
                        "give the VM another name, or change the one there is: gpuvm define FILE");
    else if (domain && !draft->managed && !options->adopt)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                          "domain '%s' exists and was not defined by gpuvm", domain->name),
                        "give the VM another name, or replace the domain's definition with --adopt");
    else if (domain)
        check_replica(session, draft, options->adopt);
    if (options->expected && g_strcmp0(draft->before, options->expected) != 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                          "VM '%s' was changed meanwhile by somebody else", draft->plan->vm->name);
    if (options->set && draft->record && draft->record->set && !g_str_equal(draft->record->set, options->set))
        gpuvm_diags_note(session->diags, NULL, "VM '%s' belonged to set '%s'", domain->name,
                         draft->record->set);
    return session->diags->errors == errors;
}

/* Whether libvirt asks gpuvm before it starts a domain of this host; looked at once for all VMs, by running the hook. */
static bool
has_hook(gpuvm_session *session)
{
    gpuvm_host *host = &session->facts->host;

    if (!session->connection->local)
        return false;
    if (host->hook == GPUVM_UNKNOWN)
        host->hook = gpuvm_hook_look();
    return host->hook == GPUVM_HOOK_INSTALLED;
}

static bool
set_autostart(gpuvm_draft *draft, gpuvm_domain *domain, const gpuvm_define_options *options, GError **error)
{
    const gpuvm_body *body = &draft->definition->spec->vm->body;
    bool wanted = domain->autostart;

    if (gpuvm_object_has(&body->object, "autostart"))
        wanted = body->autostart;
    if (options->autostart)
        wanted = true;
    return wanted == domain->autostart || gpuvm_domain_set_autostart(domain, wanted, error);
}

/* So that it is seen later whether others changed the domain. */
static bool
note_seen(gpuvm_session *session, gpuvm_domain *domain, const char *xml, GError **error)
{
    g_autofree char *element = NULL;
    uint64_t version;

    if (!gpuvm_connection_version(session->connection, &version, error))
        return false;
    element = gpuvm_drift_note(xml, version);
    return !element ||
           gpuvm_domain_set_metadata(domain, GPUVM_METADATA_PREFIX, GPUVM_METADATA_NS, element, error);
}

/* Whether anything changed is seen by comparing libvirt's own XML before and after. */
static bool
define_one(gpuvm_session *session, gpuvm_draft *draft, const gpuvm_define_options *options)
{
    GError *error = NULL;
    g_autoptr(gpuvm_domain) domain =
        gpuvm_domain_define(session->connection, draft->xml, draft->domain, &error);
    g_autofree char *after = domain ? gpuvm_domain_xml(domain, true, &error) : NULL;
    gpuvm_change change = GPUVM_CREATED;

    if (!domain)
        gpuvm_images_discard(session, draft);
    if (!after || !note_seen(session, domain, after, &error) ||
        !set_autostart(draft, domain, options, &error))
        return gpuvm_session_fail(session, error);
    if (draft->before)
        change = gpuvm_drift_equal(draft->before, after) ? GPUVM_UNCHANGED : GPUVM_UPDATED;
    if (!domain->active)
        gpuvm_images_drop_texts(session, draft);
    if (draft->record)
        gpuvm_image_note_dropped(draft->plan, draft->record, session->diags);
    if (change == GPUVM_UPDATED && domain->active && !options->restarts)
        gpuvm_diag_hint(
            gpuvm_diags_note(session->diags, NULL,
                             "domain '%s' is running: it keeps its old definition until its next start",
                             domain->name),
            "gpuvm restart %s", domain->name);
    if (domain->autostart && change != GPUVM_UNCHANGED && !has_hook(session))
        gpuvm_diag_hint(
            gpuvm_diags_note(session->diags, NULL,
                             "domain '%s' starts with the host: libvirt does that, without gpuvm's checks",
                             domain->name),
            "to have them there, too, install the hook on that host: gpuvm hook install");
    options->defined(options->data, domain->name, change);
    return true;
}

static bool
define_each(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options)
{
    guint n = 0;

    while (n < drafts->len && define_one(session, drafts->pdata[n], options))
        n++;
    for (guint i = n + 1; i < drafts->len; i++)
        gpuvm_images_discard(session, drafts->pdata[i]);
    return n == drafts->len;
}

static bool
start_one(gpuvm_session *session, const char *name, const gpuvm_define_options *options)
{
    gpuvm_start_options how = *options->start;
    gpuvm_outcome outcome = GPUVM_NOTHING_TO_DO;
    bool running;

    how.planned = true;
    gpuvm_diags_set_subject(session->diags, name);
    running = gpuvm_start_locked(session, name, &how, &outcome);
    options->started(options->data, name, running, outcome);
    gpuvm_diags_set_subject(session->diags, NULL);
    return running;
}

/* What is in the way of all replicas of a deployment is said once. */
static void
check_start(gpuvm_session *session, const gpuvm_draft *draft)
{
    const gpuvm_spec *spec = draft->definition->spec;

    gpuvm_diags_set_subject(session->diags, spec->deployed ? spec->deployed->name : spec->vm->name);
    gpuvm_check_draft(session, draft);
    gpuvm_diags_set_subject(session->diags, NULL);
}

/* Plans @drafts; those that are to be defined now, when nothing stands in the way of any, else NULL. */
static GPtrArray *
plan(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options)
{
    bool planned = gpuvm_drafts_plan(session, drafts);
    g_autoptr(GPtrArray) now = g_ptr_array_new();

    for (guint i = 0; planned && i < drafts->len; i++) {
        gpuvm_define_check(session, drafts->pdata[i], options);
        g_ptr_array_add(now, drafts->pdata[i]);
    }
    if (!planned || session->diags->errors > 0)
        return NULL;
    if (options->planned)
        options->planned(options->data, now);
    for (guint i = 0; options->check && i < now->len; i++)
        check_start(session, now->pdata[i]);
    return session->diags->errors == 0 ? g_steal_pointer(&now) : NULL;
}

static bool
any(const GPtrArray *drafts, bool (*is)(const gpuvm_vm *vm))
{
    for (guint i = 0; i < drafts->len; i++) {
        if (is(((const gpuvm_draft *)drafts->pdata[i])->definition->spec->vm))
            return true;
    }
    return false;
}

/*
 * Fetches images before anything is locked that others wait for, which may take hours. What is planned until then shows
 * whether it is worth it; its notes come again.
 */
static bool
fetch(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options, GPtrArray *locks)
{
    guint notes = session->diags->items->len;
    g_autoptr(GPtrArray) now = NULL;

    if (!any(drafts, gpuvm_image_needs_pool))
        return true;
    if (!gpuvm_locks_add_images(locks, session, false))
        return false;
    if (session->connection->test || !any(drafts, gpuvm_image_fetches))
        return true;
    now = plan(session, drafts, options);
    if (!now)
        return false;
    g_ptr_array_set_size(session->diags->items, (gint)notes);
    return gpuvm_images_fetch(session, drafts);
}

/* Until the locks are released, nobody else changes these VMs, or chooses devices on their host. */
static bool
lock(gpuvm_session *session, const GPtrArray *drafts, const GPtrArray *doomed, GPtrArray *locks)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    /* a second VM of a name is an error that planning finds */
    for (guint i = 0; i < drafts->len; i++)
        g_ptr_array_add(names, ((const gpuvm_draft *)drafts->pdata[i])->definition->spec->vm->name);
    for (guint i = 0; i < doomed->len; i++)
        g_ptr_array_add(names, ((const gpuvm_instance *)doomed->pdata[i])->domain->name);
    return gpuvm_locks_add_vms(locks, session, names) && gpuvm_locks_add_host(locks, session);
}

/* The drafts of @definitions (taken), of their set. */
static GPtrArray *
draft(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options)
{
    GPtrArray *drafts = gpuvm_session_connect(session) ? gpuvm_drafts_new(session, definitions) : NULL;

    for (guint i = 0; drafts && i < drafts->len; i++)
        ((gpuvm_draft *)drafts->pdata[i])->set = options->set;
    return drafts;
}

/* The deployment that the @i-th of @drafts is the first replica of; NULL. */
static const gpuvm_deployed *
deployment_at(const GPtrArray *drafts, guint i)
{
    const gpuvm_deployed *of = ((const gpuvm_draft *)drafts->pdata[i])->definition->spec->deployed;
    bool first = i == 0 || ((const gpuvm_draft *)drafts->pdata[i - 1])->definition->spec->deployed != of;

    return first ? of : NULL;
}

/* Says which replicas are more than their definitions have now. */
static void
note_surplus(gpuvm_session *session, const GPtrArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++) {
        const gpuvm_deployed *of = deployment_at(drafts, i);
        g_autoptr(GString) names = g_string_new(NULL);

        for (guint k = 0; of && k < of->surplus->len; k++)
            g_string_append_printf(names, "%s%s", k > 0 ? ", " : "", (const char *)of->surplus->pdata[k]);
        if (names->len > 0)
            gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                             "deployment '%s' has more replicas than its definition: %s",
                                             of->name, names->str),
                            "define leaves them; gpuvm deployment scale %s=%" G_GUINT64_FORMAT
                            " removes them",
                            of->name, of->replicas);
    }
}

/* Plans what is to be defined and removed; what is to be defined now, when nothing stands in the way of any of it, else NULL. */
static GPtrArray *
plan_all(gpuvm_session *session, const GPtrArray *drafts, const GPtrArray *doomed,
         const gpuvm_define_options *options)
{
    g_autoptr(GPtrArray) now = plan(session, drafts, options);

    if (now)
        note_surplus(session, drafts);
    return gpuvm_prune_check(session, doomed, options) ? g_steal_pointer(&now) : NULL;
}

/* Says what is to be removed before anything is changed. */
static void
announce(const GPtrArray *doomed, const gpuvm_define_options *options)
{
    for (guint i = 0; options->prune && i < doomed->len; i++)
        options->removing(options->data, ((const gpuvm_instance *)doomed->pdata[i])->domain->name);
}

/* Whether none of @drafts would give a definition to what runs without one: its disks are not those that this would have. */
static bool
check_transient(gpuvm_session *session, const GPtrArray *drafts)
{
    bool none = true;

    for (guint i = 0; i < drafts->len; i++) {
        const gpuvm_draft *draft = drafts->pdata[i];

        if (!draft->plan->transient)
            continue;
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' runs without a definition: gpuvm run started it",
                                          draft->domain->name),
                        "stop it first: gpuvm stop %s", draft->domain->name);
        none = false;
    }
    return none;
}

/* Whether none of @drafts is one of the cluster's, which starts none that is defined. */
static bool
check_cluster(gpuvm_session *session, const GPtrArray *drafts)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < drafts->len; i++)
        g_ptr_array_add(names, ((const gpuvm_draft *)drafts->pdata[i])->plan->vm->name);
    return gpuvm_clustervm_may_start(session, (const char *const *)names->pdata, names->len);
}

bool
gpuvm_define_drafts(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new(), doomed = NULL, now = NULL;
    g_autoptr(GPtrArray) seen = gpuvm_prune_find(session, drafts, options, NULL);
    bool defined, done;

    if (!seen || !fetch(session, drafts, options, locks) || !lock(session, drafts, seen, locks))
        return false;
    doomed = gpuvm_prune_find(session, drafts, options, seen);
    now = doomed ? plan_all(session, drafts, doomed, options) : NULL;
    if (!now || !check_transient(session, now) || !check_cluster(session, now))
        return false;
    announce(doomed, options);
    if (!gpuvm_images_prepare(session, drafts))
        return false;
    defined = done = define_each(session, now, options) && gpuvm_prune_all(session, doomed, options);
    for (guint i = 0; defined && options->start && i < now->len; i++)
        done &= start_one(session, ((const gpuvm_draft *)now->pdata[i])->plan->vm->name, options);
    return done;
}

bool
gpuvm_define_all(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options)
{
    g_autoptr(GPtrArray) drafts = draft(session, definitions, options);

    return drafts && gpuvm_define_drafts(session, drafts, options);
}

GPtrArray *
gpuvm_define_compare(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options)
{
    g_autoptr(GPtrArray) comparisons = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_comparison_free);
    g_autoptr(GPtrArray) drafts = draft(session, definitions, options);
    g_autoptr(GPtrArray) doomed = drafts ? gpuvm_prune_find(session, drafts, options, NULL) : NULL;
    g_autoptr(GPtrArray) now = doomed ? plan_all(session, drafts, doomed, options) : NULL;

    if (!now)
        return NULL;
    for (guint i = 0; i < drafts->len; i++) {
        gpuvm_comparison *comparison = gpuvm_compare(session, drafts->pdata[i]);

        if (!comparison)
            return NULL;
        g_ptr_array_add(comparisons, comparison);
    }
    for (guint i = 0; i < drafts->len; i++) {
        const gpuvm_deployed *of = deployment_at(drafts, i);
        const char *source = ((const gpuvm_draft *)drafts->pdata[i])->plan->source;

        for (guint k = 0; of && k < of->surplus->len; k++)
            g_ptr_array_add(comparisons,
                            gpuvm_comparison_new(of->surplus->pdata[k], source, GPUVM_STEP_SURPLUS));
    }
    for (guint i = 0; options->prune && i < doomed->len; i++) {
        const gpuvm_instance *instance = doomed->pdata[i];

        g_ptr_array_add(comparisons, gpuvm_comparison_new(instance->domain->name, instance->record->source,
                                                          GPUVM_STEP_REMOVE));
    }
    return g_steal_pointer(&comparisons);
}
