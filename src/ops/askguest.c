/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/askguest.h"

#include "base/error.h"
#include "core/guestprobe.h"
#include "ops/guestrun.h"

#define GRACE_MS 1500 /* for the guest, which counts whole seconds and may be slow, to give up by itself */

bool
gpuvm_askguest(gpuvm_domain *domain, const char *url, uint32_t limit_ms, gpuvm_answer *ret_answer,
               GError **error)
{
    g_autofree char *begin = gpuvm_guestprobe_begin(url, limit_ms);
    gint64 begun = g_get_monotonic_time();
    gpuvm_guestexec process;

    if (!begin) {
        g_set_error_literal(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, "its URL is not an http or https URL");
        return false;
    }
    if (!gpuvm_guestrun(domain, begin, limit_ms + GRACE_MS, &process, error))
        return false;
    if (process.exited)
        gpuvm_guestprobe_read(&process, ret_answer);
    else
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_NONE};
    g_free(process.output);
    ret_answer->taken_ms = (uint32_t)((g_get_monotonic_time() - begun) / G_TIME_SPAN_MILLISECOND);
    return true;
}
