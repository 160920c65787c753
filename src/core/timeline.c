/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/bystanders.h"
#include "core/tail.h"

#define MOST_BYTES 2000 /* of a line's begin, and of its end, that are looked at */
#define MOST_LINES 20000
#define SECONDS "\\[ *([0-9]{1,10})\\.([0-9]{6})\\] " /* of a kernel */
/* libvirt detaches devices before it opens the log of QEMU */
#define BEFORE_START (2 * 60 * G_TIME_SPAN_SECOND)

const char *const gpuvm_log_names[] = {"qemu", "libvirt", "kernel", "console"};

static void
free_event(gpointer data)
{
    gpuvm_event *event = data;

    g_free(event->text);
    g_free(event);
}

GPtrArray *
gpuvm_timeline_new(void)
{
    return g_ptr_array_new_with_free_func(free_event);
}

static gint64
time_of(const char *iso, GTimeZone *zone)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, zone);

    return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
                : GPUVM_TIME_UNKNOWN;
}

/* The bytes of @line that @pattern, a constant, takes at its beginning, in parts (g_strfreev); NULL. */
static char **
take(const char **line, const char *pattern)
{
    GRegex *regex = gpuvm_text_regex(pattern, G_REGEX_RAW | G_REGEX_ANCHORED);
    g_autoptr(GMatchInfo) match = NULL;
    int end = 0;

    if (!g_regex_match(regex, *line, 0, &match))
        return NULL;
    g_match_info_fetch_pos(match, 0, NULL, &end);
    *line += end;
    return g_match_info_fetch_all(match);
}

/* That of @iso, which has no year, in the year in which it is nearest to @near, and not in the future. */
static gint64
time_near(const char *iso, const gpuvm_clock *clock, gint64 near)
{
    gint64 limit = near == GPUVM_TIME_UNKNOWN ? MIN(clock->written, clock->now) : clock->now;
    gint64 base = near == GPUVM_TIME_UNKNOWN ? limit : near, best = GPUVM_TIME_UNKNOWN;
    g_autoptr(GDateTime) of =
        base == GPUVM_TIME_UNKNOWN ? NULL : g_date_time_new_from_unix_utc(base / G_USEC_PER_SEC);

    for (int years = -1; of && years <= 1; years++) {
        g_autofree char *text = g_strdup_printf("%04d%s", g_date_time_get_year(of) + years, iso);
        gint64 time = time_of(text, clock->zone);

        if (time <= limit + G_TIME_SPAN_DAY && /* it may be of another zone */
            time != GPUVM_TIME_UNKNOWN && (best == GPUVM_TIME_UNKNOWN || ABS(time - base) < ABS(best - base)))
            best = time;
    }
    return best;
}

/* "Nov 28 07:00:01 ", "[Sat Nov 28 07:00:01 2026] " */
static gint64
take_words(const char **line, const gpuvm_clock *clock, gint64 near)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    g_auto(GStrv) parts =
        take(line, "(?:\\[[A-Z][a-z]{2} )?([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9:]{8})(?: ([0-9]{4})\\])? ");
    const char *month = parts ? strstr(months, parts[1]) : NULL;
    g_autofree char *iso =
        month ? g_strdup_printf("%s-%02d-%02dT%s%s", parts[4] ? parts[4] : "", (int)(month - months) / 3 + 1,
                                atoi(parts[2]), parts[3], clock->zone ? "" : "Z")
              : NULL;

    return !iso ? GPUVM_TIME_UNKNOWN : *iso == '-' ? time_near(iso, clock, near) : time_of(iso, clock->zone);
}

gint64
gpuvm_timeline_stamp(const char **line, const gpuvm_clock *clock, gint64 near)
{
    const char *at = *line;
    gint64 time = GPUVM_TIME_UNKNOWN;

    if (g_ascii_isdigit(*at)) {
        g_auto(GStrv) parts = take(
            &at,
            "([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9:]{8})(?:[.,]([0-9]{1,6}))?(Z|[+-][0-9]{2}:?[0-9]{2}|):? ?");
        g_autofree char *iso = parts ? g_strdup_printf("%sT%s.%s%s", parts[1], parts[2],
                                                       *parts[3] ? parts[3] : "0", *parts[4] ? parts[4] : "Z")
                                     : NULL;

        time = iso ? time_of(iso, NULL) : GPUVM_TIME_UNKNOWN;
    } else if (g_ascii_isupper(*at) || (*at == '[' && g_ascii_isupper(at[1]))) {
        time = take_words(&at, clock, near);
    } else if (*at == '[' || *at == '<') {
        g_auto(GStrv) parts = take(&at, "(?:<[0-9]+>)?" SECONDS);

        if (parts && clock->boot != GPUVM_TIME_UNKNOWN)
            time = clock->boot + strtoll(parts[1], NULL, 10) * G_USEC_PER_SEC + strtoll(parts[2], NULL, 10);
    }
    if (time != GPUVM_TIME_UNKNOWN)
        *line = at;
    return time;
}

