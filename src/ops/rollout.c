/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/rollout.h"

#include "ops/startcheck.h"
#include "ops/watch.h"

/* Those that are started anew together. */
typedef struct batch {
    gpuvm_session *session;
    const gpuvm_deployment_options *how;
    GPtrArray *names;  /* borrowed */
    GPtrArray *drafts; /* borrowed; NULL: they keep their definitions */
    GPtrArray *watches;
} batch;

/* What tells when @name, which was started, is healthy; NULL: it has no health check, or see the diagnostics. */
static gpuvm_watch *
watch_health(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(session, name);

    return instance && instance->record->health_url ? gpuvm_watch_new(session, name) : NULL;
}

/* Whether @drafts may start when those that run of them are off. */
static bool
check_drafts(gpuvm_session *session, const GPtrArray *drafts)
{
    bool may = gpuvm_drafts_plan(session, drafts);
    unsigned errors = session->diags->errors;

    for (guint i = 0; may && i < drafts->len; i++)
        gpuvm_check_draft(session, drafts->pdata[i]);
    return may && session->diags->errors == errors;
}

static void
check_domains(gpuvm_session *session, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        gpuvm_diags_set_subject(session->diags, names->pdata[i]);
        gpuvm_check_restart(session, names->pdata[i]);
    }
    gpuvm_diags_set_subject(session->diags, NULL);
}

/* Whether @names may start, with @drafts unless that is NULL, before any is stopped. */
static bool
check(gpuvm_session *session, const GPtrArray *names, const GPtrArray *drafts)
{
    unsigned errors = session->diags->errors;

    gpuvm_session_leave(session, names->len > 1 ? names : NULL); /* they may exchange devices */
    gpuvm_session_forget(session);
    if (drafts)
        check_drafts(session, drafts);
    else
        check_domains(session, names);
    gpuvm_session_leave(session, NULL);
    gpuvm_session_forget(session);
    return session->diags->errors == errors;
}

static void
hear_started(void *data, const char *name, bool running, gpuvm_outcome outcome)
{
    const batch *turn = data;
    gpuvm_watch *watch = running ? watch_health(turn->session, name) : NULL;

    if (watch)
        g_ptr_array_add(turn->watches, watch);
    turn->how->started(turn->how->data, name, running, outcome);
}

static bool
start(batch *turn)
{
    const gpuvm_start_all_options how = {
        .start = turn->how->start, .parallel = turn->how->parallel, .told = hear_started, .data = turn};

    return gpuvm_start_all(turn->session, turn->names, &how);
}

/* Waits for each of @watches; whether all are healthy. */
static bool
await_health(gpuvm_session *session, const GPtrArray *watches, const gpuvm_deployment_options *how)
{
    bool all = true;

    for (guint i = 0; i < watches->len; i++) {
        gpuvm_watch *watch = watches->pdata[i];
        bool healthy;

        gpuvm_diags_set_subject(session->diags, gpuvm_watch_name(watch));
        healthy = gpuvm_watch_wait(session, watch, true);
        gpuvm_diags_set_subject(session->diags, NULL);
        how->healthy(how->data, gpuvm_watch_name(watch), healthy);
        all &= healthy;
    }
    return all;
}

bool
gpuvm_rollout_await(gpuvm_session *session, const GPtrArray *names, const gpuvm_deployment_options *how)
{
    g_autoptr(GPtrArray) watches = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_watch_free);

    for (guint i = 0; i < names->len; i++) {
        gpuvm_watch *watch = watch_health(session, names->pdata[i]);

        if (watch)
            g_ptr_array_add(watches, watch);
    }
    return await_health(session, watches, how);
}

static bool
take_turn(batch *turn)
{
    const gpuvm_deployment_options *how = turn->how;
    const gpuvm_define_options define = {.restarts = true, .defined = how->defined, .data = how->data};

    return gpuvm_stop_all(turn->session, turn->names, &how->stop, how->stopped, how->data) &&
           (!turn->drafts || gpuvm_define_drafts(turn->session, turn->drafts, &define)) && start(turn) &&
           await_health(turn->session, turn->watches, how);
}

/* @n items of @array from @first on, as far as there are so many; of NULL, NULL. */
static GPtrArray *
part_of(const GPtrArray *array, guint first, guint n)
{
    GPtrArray *part = array ? g_ptr_array_new() : NULL;

    for (guint i = 0; array && i < n && first + i < array->len; i++)
        g_ptr_array_add(part, array->pdata[first + i]);
    return part;
}

/* Where nothing but each other is in the way of @names, says of what was found so far how they are started. */
static void
hint_together(gpuvm_session *session, const GPtrArray *names, const GPtrArray *drafts)
{
    gpuvm_diags *diags = session->diags;
    guint said = diags->items->len;
    unsigned errors = diags->errors;
    bool together = check(session, names, drafts);

    g_ptr_array_set_size(diags->items, (gint)said);
    diags->errors = errors;
    for (guint i = said; together && i-- > 0;) {
        gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity != GPUVM_DIAG_ERROR)
            continue;
        gpuvm_diag_hint(diag, "replicas that exchange devices are to be off at once: --max-unavailable %u",
                        names->len);
        return;
    }
}

/* Whether @turn's may start while the others of @names, which are left, run. */
static bool
check_turn(const batch *turn, const GPtrArray *names, const GPtrArray *drafts)
{
    bool may = check(turn->session, turn->names, turn->drafts);

    if (!may && turn->names->len < names->len)
        hint_together(turn->session, names, drafts);
    return may;
}

bool
gpuvm_rollout(gpuvm_session *session, const GPtrArray *names, const GPtrArray *drafts,
              const gpuvm_deployment_options *how)
{
    bool done = check(session, names, drafts);

    for (guint i = 0; done && i < names->len; i += how->unavailable) {
        g_autoptr(GPtrArray) left = part_of(names, i, names->len);
        g_autoptr(GPtrArray) left_drafts = part_of(drafts, i, names->len);
        g_autoptr(GPtrArray) some = part_of(left, 0, how->unavailable);
        g_autoptr(GPtrArray) theirs = part_of(left_drafts, 0, how->unavailable);
        g_autoptr(GPtrArray) watches = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_watch_free);
        batch turn = {session, how, some, theirs, watches};

        if (gpuvm_session_interrupted(session)) {
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                              "interrupted: %u of %u replicas were left as they are", left->len, names->len);
            return false;
        }
        done = check_turn(&turn, left, left_drafts) && take_turn(&turn);
    }
    return done;
}
