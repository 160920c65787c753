/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timeline.h: lines of several logs in the order of their time, and what they tell of a start
 *
 * Times are µs since the epoch. What has no time of its own has that of the line before it.
 */
#pragma once

#include "model/faults.h"

#define GPUVM_TIME_UNKNOWN G_MININT64

typedef enum gpuvm_log { GPUVM_LOG_QEMU, GPUVM_LOG_LIBVIRT, GPUVM_LOG_KERNEL, GPUVM_LOG_CONSOLE } gpuvm_log;

/** "qemu", "libvirt", "kernel", "console". */
extern const char *const gpuvm_log_names[];

/** One line of a log. */
typedef struct gpuvm_event {
    gint64 time;
    gpuvm_log log;
    char *text;               /* without its time; printable, cut when it is long */
    const gpuvm_fault *fault; /* what it tells of; NULL: nothing that is known */
    bool suspected;           /* it is not known, and looks like an error */
} gpuvm_event;

/** An array of gpuvm_event. */
GPtrArray *gpuvm_timeline_new(void);

/** What the stamps of a log do not say; times may be GPUVM_TIME_UNKNOWN. */
typedef struct gpuvm_clock {
    gint64 boot;    /* when the kernel began whose seconds are counted */
    gint64 written; /* when the file was last written */
    gint64 now;
    GTimeZone *zone; /* of times without year, and of dmesg -T; NULL: UTC */
} gpuvm_clock;

/**
 * The time that *@line begins with, which moves behind it; else GPUVM_TIME_UNKNOWN. ISO 8601, as libvirt, QEMU, journalctl and dmesg
 * write it (without a zone it is UTC), the kernel's seconds, those of dmesg -T, or syslog's, which have no year (RFC 3164): that in
 * which they are nearest to @near and not in the future, or, where that is unknown, to when the file was written, and not behind that.
 */
gint64 gpuvm_timeline_stamp(const char **line, const gpuvm_clock *clock, gint64 near);

/**
 * Adds the lines of @bytes. @begin: when the first was written, where it does not say; it may be GPUVM_TIME_UNKNOWN. What has no year is
 * near to the last line of the logs that were added before. The journal's lines, and syslog's, are the kernel's or libvirt's as they say.
 */
void gpuvm_timeline_add(GPtrArray *events, gpuvm_log log, const char *bytes, size_t size, gint64 begin,
                        const gpuvm_clock *clock);

/** When libvirt last started QEMU; GPUVM_TIME_UNKNOWN. */
gint64 gpuvm_timeline_started(const GPtrArray *events);

/** From when on the logs tell of the last start: with the time that taking its devices needs; @since, unless that is unknown. */
gint64 gpuvm_timeline_begin(const GPtrArray *events, gint64 since);

/**
 * @events (taken) in the order of their time, without those before gpuvm_timeline_begin, and of QEMU's log without what was before the last
 * start, unless @since is known. What the kernel says of a card is no fault of a VM whose QEMU, by its log, does not have it.
 */
GPtrArray *gpuvm_timeline_settle(GPtrArray *events, gint64 since);

/**
 * The first line of each fault (events, borrowed), the cause first: fatal ones in the order of their time, then warnings, of each those without a
 * time at the end; what only passes on another's words gives way to these.
 */
GPtrArray *gpuvm_timeline_faults(const GPtrArray *events);

/** What --since says: ISO 8601 (@zone where it says none), "-1h", "1h ago", "@SECONDS"; GPUVM_TIME_UNKNOWN: none of these. */
gint64 gpuvm_timeline_since(const char *text, gint64 now, GTimeZone *zone);

/** Where the log of that name is to be found in a saved directory; false: it is none. "vm.log" is QEMU's. */
bool gpuvm_timeline_log_of(const char *file, gpuvm_log *ret_log);
