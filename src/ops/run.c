/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/run.h"

#include "core/image.h"
#include "ops/clustervm.h"
#include "ops/giveback.h"
#include "ops/images.h"
#include "ops/locks.h"
#include "ops/runfile.h"
#include "ops/startcheck.h"
#include "ops/transient.h"
#include "ops/watch.h"

void
gpuvm_ran_free(gpuvm_ran *ran)
{
    if (!ran)
        return;
    g_free(ran->name);
    g_free(ran->uuid);
    g_free(ran->xml);
    g_free(ran);
}

/* A run that is on its way. */
typedef struct running {
    gpuvm_session *session;
    GPtrArray *drafts;  /* the one draft */
    gpuvm_draft *draft; /* that */
    const char *name;
    GPtrArray *locks, *host; /* the VM's and the images'; the host's */
} running;

/* Whether what runs under the name is of the same definition. */
static bool
is_same(const running *run, gpuvm_domain *domain)
{
    gpuvm_session *session = run->session;
    g_autoptr(gpuvm_record) record = gpuvm_running_record(session, domain);
    g_autoptr(gpuvm_diags) unsaid = gpuvm_diags_new(); /* what would be in the way of one that does not run */
    gpuvm_diags *diags = session->diags;
    bool same;

    session->diags = unsaid;
    same = gpuvm_drafts_plan(session, run->drafts) && run->draft->plan && record &&
           g_str_equal(record->digest, run->draft->plan->digest);
    session->diags = diags;
    return same;
}

/* Says what is in the way: @domain, of the VM's name. */
static void
refuse(const running *run, const gpuvm_domain *domain, const gpuvm_record *record)
{
    gpuvm_diags *diags = run->session->diags;

    if (!record)
        gpuvm_refuse_foreign(run->session, run->name);
    else if (domain->active)
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' runs with another definition", run->name),
                        "stop it first: gpuvm stop %s", run->name);
    else
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "domain '%s' is defined here", run->name),
            "start it as it is defined: gpuvm start %s; or remove its definition first: gpuvm undefine %s",
            run->name, run->name);
}

/*
 * Looks for a domain of the VM's name. True: nothing is in the way any more, or *@ret_running, whose definition is the same. One that a
 * power cut left is removed, when the VM's lock is held: @locked.
 */
static bool
look_for_domain(const running *run, bool locked, gpuvm_domain **ret_running)
{
    static const gpuvm_undefine_options everything = {.nvram = true, .storage = true};
    gpuvm_session *session = run->session;
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autoptr(gpuvm_record) record = NULL;
    g_autofree char *metadata = NULL;
    GError *error = NULL;

    if (gpuvm_domain_find(session->connection, run->name, &domain, &error) && domain)
        metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, &error);
    if (metadata)
        record = gpuvm_record_parse(metadata, &error);
    if (error)
        return gpuvm_session_fail(session, error);
    if (!domain)
        return true;
    if (domain->active && record && is_same(run, domain)) {
        *ret_running = g_steal_pointer(&domain);
        return true;
    }
    if (!domain->active && record && record->transient)
        return !locked || gpuvm_undefine_locked(session, run->name, &everything);
    refuse(run, domain, record);
    return false;
}

static bool
sweep(const running *run)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();

    return gpuvm_locks_add_vm(locks, run->session, run->name) &&
           gpuvm_transient_sweep(run->session, run->name, NULL);
}

/* Whether a start would be refused as things are. */
static bool
plan(const running *run)
{
    unsigned errors = run->session->diags->errors;

    return gpuvm_drafts_plan(run->session, run->drafts) && run->session->diags->errors == errors &&
           gpuvm_check_draft(run->session, run->draft);
}

/* Images are fetched before anything is locked that others wait for, when it seems worth it; the notes come again. */
static bool
fetch(const running *run)
{
    gpuvm_session *session = run->session;
    const gpuvm_vm *vm = run->draft->definition->spec->vm;
    guint notes = session->diags->items->len;

    if (!gpuvm_image_needs_pool(vm))
        return true;
    if (!gpuvm_locks_add_images(run->locks, session, false))
        return false;
    if (session->connection->test || !gpuvm_image_fetches(vm))
        return true;
    if (!sweep(run) || !plan(run))
        return false;
    g_ptr_array_set_size(session->diags->items, (gint)notes);
    return gpuvm_images_fetch(session, run->drafts);
}

/* Others may choose: they see what this VM has. */
static void
release_host(void *data)
{
    g_ptr_array_set_size(((running *)data)->host, 0);
}

