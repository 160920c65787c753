/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-timeline.c: any bytes as each log of a start, the first line of which is --since: lines in the order of their time, that can be shown
 */
#include <config.h>

#include <string.h>

#include "core/timeline.h"
#include "fuzz.h"

#define NOW (1795168800 * (gint64)G_USEC_PER_SEC)
#define YEARS (100 * 366 * (gint64)G_TIME_SPAN_DAY)

static void
check_stamp(const char *line, const gpuvm_clock *clock)
{
    const char *at = line;
    gint64 time = gpuvm_timeline_stamp(&at, clock, NOW);

    FUZZ_REQUIRE(at >= line && at <= line + strlen(line));
    FUZZ_REQUIRE((at == line) == (time == GPUVM_TIME_UNKNOWN));
    if (time != GPUVM_TIME_UNKNOWN && g_ascii_isupper(*line)) /* no year */
        FUZZ_REQUIRE(ABS(time - NOW) < 400 * G_TIME_SPAN_DAY);
}

static void
check_events(const GPtrArray *events)
{
    gint64 before = GPUVM_TIME_UNKNOWN;

    for (guint i = 0; i < events->len; i++) {
        const gpuvm_event *event = events->pdata[i];
        g_autofree char *decoded = gpuvm_fault_decode(event->text);

        FUZZ_REQUIRE(event->time >= before && g_utf8_validate(event->text, -1, NULL));
        FUZZ_REQUIRE(!event->fault || !event->suspected);
        before = event->time;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const gpuvm_clock clock = {.boot = NOW, .written = NOW, .now = NOW};
    g_autofree char *text = fuzz_text(data, size), *line = g_strndup(text, strcspn(text, "\n"));
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    gint64 since = gpuvm_timeline_since(line, NOW, zone);
    GPtrArray *events = gpuvm_timeline_new();

    check_stamp(line, &clock);
    for (gpuvm_log log = GPUVM_LOG_QEMU; log <= GPUVM_LOG_CONSOLE; log++)
        gpuvm_timeline_add(events, log, (const char *)data, size, gpuvm_timeline_started(events), &clock);
    events = gpuvm_timeline_settle(events, since);
    check_events(events);
    g_autoptr(GPtrArray) faults = gpuvm_timeline_faults(events);
    for (guint i = 0; i < faults->len; i++)
        FUZZ_REQUIRE(g_ptr_array_find(events, faults->pdata[i], NULL));
    g_ptr_array_unref(events);
    return 0;
}
