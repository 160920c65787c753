/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/stop.h"

#include "base/error.h"
#include "ops/clustervm.h"
#include "ops/giveback.h"
#include "ops/locks.h"
#include "ops/transient.h"

#define POLL_US (200 * G_TIME_SPAN_MILLISECOND)
#define AGAIN_US (10 * G_USEC_PER_SEC)

/* Has the guest of @domain, which runs, go off; whether it is asked to, or off. */
static bool
begin_stop(gpuvm_session *session, gpuvm_domain *domain, const gpuvm_stop_options *options)
{
    GError *error = NULL;

    gpuvm_session_forget(session);
    if (!options->force)
        gpuvm_session_say(session, "%s: asking the guest to shut down, which may take %u s", domain->name,
                          options->seconds);
    return (options->force ? gpuvm_domain_destroy(domain, &error) : gpuvm_domain_shutdown(domain, &error)) ||
           gpuvm_session_fail(session, error);
}

/* Waits for the end of @domain, which was asked at @begun. */
static bool
await_end(gpuvm_session *session, gpuvm_domain *domain, const gpuvm_stop_options *options, gint64 begun,
          GError **error)
{
    gint64 asked = begun;

    while (domain->active && gpuvm_domain_refresh(domain, error)) {
        gint64 now = g_get_monotonic_time();
        bool interrupted = gpuvm_session_interrupted(session);

        if (!domain->active)
            return true;
        if (interrupted || now >= begun + (gint64)options->seconds * G_USEC_PER_SEC) {
            g_autofree char *after = g_strdup_printf(" after %u s", options->seconds);

            g_set_error(error, GPUVM_ERROR, interrupted ? GPUVM_EXIT_FAILED : GPUVM_EXIT_UNHEALTHY,
                        "%sdomain '%s' was asked to shut down and still runs%s\n"
                        "%s, or cut its power: `gpuvm stop --force %s`",
                        interrupted ? "interrupted: " : "", domain->name, interrupted ? "" : after,
                        interrupted ? "wait for it with `gpuvm stop`" : "give it more time", domain->name);
            return false;
        }
        if (now >= asked + AGAIN_US) {
            asked = now;
            gpuvm_domain_press_power(domain);
        }
        gpuvm_session_pend(
            session,
            (gpuvm_pending){.begun = begun, .seconds = options->seconds, .remedy = "--force ends it"},
            "%s: asked the guest to shut down", domain->name);
        g_usleep(POLL_US);
    }
    return !domain->active;
}

/* What a domain is to give back, and to leave, when it is off. */
typedef struct leaving {
    gpuvm_giveback *due; /* NULL */
    bool transient;      /* nothing of it is to stay: */
    char *pool, *xml;    /* where its volumes are, NULL; what it runs with */
} leaving;

static void
free_leaving(leaving *what)
{
    gpuvm_giveback_free(what->due);
    g_free(what->pool);
    g_free(what->xml);
    g_free(what);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(leaving, free_leaving)

static leaving *
expect_leaving(gpuvm_session *session, gpuvm_domain *domain, const gpuvm_record *record)
{
    leaving *what = g_new0(leaving, 1);

    what->due = gpuvm_giveback_expect(session, domain);
    what->transient = record->transient && !domain->persistent;
    what->pool = g_strdup(record->pool);
    what->xml = what->transient ? gpuvm_domain_xml(domain, false, NULL) : NULL;
    return what;
}

/* Unless it runs again: that run has removed what was left. */
static bool
remove_left(gpuvm_session *session, const char *name, const leaving *what)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    g_autoptr(gpuvm_domain) domain = NULL;
    GError *error = NULL;

    if (!what->xml)
        return true;
    if (!gpuvm_locks_add_vm(locks, session, name))
        return false;
    if (!gpuvm_domain_find(session->connection, name, &domain, &error))
        return gpuvm_session_fail(session, error);
    return domain || gpuvm_transient_remove(session, name, what->pool, what->xml);
}

/* Waits for its end. @what: it is to leave. */
static bool
end_stop(gpuvm_session *session, gpuvm_domain *domain, const leaving *what, const gpuvm_stop_options *options,
         gint64 begun)
{
    GError *error = NULL;
    bool stopped = await_end(session, domain, options, begun, &error);

    gpuvm_session_settle(session);
    gpuvm_session_forget(session);
    if (!stopped)
        return gpuvm_session_fail(session, error);
    gpuvm_giveback_check(session, what->due);
    gpuvm_clustervm_note_stop(session, domain->name);
    return remove_left(session, domain->name, what);
}

bool
gpuvm_stop(gpuvm_session *session, const char *name, const gpuvm_stop_options *options,
           gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(leaving) what = domain ? expect_leaving(session, domain, record) : NULL;

    if (!domain)
        return false;
    *ret_outcome = domain->active ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    return !domain->active || (begin_stop(session, domain, options) &&
                               end_stop(session, domain, what, options, g_get_monotonic_time()));
}

bool
gpuvm_stop_all(gpuvm_session *session, const GPtrArray *names, const gpuvm_stop_options *options,
               void (*told)(void *data, const char *name, bool off), void *data)
{
    gint64 begun = g_get_monotonic_time();
    g_autoptr(GPtrArray) asked = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_domain_free);
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func((GDestroyNotify)free_leaving);
    bool stopped = true;

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(gpuvm_record) record = NULL;
        g_autoptr(gpuvm_domain) domain = NULL;
        g_autoptr(leaving) what = NULL;

        gpuvm_diags_set_subject(session->diags, names->pdata[i]);
        domain = gpuvm_find_managed(session, names->pdata[i], &record);
        what = domain ? expect_leaving(session, domain, record) : NULL;
        if (domain && domain->active && begin_stop(session, domain, options)) {
            g_ptr_array_add(asked, g_steal_pointer(&domain));
            g_ptr_array_add(left, g_steal_pointer(&what));
        } else {
            stopped &= domain && !domain->active;
        }
    }
    for (guint i = 0; i < asked->len; i++) {
        gpuvm_domain *domain = asked->pdata[i];
        bool off;

        gpuvm_diags_set_subject(session->diags, domain->name);
        off = end_stop(session, domain, left->pdata[i], options, begun);
        told(data, domain->name, off);
        stopped &= off;
    }
    gpuvm_diags_set_subject(session->diags, NULL);
    return stopped;
}