/* Of a line of the journal, or syslog's, behind its time: "HOST kernel: ", "HOST kernel: [  1.234567] ", "HOST libvirtd[12]: 2026-…: 12: " */
static void
skip_journal(const char **line, gpuvm_log *log)
{
    static const gpuvm_clock none = {.boot = GPUVM_TIME_UNKNOWN};
    g_auto(GStrv) parts = take(line, "[^ ]+ ([^ \\[:]+)(?:\\[[0-9]+\\])?: ");
    g_auto(GStrv) skipped = NULL;

    if (!parts)
        return;
    *log = g_str_equal(parts[1], "kernel") ? GPUVM_LOG_KERNEL : GPUVM_LOG_LIBVIRT;
    if (*log == GPUVM_LOG_KERNEL)
        skipped = take(line, SECONDS);
    else if (gpuvm_timeline_stamp(line, &none, GPUVM_TIME_UNKNOWN) != GPUVM_TIME_UNKNOWN)
        skipped = take(line, "[0-9]+: ");
}

/* What all lines of a log have. */
typedef struct reading {
    gpuvm_log log;
    gint64 before, near; /* the time of the line before; the last of the other logs */
    const gpuvm_clock *clock;
} reading;

static void
read_line(GPtrArray *events, const char *line, reading *of)
{
    gpuvm_event *event = g_new0(gpuvm_event, 1);
    const char *begin = line;
    gint64 time = gpuvm_timeline_stamp(&line, of->clock, of->near);
    bool journal = time != GPUVM_TIME_UNKNOWN &&
                   (of->log == GPUVM_LOG_KERNEL || of->log == GPUVM_LOG_LIBVIRT) &&
                   (g_ascii_isupper(*begin) ||
                    (line - begin > 10 && begin[10] == 'T' && !memchr(begin, ',', (size_t)(line - begin))));

    event->log = of->log;
    if (journal)
        skip_journal(&line, &event->log);
    event->time = of->before = MAX(time, of->before);
    event->text = gpuvm_text_printable(line);
    event->fault = gpuvm_fault_of_line(line, of->log == GPUVM_LOG_CONSOLE);
    event->suspected = !event->fault && of->log != GPUVM_LOG_CONSOLE &&
                       gpuvm_fault_suspected(line, event->log == GPUVM_LOG_KERNEL);
    g_ptr_array_add(events, event);
}

/* The line of @n bytes at @at, without what is in the middle of a very long one, and blanks for zeros. g_malloc. */
static char *
copy_line(const char *at, size_t n)
{
    size_t begin = MIN(n, MOST_BYTES), end = MIN(n - begin, MOST_BYTES);
    GString *line = g_string_new_len(at, (gssize)begin);

    if (begin + end < n)
        g_string_append(line, " … ");
    g_string_append_len(line, at + n - end, (gssize)end);
    for (gsize i = 0; i < line->len; i++)
        line->str[i] = line->str[i] ? line->str[i] : ' ';
    return g_strchomp(g_string_free(line, FALSE));
}

/* The time of the last of @events. */
static gint64
last_time(const GPtrArray *events)
{
    gint64 last = GPUVM_TIME_UNKNOWN;

    for (guint i = 0; i < events->len; i++)
        last = MAX(last, ((const gpuvm_event *)events->pdata[i])->time);
    return last;
}

void
gpuvm_timeline_add(GPtrArray *events, gpuvm_log log, const char *bytes, size_t size, gint64 begin,
                   const gpuvm_clock *clock)
{
    g_auto(GStrv) console = log == GPUVM_LOG_CONSOLE ? gpuvm_tail_lines(bytes, size, MOST_LINES) : NULL;
    reading of = {.log = log, .before = begin, .near = last_time(events), .clock = clock};
    const char *end = bytes + size;
    const char *at = end;

    for (unsigned lines = 0; at > bytes && lines <= MOST_LINES; at--)
        lines += at[-1] == '\n';
    for (char **line = console; line && *line; line++)
        read_line(events, *line, &of);
    while (!console && at < end) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((next ? next : end) - at);
        g_autofree char *line = copy_line(at, n);

        if (*line)
            read_line(events, line, &of);
        at += n + 1;
    }
}

static bool
is_start(const gpuvm_event *event)
{
    return event->log == GPUVM_LOG_QEMU && event->fault && g_str_equal(event->fault->id, "phase-started");
}

/* Where the last start begins; events->len: nowhere. */
static guint
find_start(const GPtrArray *events)
{
    for (guint i = events->len; i > 0; i--)
        if (is_start(events->pdata[i - 1]))
            return i - 1;
    return events->len;
}

gint64
gpuvm_timeline_started(const GPtrArray *events)
{
    guint start = find_start(events);

    return start < events->len ? ((const gpuvm_event *)events->pdata[start])->time : GPUVM_TIME_UNKNOWN;
}

static int
compare_events(gconstpointer a, gconstpointer b)
{
    const gpuvm_event *one = *(gpuvm_event *const *)a, *other = *(gpuvm_event *const *)b;

    return (one->time > other->time) - (one->time < other->time);
}

