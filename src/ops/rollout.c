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

/* Whether they may start, before any is stopped. */
static bool
check(const batch *turn)
{
    gpuvm_session *session = turn->session;
    unsigned errors = session->diags->errors;

    gpuvm_session_leave(session, turn->names->len > 1 ? turn->names : NULL); /* they may exchange devices */
    gpuvm_session_forget(session);
    if (turn->drafts) {
        check_drafts(session, turn->drafts);
    } else {
        for (guint i = 0; i < turn->names->len; i++) {
            gpuvm_diags_set_subject(session->diags, turn->names->pdata[i]);
            gpuvm_check_restart(session, turn->names->pdata[i]);
        }
        gpuvm_diags_set_subject(session->diags, NULL);
    }
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
        healthy = gpuvm_watch_wait(session, watch, NULL);
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

    return check(turn) && gpuvm_stop_all(turn->session, turn->names, &how->stop, how->stopped, how->data) &&
           (!turn->drafts || gpuvm_define_drafts(turn->session, turn->drafts, &define)) && start(turn) &&
           await_health(turn->session, turn->watches, how);
}

/* @n items of @array from @first on. */
static GPtrArray *
part_of(const GPtrArray *array, guint first, guint n)
{
    GPtrArray *part = g_ptr_array_new();

    for (guint i = first; i < first + n && i < array->len; i++)
        g_ptr_array_add(part, array->pdata[i]);
    return part;
}

bool
gpuvm_rollout(gpuvm_session *session, const GPtrArray *names, const GPtrArray *drafts,
              const gpuvm_deployment_options *how)
{
    bool done = true;

    for (guint i = 0; done && i < names->len; i += how->unavailable) {
        g_autoptr(GPtrArray) some = part_of(names, i, how->unavailable);
        g_autoptr(GPtrArray) theirs = drafts ? part_of(drafts, i, how->unavailable) : NULL;
        g_autoptr(GPtrArray) watches = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_watch_free);
        batch turn = {session, how, some, theirs, watches};

        done = take_turn(&turn);
    }
    return done;
}
