/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/guestreport.h"

#include "core/reporter.h"
#include "host/channel.h"

#define LOOK_MS 50

char *
gpuvm_guestreport(gpuvm_domain *domain, unsigned seconds, bool (*stop)(void), GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;
    g_autoptr(gpuvm_channel) channel = gpuvm_channel_open(domain, GPUVM_REPORTER_CHANNEL, error);
    g_autoptr(GString) bytes = g_string_new(NULL);

    while (channel && gpuvm_channel_read(channel, bytes, error)) {
        char *report = gpuvm_reporter_find(bytes->str, bytes->len);
        bool much = bytes->len > GPUVM_REPORTER_MOST;

        if (report)
            return report;
        if (much || g_get_monotonic_time() > until || (stop && stop())) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, "%s",
                        much ? "what the guest's service says is not understood"
                             : "the guest's service does not say in time what it has");
            break;
        }
        g_usleep(LOOK_MS * G_TIME_SPAN_MILLISECOND);
    }
    return NULL;
}
