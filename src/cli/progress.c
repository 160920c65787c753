/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/size.h"
#include "base/text.h"

#define TERMINAL_INTERVAL (G_USEC_PER_SEC / 5)
#define PLAIN_INTERVAL (10 * G_USEC_PER_SEC)

/* The transfer that is shown: there is one at a time. */
static struct {
    bool running;
    gint64 began, shown; /* microseconds */
    uint64_t before;     /* bytes that were there when it began */
} state;

/* "312.4 MiB of 1.0 GiB, 95.2 MiB/s, 8 s left" */
static char *
describe(const gpuvm_progress *progress, gint64 now)
{
    double seconds = (double)(now - state.began) / G_USEC_PER_SEC;
    double rate = seconds > 0 ? (double)(progress->done - state.before) / seconds : 0;
    g_autofree char *done = gpuvm_size_format(progress->done), *total = gpuvm_size_format(progress->total);
    g_autofree char *speed = gpuvm_size_format((uint64_t)rate);
    g_autoptr(GString) text = g_string_new(done);

    if (progress->counts) {
        g_string_printf(text, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, progress->done, progress->total);
        if (progress->ended)
            g_string_append_printf(text, " in %.1f s", seconds);
        return g_strdup(text->str);
    }
    if (progress->ended) {
        g_string_append_printf(text, " in %.1f s, %s/s", seconds, speed);
        return g_strdup(text->str);
    }
    if (progress->total > 0)
        g_string_append_printf(text, " of %s", total);
    g_string_append_printf(text, ", %s/s", speed);
    if (rate > 0 && progress->total > progress->done)
        g_string_append_printf(text, ", %.0f s left", (double)(progress->total - progress->done) / rate);
    return g_strdup(text->str);
}

static void
print(const gpuvm_progress *progress, gint64 now)
{
    g_autofree char *text = describe(progress, now);
    g_autofree char *what = gpuvm_text_printable(progress->what);
    g_autofree char *name = g_path_get_basename(what); /* a line that wraps is not written again */

    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s %s: %s\033[K%s", progress->doing, name, text, progress->ended ? "\n" : "");
    else
        fprintf(stderr, "%s %s: %s\n", progress->doing, what, text);
    fflush(stderr);
    state.shown = now;
}

void
gpuvm_progress_show(const gpuvm_progress *progress)
{
    gint64 now = g_get_monotonic_time();

    if (!state.running) {
        if (progress->ended)
            return;
        state.running = true;
        state.began = state.shown = now;
        state.before = progress->done;
        g_autofree char *what = gpuvm_text_printable(progress->what);
        if (!isatty(STDERR_FILENO))
            fprintf(stderr, "%s %s\n", progress->doing, what);
        return;
    }
    if (progress->ended || now - state.shown >= (isatty(STDERR_FILENO) ? TERMINAL_INTERVAL : PLAIN_INTERVAL))
        print(progress, now);
    state.running = !progress->ended;
}

void
gpuvm_progress_hide(void)
{
    if (state.running && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

void
gpuvm_progress_say(const char *text)
{
    g_autofree char *line = gpuvm_text_printable(text);

    fprintf(stderr, "%s\n", line);
}