gint64
gpuvm_timeline_begin(const GPtrArray *events, gint64 since)
{
    gint64 started = gpuvm_timeline_started(events);

    return since != GPUVM_TIME_UNKNOWN || started == GPUVM_TIME_UNKNOWN ? since : started - BEFORE_START;
}

GPtrArray *
gpuvm_timeline_settle(GPtrArray *events, gint64 since)
{
    guint start = since == GPUVM_TIME_UNKNOWN ? find_start(events) : 0;
    gint64 begin = gpuvm_timeline_begin(events, since);
    GPtrArray *kept = gpuvm_timeline_new();

    for (guint i = 0; i < events->len; i++) {
        gpuvm_event *event = events->pdata[i];
        bool before = start < events->len && event->log == GPUVM_LOG_QEMU && i < start;

        if (before || (event->time != GPUVM_TIME_UNKNOWN && event->time < begin))
            free_event(event);
        else
            g_ptr_array_add(kept, event);
    }
    g_ptr_array_set_free_func(events, NULL);
    g_ptr_array_unref(events);
    gpuvm_bystanders_excuse(kept);
    g_ptr_array_sort(kept, compare_events);
    return kept;
}

GPtrArray *
gpuvm_timeline_faults(const GPtrArray *events)
{
    static const gpuvm_fault_severity order[] = {GPUVM_FAULT_FATAL, GPUVM_FAULT_WARNING, GPUVM_FAULT_WRAPPER};
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    GPtrArray *faults = g_ptr_array_new();
    guint undated = 0;

    while (undated < events->len && ((const gpuvm_event *)events->pdata[undated])->time == GPUVM_TIME_UNKNOWN)
        undated++;
    for (size_t o = 0; o < G_N_ELEMENTS(order); o++) {
        for (guint i = 0; i < events->len; i++) {
            gpuvm_event *event = events->pdata[(i + undated) % events->len];
            bool wanted = event->fault && event->fault->severity == order[o] &&
                          (order[o] != GPUVM_FAULT_WRAPPER || faults->len == 0);

            if (wanted && g_hash_table_add(seen, (gpointer)event->fault))
                g_ptr_array_add(faults, event);
        }
    }
    return faults;
}

/* "1h", "30 min" in µs; 0: it is no span. */
static gint64
span_of(const char *text)
{
    static const struct {
        const char *names;
        gint64 span;
    } units[] = {
        {"s sec second seconds", G_TIME_SPAN_SECOND}, {"m min minute minutes", G_TIME_SPAN_MINUTE},
        {"h hour hours", G_TIME_SPAN_HOUR},           {"d day days", G_TIME_SPAN_DAY},
        {"w week weeks", 7 * G_TIME_SPAN_DAY},
    };
    g_auto(GStrv) parts = take(&text, "([0-9]{1,6}) ?([a-z]+)$");

    for (size_t i = 0; parts && i < G_N_ELEMENTS(units); i++)
        if (gpuvm_text_fits(units[i].names, parts[2]))
            return strtoll(parts[1], NULL, 10) * units[i].span;
    return 0;
}

gint64
gpuvm_timeline_since(const char *text, gint64 now, GTimeZone *zone)
{
    const char *at = text;
    g_auto(GStrv) date =
        take(&at, "([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9.]+)?([^ ]*))?$");
    g_auto(GStrv) epoch = date ? NULL : take(&at, "@([0-9]{1,12})$");
    g_autofree char *ago = g_str_has_suffix(text, " ago") ? g_strndup(text, strlen(text) - 4) : NULL;
    gint64 span = *text == '-' ? span_of(text + 1) : ago ? span_of(ago) : 0;

    if (date) {
        guint n = g_strv_length(date);
        g_autofree char *iso = g_strdup_printf("%sT%s%s%s", date[1], n > 2 && *date[2] ? date[2] : "00:00",
                                               n > 3 && *date[3] ? date[3] : ":00", n > 4 ? date[4] : "");

        return time_of(iso, zone);
    }
    if (epoch)
        return strtoll(epoch[1], NULL, 10) * G_USEC_PER_SEC;
    return span > 0 ? now - span : GPUVM_TIME_UNKNOWN;
}

bool
gpuvm_timeline_log_of(const char *file, gpuvm_log *ret_log)
{
    static const struct {
        const char *patterns;
        gpuvm_log log;
    } names[] = {
        {"kernel.log kern.log dmesg dmesg.log dmesg.txt journal.log", GPUVM_LOG_KERNEL},
        {"libvirt.log libvirtd.log virtqemud.log", GPUVM_LOG_LIBVIRT},
        {"console.log *-console.log *-serial0.log", GPUVM_LOG_CONSOLE},
        {"*.log", GPUVM_LOG_QEMU},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (gpuvm_text_fits(names[i].patterns, file)) {
            *ret_log = names[i].log;
            return true;
        }
    }
    return false;
}
