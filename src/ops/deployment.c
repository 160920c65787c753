/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/deployment.h"

#include <string.h>

#include "core/drift.h"
#include "ops/create.h"
#include "ops/fleet.h"
#include "ops/locks.h"
#include "ops/rollout.h"

/* A deployment that is being carried out. */
typedef struct work {
    gpuvm_session *session;
    const gpuvm_deployment_options *how;
    GPtrArray *drafts; /* gpuvm_draft: all replicas, by number */
    GPtrArray *old;    /* gpuvm_draft: those of them that run with another definition; borrowed */
    bool fewer;        /* there are to be fewer than there were, and no other change */
} work;

static const char *
name_of(const gpuvm_draft *draft)
{
    return draft->definition->spec->vm->name;
}

static bool
runs(const gpuvm_draft *draft)
{
    return draft->domain && draft->domain->active;
}

/* Whether others changed its domain. */
static bool
is_drifted(gpuvm_session *session, const gpuvm_draft *draft)
{
    uint64_t version;

    return draft->record && gpuvm_connection_version(session->connection, &version, NULL) &&
           gpuvm_drift_look(draft->record, draft->before, version) == 1;
}

/* Whether its domain runs with another definition, or, where none is to be touched that runs, may do so. */
static bool
is_old(const work *doing, const gpuvm_draft *draft)
{
    gpuvm_session *session = doing->session;
    g_autoptr(gpuvm_record) running = runs(draft) ? gpuvm_running_record(session, draft->domain) : NULL;

    return running && (!g_str_equal(running->digest, draft->plan->digest) ||
                       (!doing->how->update && is_drifted(session, draft)));
}

/* Whether its domain runs as it is defined now. */
static bool
runs_so(const gpuvm_draft *draft)
{
    g_autofree char *running = gpuvm_domain_xml(draft->domain, false, NULL);
    g_autofree char *defined = gpuvm_domain_xml(draft->domain, true, NULL);

    return running && defined && gpuvm_drift_runs(running, defined);
}

/* Whether only what its domain remembers of the deployment may change. */
static bool
is_defined_so(gpuvm_session *session, const gpuvm_draft *draft)
{
    return draft->record && g_str_equal(draft->record->digest, draft->plan->digest) &&
           !is_drifted(session, draft);
}

/* Those that run with another definition keep it until they are stopped. */
static void
set_old_aside(void *data, GPtrArray *now)
{
    work *doing = data;

    g_ptr_array_set_size(doing->old, 0);
    for (guint i = 0; doing->how->start && i < now->len;) {
        gpuvm_draft *draft = now->pdata[i];

        if (!is_old(doing, draft)) {
            i++;
            continue;
        }
        g_ptr_array_add(doing->old, draft);
        if (!doing->how->update && is_defined_so(doing->session, draft))
            i++;
        else
            g_ptr_array_remove_index(now, i);
        if (doing->how->update) /* by the time that others start */
            gpuvm_claim_free(gpuvm_facts_take_claim(doing->session->facts, name_of(draft)));
    }
}

static gpuvm_draft *
find_draft(const work *doing, const char *name)
{
    for (guint i = 0; i < doing->drafts->len; i++) {
        if (g_str_equal(name_of(doing->drafts->pdata[i]), name))
            return doing->drafts->pdata[i];
    }
    return NULL;
}

/* One that was not as it was defined, and runs so, is started anew as well. */
static void
hear_defined(void *data, const char *name, gpuvm_change change)
{
    work *doing = data;
    gpuvm_draft *draft = find_draft(doing, name);

    doing->how->defined(doing->how->data, name, change);
    if (doing->how->start && change == GPUVM_UPDATED && runs(draft) && !runs_so(draft))
        g_ptr_array_add(doing->old, draft);
}

static GPtrArray *
names_of(const GPtrArray *drafts)
{
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < drafts->len; i++)
        g_ptr_array_add(names, (char *)name_of(drafts->pdata[i]));
    return names;
}

/* The replicas of @fleet from number @first on, the highest first (char *, borrowed). */
static GPtrArray *
names_from(const gpuvm_fleet *fleet, uint64_t first)
{
    GPtrArray *names = g_ptr_array_new();

    for (guint i = fleet->replicas->len; i-- > 0;) {
        const gpuvm_instance *instance = fleet->replicas->pdata[i];

        if (instance->record->replica >= first)
            g_ptr_array_add(names, instance->domain->name);
    }
    return names;
}

/* Until the locks are released, nobody else changes @names; whether all of them are still replicas of @fleet. */
static bool
lock_replicas(gpuvm_session *session, const gpuvm_fleet *fleet, const GPtrArray *names, GPtrArray *locks)
{
    bool all = true;

    if (!gpuvm_locks_add_vms(locks, session, names))
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(session, names->pdata[i]);
        bool still = instance && gpuvm_fleet_has(fleet, instance);

        if (instance && !still)
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                              "domain '%s' is no replica of deployment '%s' any more", instance->domain->name,
                              fleet->name);
        if (still && !instance->domain->persistent)
            gpuvm_diag_hint(
                gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                  "replica '%s' was started by gpuvm run", instance->domain->name),
                "whoever did that, such as a cluster, is to stop it: gpuvm stop %s", instance->domain->name);
        all &= still && instance->domain->persistent;
    }
    return all;
}