/* The VM's and the host's lock are held, and there is no such domain. */
static bool
start(running *run, const gpuvm_start_options *options)
{
    gpuvm_session *session = run->session;
    gpuvm_start_options how = *options;

    how.planned = true;
    if (!gpuvm_transient_sweep(session, run->name, NULL) || !plan(run) ||
        !gpuvm_images_prepare(session, run->drafts))
        return false;
    if (gpuvm_start_transient(session, run->draft->xml, &how, release_host, run))
        return true;
    gpuvm_transient_remove(session, run->name, NULL, run->draft->xml);
    return false;
}

/* Has nothing of @ran stay; its VM's lock is held. */
static void
undo(gpuvm_session *session, const gpuvm_ran *ran)
{
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autoptr(gpuvm_giveback) due = NULL;
    GError *error = NULL;

    if (gpuvm_domain_find(session->connection, ran->name, &domain, &error) && domain) {
        if (ran->uuid && !g_str_equal(domain->uuid, ran->uuid)) /* another one by now */
            return;
        due = gpuvm_giveback_expect(session, domain);
        gpuvm_domain_destroy(domain, &error);
    }
    gpuvm_session_forget(session);
    if (error) {
        gpuvm_session_fail(session, error);
        return;
    }
    gpuvm_giveback_check(session, due);
    gpuvm_transient_remove(session, ran->name, NULL, ran->xml);
}

static gpuvm_ran *
new_ran(const gpuvm_domain *domain, const char *xml, gpuvm_outcome outcome)
{
    gpuvm_ran *ran = g_new0(gpuvm_ran, 1);

    ran->name = g_strdup(domain->name);
    ran->uuid = g_strdup(domain->uuid);
    ran->xml = g_strdup(xml);
    ran->outcome = outcome;
    return ran;
}

/* What was started; NULL: it has ended already, or is to, and nothing of it stays. */
static gpuvm_ran *
conclude(const running *run)
{
    gpuvm_session *session = run->session;
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autoptr(gpuvm_ran) ran = NULL;
    GError *error = NULL;

    if (!gpuvm_domain_find(session->connection, run->name, &domain, &error)) {
        gpuvm_session_fail(session, error);
        undo(session, &(gpuvm_ran){.name = (char *)run->name, .xml = run->draft->xml});
        return NULL;
    }
    if (!domain) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "the VM ended as soon as it was started"),
                        "gpuvm diagnose %s looks at its logs", run->name);
        gpuvm_transient_remove(session, run->name, NULL, run->draft->xml);
        return NULL;
    }
    ran = new_ran(domain, run->draft->xml, GPUVM_DONE);
    if (!gpuvm_session_interrupted(session))
        return g_steal_pointer(&ran);
    gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "interrupted: it was stopped again");
    undo(session, ran);
    return NULL;
}

/* As gpuvm_run, for the one draft. */
static gpuvm_ran *
run_draft(running *run, const gpuvm_start_options *options)
{
    gpuvm_session *session = run->session;
    g_autoptr(gpuvm_domain) same = NULL;

    gpuvm_diags_set_subject(session->diags, run->name);
    if (!gpuvm_clustervm_may_start(session, &run->name, 1) || !gpuvm_session_connect(session) ||
        !look_for_domain(run, false, &same))
        return NULL;
    if (!same && (!fetch(run) || !gpuvm_locks_add_vm(run->locks, session, run->name) ||
                  !look_for_domain(run, true, &same)))
        return NULL;
    if (same)
        return new_ran(same, NULL, GPUVM_NOTHING_TO_DO);
    if (!gpuvm_locks_add_host(run->host, session) || !start(run, options))
        return NULL;
    return conclude(run);
}

gpuvm_ran *
gpuvm_run(gpuvm_session *session, const char *file, const gpuvm_run_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new(), host = gpuvm_locks_new();
    g_autoptr(GPtrArray) drafts = gpuvm_run_drafts(session, file, options);
    running run = {.session = session, .drafts = drafts, .locks = locks, .host = host};
    gpuvm_ran *ran;

    if (!drafts)
        return NULL;
    run.draft = drafts->pdata[0];
    run.name = run.draft->definition->spec->vm->name;
    ran = run_draft(&run, &options->start);
    if (!ran && session->diags->errors == 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "interrupted: nothing was started");
    gpuvm_diags_set_subject(session->diags, NULL);
    return ran;
}

bool
gpuvm_run_await(gpuvm_session *session, const gpuvm_ran *ran)
{
    bool ours = ran->outcome == GPUVM_DONE, healthy;
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    unsigned errors = session->diags->errors;
    gpuvm_watch *watch;

    gpuvm_diags_set_subject(session->diags, ran->name);
    watch = gpuvm_watch_new(session, ran->name);
    healthy = watch ? gpuvm_watch_wait(session, watch, !ours) : session->diags->errors == errors;
    gpuvm_watch_free(watch);
    if (!healthy && ours && gpuvm_locks_add_vm(locks, session, ran->name))
        undo(session, ran);
    gpuvm_diags_set_subject(session->diags, NULL);
    return healthy;
}
