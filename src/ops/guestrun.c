/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/guestrun.h"

#include "base/error.h"
#include "core/health.h"
#include "host/agent.h"

#define LOOK_MS                                                                                              \
    10 /* until it is first looked whether there is an answer, then twice as long each time, up to */
#define LOOK_MOST_MS 200

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

bool
gpuvm_guestrun(gpuvm_domain *domain, const char *begin, uint32_t limit_ms, gpuvm_guestexec *ret_process,
               GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)limit_ms * G_TIME_SPAN_MILLISECOND;
    g_autofree char *begun = command(domain, begin, error), *look = NULL;
    gpuvm_guestexec process = {.exited = false};
    int64_t pid;

    if (!begun)
        return false;
    if (!gpuvm_guestexec_read_pid(begun, &pid))
        return fail(error, NOT_UNDERSTOOD);
    look = gpuvm_guestexec_look(pid);
    for (unsigned wait_ms = LOOK_MS; !process.exited && g_get_monotonic_time() <= until;
         wait_ms = MIN(wait_ms * 2, LOOK_MOST_MS)) {
        g_autofree char *reply = NULL;

        g_usleep(wait_ms * G_TIME_SPAN_MILLISECOND);
        reply = command(domain, look, error);
        if (!reply)
            return false;
        if (!gpuvm_guestexec_read(reply, &process))
            return fail(error, NOT_UNDERSTOOD);
    }
    *ret_process = process;
    return true;
}
