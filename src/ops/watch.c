/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/watch.h"

#include "core/health.h"
#include "core/tail.h"
#include "host/console.h"
#include "host/curl.h"
#include "ops/ask.h"
#include "ops/healthurl.h"

#define PERIOD_MS 500 /* between two questions */
#define STOP_MS 100   /* how often stop is asked */
#define TAIL_LINES 20

struct gpuvm_watch {
    gpuvm_domain *domain;
    char *url;
    int from; /* enum gpuvm_health_from */
    uint64_t timeout_ms;
    gint64 begun;             /* µs */
    gpuvm_console_tail *tail; /* NULL: it cannot be had */
};

gpuvm_watch *
gpuvm_watch_new(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;
    gpuvm_watch *watch;

    if (!domain)
        return NULL;
    if (!record->health_url) {
        gpuvm_diags_note(session->diags, NULL, "it has no health_check: there is nothing to wait for");
        return NULL;
    }
    if (!gpuvm_curl_load(&error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    watch = g_new0(gpuvm_watch, 1);
    watch->begun = g_get_monotonic_time();
    watch->url = gpuvm_health_url(session, name, record);
    watch->from = record->health_from;
    watch->timeout_ms = record->health_timeout_ms;
    watch->tail = gpuvm_console_tail_open(session->connection, domain);
    watch->domain = g_steal_pointer(&domain);
    return watch;
}

void
gpuvm_watch_free(gpuvm_watch *watch)
{
    if (!watch)
        return;
    gpuvm_domain_free(watch->domain);
    g_free(watch->url);
    gpuvm_console_tail_close(watch->tail);
    g_free(watch);
}

const char *
gpuvm_watch_name(const gpuvm_watch *watch)
{
    return watch->domain->name;
}

static uint64_t
elapsed_ms(const gpuvm_watch *watch)
{
    return (uint64_t)(g_get_monotonic_time() - watch->begun) / G_TIME_SPAN_MILLISECOND;
}

/* Sleeps until @ms after the start, or @stop. */
static void
sleep_until(const gpuvm_watch *watch, uint64_t ms, bool (*stop)(void))
{
    for (uint64_t now = elapsed_ms(watch); now < ms && !(stop && stop()); now = elapsed_ms(watch))
        g_usleep(MIN(ms - now, STOP_MS) * G_TIME_SPAN_MILLISECOND);
}

/* Asks until it is healthy, off, out of time or stopped; its last health. */
static gpuvm_health *
ask_until_over(gpuvm_session *session, const gpuvm_watch *watch)
{
    bool (*stop)(void) = session->interrupted;
    gpuvm_health *last = NULL;

    gpuvm_session_say(session, "%6.1f s  waiting for %s to be healthy, for %g s at most", 0.0,
                      watch->domain->name, (double)watch->timeout_ms / 1000);
    do {
        uint64_t now = elapsed_ms(watch);
        uint64_t left = watch->timeout_ms > now ? watch->timeout_ms - now : 0;

        gpuvm_session_pend(
            session, (gpuvm_pending){.begun = watch->begun, .seconds = (unsigned)(watch->timeout_ms / 1000)},
            "%s: waiting for it to be healthy%s%s", watch->domain->name, last ? ": " : "",
            last ? last->reason : "");
        /* at least once, even for one that was waited for after another */
        gpuvm_health *health =
            gpuvm_health_ask_one(session, watch->domain, watch->url, watch->from, left, stop);

        if (last && stop && stop()) {
            gpuvm_health_free(health);
            break;
        }
        if (!last || g_strcmp0(last->reason, health->reason) != 0)
            gpuvm_session_say(session, "%6.1f s  %s: %s", (double)elapsed_ms(watch) / 1000,
                              watch->domain->name, health->reason);
        gpuvm_health_free(last);
        last = health;
        if (last->state != GPUVM_HEALTH_UNHEALTHY)
            break;
        sleep_until(watch, MIN(now + PERIOD_MS, watch->timeout_ms), stop);
    } while (elapsed_ms(watch) < watch->timeout_ms && !(stop && stop()));
    gpuvm_session_settle(session);
    return last;
}

static void
hint_console(gpuvm_diag *diag, gpuvm_console_tail *tail)
{
    size_t size = 0;
    g_autofree char *text = tail ? gpuvm_console_tail_text(tail, &size) : NULL;
    g_auto(GStrv) lines = text ? gpuvm_tail_lines(text, size, TAIL_LINES) : NULL;

    if (lines && *lines)
        gpuvm_diag_hint(diag, "the console's last lines:");
    for (char **line = lines; line && *line; line++)
        gpuvm_diag_hint(diag, "  %s", *line);
}

static void
hint_again(gpuvm_diag *diag, const char *name, bool stays)
{
    if (stays)
        gpuvm_diag_hint(diag, "the VM goes on running; ask again: gpuvm health %s", name);
}

bool
gpuvm_watch_wait(gpuvm_session *session, gpuvm_watch *watch, bool stays)
{
    g_autoptr(gpuvm_health) health = ask_until_over(session, watch);
    const char *name = watch->domain->name, *hint = gpuvm_health_hint(watch->from, health->reason);
    double seconds = (double)watch->timeout_ms / 1000;
    gpuvm_diag *diag;

    if (health->state == GPUVM_HEALTH_HEALTHY)
        return true;
    if (health->state == GPUVM_HEALTH_OFF) {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
                                 "the VM has stopped before it was healthy");
    } else if (gpuvm_session_interrupted(session)) {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                 "no longer waited for: it was not healthy yet: %s", health->reason);
        hint_again(diag, name, stays);
        return false;
    } else {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "not healthy after %g s: %s",
                                 seconds, health->reason);
        if (health->url)
            gpuvm_diag_hint(diag, "asked was %s", health->url);
        if (hint)
            gpuvm_diag_hint(diag, "%s", hint);
        hint_again(diag, name, stays);
    }
    hint_console(diag, watch->tail);
    return false;
}