static bool
remove_all(gpuvm_session *session, const gpuvm_fleet *fleet, const GPtrArray *names,
           const gpuvm_deployment_options *how)
{
    const gpuvm_undefine_options undefine = {.storage = how->storage, .nvram = how->storage};
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    bool all = lock_replicas(session, fleet, names, locks) &&
               gpuvm_stop_all(session, names, &how->stop, how->stopped, how->data);

    for (guint i = 0; all && i < names->len; i++) {
        gpuvm_diags_set_subject(session->diags, names->pdata[i]);
        all = gpuvm_undefine_locked(session, names->pdata[i], &undefine);
        gpuvm_diags_set_subject(session->diags, NULL);
        if (all)
            how->removed(how->data, names->pdata[i]);
    }
    gpuvm_session_forget(session);
    return all;
}

static void
note_old(const work *doing)
{
    for (guint i = 0; i < doing->old->len; i++)
        gpuvm_diag_hint(gpuvm_diags_note(doing->session->diags, NULL,
                                         "replica '%s' runs with another definition, or was changed outside "
                                         "gpuvm, and is left as it is",
                                         name_of(doing->old->pdata[i])),
                        "gpuvm deployment create, with the definition's file, has it started with that");
}

/* The replicas that run as they should. */
static GPtrArray *
names_updated(const work *doing)
{
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < doing->drafts->len; i++) {
        const gpuvm_draft *draft = doing->drafts->pdata[i];

        if (runs(draft) && !g_ptr_array_find(doing->old, draft, NULL))
            g_ptr_array_add(names, (char *)name_of(draft));
    }
    return names;
}

/* The replicas that run with another definition; none while one that has the new definition already is not healthy with it. */
static bool
update(const work *doing)
{
    g_autoptr(GPtrArray) names = names_of(doing->old), updated = names_updated(doing);

    if (!doing->how->update)
        note_old(doing);
    if (!doing->how->update || names->len == 0)
        return true;
    return gpuvm_rollout_await(doing->session, updated, doing->how) &&
           gpuvm_rollout(doing->session, names, doing->old, doing->how);
}

/* The replicas that are off; but where others go, one that is there already was stopped by somebody. */
static bool
start(const work *doing, const char *name)
{
    const gpuvm_start_all_options how = {.start = doing->how->start,
                                         .parallel = doing->how->parallel,
                                         .what = name,
                                         .told = doing->how->started,
                                         .data = doing->how->data};
    g_autoptr(GPtrArray) off = g_ptr_array_new();

    for (guint i = 0; i < doing->drafts->len; i++) {
        const gpuvm_draft *draft = doing->drafts->pdata[i];

        if (!runs(draft) && !(doing->fewer && draft->domain) && !g_ptr_array_find(doing->old, draft, NULL))
            g_ptr_array_add(off, (char *)name_of(draft));
    }
    return gpuvm_start_all(doing->session, off, &how);
}

static void
refuse_other(gpuvm_session *session, const gpuvm_fleet *fleet)
{
    const char *file = fleet->newest->source;

    gpuvm_diag_hint(
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                          "the secrets of deployment '%s' are not recorded, and %s is not what it "
                          "was defined from",
                          fleet->name, file ? file : "no file"),
        "run this where that is, by who defined it, or give the definition: gpuvm deployment create %s "
        "--config FILE --replicas N",
        fleet->name);
}

/* Whether @drafts are of the definition that @fleet records, where its secrets are not in that. */
static bool
is_recorded(const GPtrArray *drafts, const gpuvm_fleet *fleet)
{
    const gpuvm_deployed *recorded = fleet->newest->deployed;
    const gpuvm_deployed *now =
        drafts->len > 0 ? ((const gpuvm_draft *)drafts->pdata[0])->definition->spec->deployed : recorded;

    return !recorded->secrets ||
           (g_str_equal(now->digest, recorded->digest) && g_str_equal(now->text, recorded->text));
}

