/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/await.h"

#include "host/curl.h"
#include "ops/ask.h"
#include "ops/healthurl.h"

#define POLL_US (500 * G_TIME_SPAN_MILLISECOND)

const char *const gpuvm_goal_names[] = {"running", "healthy", "stopped", NULL};

/* What is waited for. */
typedef struct awaiting {
    gpuvm_session *session;
    gpuvm_domain *domain;
    const gpuvm_record *record;
    gpuvm_goal goal;
    char *url; /* of a health check; NULL */
    gint64 end;
} awaiting;

/* NULL: it is so; else why not. g_malloc. */
static char *
why_not(const awaiting *wait)
{
    const gpuvm_domain *domain = wait->domain;
    g_autoptr(gpuvm_health) health = NULL;
    gint64 left = wait->end - g_get_monotonic_time();

    if (wait->goal != GPUVM_GOAL_HEALTHY || !domain->active)
        return (wait->goal == GPUVM_GOAL_STOPPED) != domain->active
                   ? NULL
                   : g_strdup_printf("it is %s", gpuvm_domain_state_name(domain->state));
    health = gpuvm_health_ask_one(wait->session, domain, wait->url, wait->record->health_from,
                                  (uint64_t)MAX(left, 0) / G_TIME_SPAN_MILLISECOND, NULL);
    return health->state == GPUVM_HEALTH_HEALTHY ? NULL : g_strdup(health->reason);
}

static bool
wait_for(const awaiting *wait, gint64 begun, unsigned seconds)
{
    const char *goal = gpuvm_goal_names[wait->goal];
    GError *error = NULL;

    while (gpuvm_domain_refresh(wait->domain, &error)) {
        g_autofree char *why = why_not(wait);

        if (!why)
            return true;
        if (g_get_monotonic_time() >= wait->end) {
            gpuvm_diags_error(wait->session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "not %s after %u s: %s", goal,
                              seconds, why);
            return false;
        }
        gpuvm_session_pend(wait->session, (gpuvm_pending){.begun = begun, .seconds = seconds},
                           "%s: waiting until it is %s: %s", wait->domain->name, goal, why);
        g_usleep(POLL_US);
    }
    return gpuvm_session_fail(wait->session, error);
}

bool
gpuvm_await(gpuvm_session *session, const char *name, gpuvm_goal goal, gint64 begun, unsigned seconds)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    awaiting wait = {session, domain, record, goal, .end = begun + (gint64)seconds * G_USEC_PER_SEC};
    GError *error = NULL;
    bool reached;

    if (!domain)
        return false;
    if (goal == GPUVM_GOAL_HEALTHY && !record->health_url) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL,
                          "it has no health_check, and is never known to be healthy");
        return false;
    }
    if (goal == GPUVM_GOAL_HEALTHY && !gpuvm_curl_load(&error))
        return gpuvm_session_fail(session, error);
    wait.url = goal == GPUVM_GOAL_HEALTHY ? gpuvm_health_url(session, name, record) : NULL;
    reached = wait_for(&wait, begun, seconds);
    gpuvm_session_settle(session);
    g_free(wait.url);
    return reached;
}
