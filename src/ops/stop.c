/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/stop.h"

#include "base/error.h"
#include "ops/giveback.h"

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

/* Waits for its end. @due: what it is to give back. */
static bool
end_stop(gpuvm_session *session, gpuvm_domain *domain, const gpuvm_giveback *due,
         const gpuvm_stop_options *options, gint64 begun)
{
    GError *error = NULL;
    bool stopped = await_end(session, domain, options, begun, &error);

    gpuvm_session_settle(session);
    gpuvm_session_forget(session);
    if (stopped)
        gpuvm_giveback_check(session, due);
    return stopped || gpuvm_session_fail(session, error);
}

bool
gpuvm_stop(gpuvm_session *session, const char *name, const gpuvm_stop_options *options,
           gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(gpuvm_giveback) due = domain ? gpuvm_giveback_expect(session, domain) : NULL;

    if (!domain)
        return false;
    *ret_outcome = domain->active ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    return !domain->active || (begin_stop(session, domain, options) &&
                               end_stop(session, domain, due, options, g_get_monotonic_time()));
}

bool
gpuvm_stop_all(gpuvm_session *session, const GPtrArray *names, const gpuvm_stop_options *options,
               void (*told)(void *data, const char *name, bool off), void *data)
{
    gint64 begun = g_get_monotonic_time();
    g_autoptr(GPtrArray) asked = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_domain_free);
    g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_giveback_free);
    bool stopped = true;

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(gpuvm_record) record = NULL;
        g_autoptr(gpuvm_domain) domain = NULL;
        g_autoptr(gpuvm_giveback) of_it = NULL;

        gpuvm_diags_set_subject(session->diags, names->pdata[i]);
        domain = gpuvm_find_managed(session, names->pdata[i], &record);
        of_it = domain ? gpuvm_giveback_expect(session, domain) : NULL;
        if (domain && domain->active && begin_stop(session, domain, options)) {
            g_ptr_array_add(asked, g_steal_pointer(&domain));
            g_ptr_array_add(due, g_steal_pointer(&of_it));
        } else {
            stopped &= domain && !domain->active;
        }
    }
    for (guint i = 0; i < asked->len; i++) {
        gpuvm_domain *domain = asked->pdata[i];
        bool off;

        gpuvm_diags_set_subject(session->diags, domain->name);
        off = end_stop(session, domain, due->pdata[i], options, begun);
        told(data, domain->name, off);
        stopped &= off;
    }
    gpuvm_diags_set_subject(session->diags, NULL);
    return stopped;
}
