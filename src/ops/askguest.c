/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/askguest.h"

#include "base/error.h"
#include "core/guestprobe.h"
#include "core/health.h"
#include "host/agent.h"

#define LOOK_MS                                                                                              \
    10 /* until it is first looked whether there is an answer, then twice as long each time, up to */
#define LOOK_MOST_MS 200
#define GRACE_MS 1500 /* for the guest, which counts whole seconds and may be slow, to give up by itself */

#define NOT_UNDERSTOOD "what the guest agent says is not understood"

static bool
fail(GError **error, const char *why)
{
    g_set_error_literal(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, why);
    return false;
}

static char *
command(gpuvm_domain *domain, const char *text, GError **error)
{
    char *reply = NULL;

    if (gpuvm_agent_command(domain, text, &reply, error) && !reply)
        fail(error, GPUVM_HEALTH_NO_AGENT);
    return reply;
}

/* Looks until process @pid of the guest has ended, or @until (µs). */
static bool
wait_for(gpuvm_domain *domain, int64_t pid, gint64 until, gpuvm_answer *ret_answer, GError **error)
{
    g_autofree char *look = gpuvm_guestprobe_look(pid);
    bool exited = false;

    for (unsigned wait_ms = LOOK_MS; !exited; wait_ms = MIN(wait_ms * 2, LOOK_MOST_MS)) {
        g_autofree char *reply = NULL;

        if (g_get_monotonic_time() > until) {
            *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_NONE};
            return true;
        }
        g_usleep(wait_ms * G_TIME_SPAN_MILLISECOND);
        reply = command(domain, look, error);
        if (!reply)
            return false;
        if (!gpuvm_guestprobe_read(reply, &exited, ret_answer))
            return fail(error, NOT_UNDERSTOOD);
    }
    return true;
}

bool
gpuvm_askguest(gpuvm_domain *domain, const char *url, uint32_t limit_ms, gpuvm_answer *ret_answer,
               GError **error)
{
    g_autofree char *begin = gpuvm_guestprobe_begin(url, limit_ms);
    gint64 begun = g_get_monotonic_time();
    g_autofree char *reply = begin ? command(domain, begin, error) : NULL;
    int64_t pid;

    if (!begin)
        return fail(error, "its URL is not an http or https URL");
    if (!reply)
        return false;
    if (!gpuvm_guestprobe_read_pid(reply, &pid))
        return fail(error, NOT_UNDERSTOOD);
    if (!wait_for(domain, pid, begun + (gint64)(limit_ms + GRACE_MS) * G_TIME_SPAN_MILLISECOND, ret_answer,
                  error))
        return false;
    ret_answer->taken_ms = (uint32_t)((g_get_monotonic_time() - begun) / G_TIME_SPAN_MILLISECOND);
    return true;
}