/* The rest of gpuvm_deployment_apply, for who has the fleet's lock. */
static bool
apply(gpuvm_session *session, gpuvm_definition *definition, const gpuvm_fleet *fleet,
      const gpuvm_deployment_options *how)
{
    g_autoptr(GPtrArray) definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    g_autoptr(GPtrArray) drafts = NULL, old = g_ptr_array_new();
    uint64_t replicas = definition->spec->deployment->replicas;
    g_autoptr(GPtrArray) surplus = names_from(fleet, replicas);
    work doing = {.session = session,
                  .how = how,
                  .old = old,
                  .fewer = !how->update && fleet->newest &&
                           (surplus->len > 0 || fleet->newest->deployed->replicas > replicas)};
    const gpuvm_define_options define = {.check = how->start != NULL,
                                         .restarts = how->start != NULL,
                                         .planned = set_old_aside,
                                         .defined = hear_defined,
                                         .data = &doing};
    bool defined;

    g_ptr_array_add(definitions, definition);
    doing.drafts = drafts = gpuvm_drafts_new(session, definitions);
    if (!drafts)
        return false;
    if (!how->update && !is_recorded(drafts, fleet)) {
        refuse_other(session, fleet);
        return false;
    }
    for (guint i = 0; fleet->newest && i < drafts->len; i++)
        ((gpuvm_draft *)drafts->pdata[i])->set = fleet->newest->set;
    gpuvm_session_leave(session, surplus);
    defined = drafts->len > 0 && gpuvm_define_drafts(session, drafts, &define);
    gpuvm_session_leave(session, NULL);
    return defined && remove_all(session, fleet, surplus, how) && update(&doing) &&
           (!how->start || start(&doing, fleet->name));
}

bool
gpuvm_deployment_apply(gpuvm_session *session, gpuvm_definition *definition,
                       const gpuvm_deployment_options *options)
{
    const char *name = definition->spec->deployment->name;
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    g_autoptr(gpuvm_fleet) fleet =
        gpuvm_locks_add_fleet(locks, session, name) ? gpuvm_fleet_find(session, name) : NULL;

    if (fleet)
        return apply(session, definition, fleet, options);
    gpuvm_definition_free(definition);
    return false;
}

/* What is recorded has no secrets in it; where there are some, the definition is taken from its file. */
static gpuvm_definition *
recorded_definition(gpuvm_session *session, const gpuvm_fleet *fleet, const char *replicas)
{
    const gpuvm_deployed *deployed = fleet->newest->deployed;
    const char *file = fleet->newest->source;
    g_autofree char *title = g_strdup_printf("deployment %s", fleet->name);
    g_autoptr(gpuvm_source) source =
        gpuvm_source_new(title, g_strdup(deployed->text), strlen(deployed->text));
    gpuvm_flag_value value = {&gpuvm_replicas_flag, replicas};
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    gpuvm_definition *definition = NULL;

    g_ptr_array_add(values, &value);
    if (!deployed->secrets)
        definition = gpuvm_create_from(session, GPUVM_KIND_DEPLOYMENT, fleet->name, source, "/", values);
    else if (file && g_file_test(file, G_FILE_TEST_IS_REGULAR))
        definition = gpuvm_create_definition(session, GPUVM_KIND_DEPLOYMENT, fleet->name, file, values);
    else
        refuse_other(session, fleet);
    if (!definition)
        return NULL;
    g_free(definition->source);
    definition->source = g_strdup(file ? file : title); /* that others find it by */
    return definition;
}

/* Nothing but its replicas remembers a deployment. */
static bool
check_number(gpuvm_session *session, const char *name, const char *replicas)
{
    bool none = g_ascii_string_to_unsigned(replicas, 10, 0, 0, NULL, NULL);

    if (none)
        gpuvm_diag_hint(
            gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL,
                              "deployment '%s' is remembered by its VMs alone: it cannot have none", name),
            "to keep it, with nothing running, stop its VMs: %s-0 and so on\n"
            "to remove it: gpuvm deployment delete %s",
            name, name);
    return !none;
}

bool
gpuvm_deployment_scale(gpuvm_session *session, const char *name, const char *replicas,
                       const gpuvm_deployment_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    g_autoptr(gpuvm_fleet) fleet =
        gpuvm_locks_add_fleet(locks, session, name) ? gpuvm_fleet_get(session, name) : NULL;
    gpuvm_definition *definition =
        fleet && check_number(session, name, replicas) ? recorded_definition(session, fleet, replicas) : NULL;

    return definition && apply(session, definition, fleet, options);
}

bool
gpuvm_deployment_restart(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new(), names = g_ptr_array_new();
    g_autoptr(gpuvm_fleet) fleet =
        gpuvm_locks_add_fleet(locks, session, name) ? gpuvm_fleet_get(session, name) : NULL;

    for (guint i = 0; fleet && i < fleet->replicas->len; i++)
        g_ptr_array_add(names, ((const gpuvm_instance *)fleet->replicas->pdata[i])->domain->name);
    return fleet && gpuvm_rollout(session, names, NULL, options);
}

bool
gpuvm_deployment_delete(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new(), names = NULL;
    g_autoptr(gpuvm_fleet) fleet =
        gpuvm_locks_add_fleet(locks, session, name) ? gpuvm_fleet_get(session, name) : NULL;

    if (fleet)
        names = names_from(fleet, 0);
    return names && remove_all(session, fleet, names, options);
}
