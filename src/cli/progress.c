/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/size.h"
#include "base/text.h"

#define TERMINAL_INTERVAL (G_USEC_PER_SEC / 5)
#define PLAIN_INTERVAL (10 * G_USEC_PER_SEC)
#define PATIENCE (G_USEC_PER_SEC / 2) /* what is over sooner is not said to be waited for */
#define LEAST_COLUMNS 12              /* for what is waited for */

/* The transfer that is shown: there is one at a time. pending's mutex is held where it is used. */
static struct {
    bool running;
    gint64 began, shown; /* microseconds */
    uint64_t before;     /* bytes that were there when it began */
} state;

/* What is waited for. A thread writes the line, since whoever waits may hear nothing until it is over. */
static struct {
    GMutex mutex;
    GCond changed;
    GThread *thread; /* NULL: not begun */
    char *what;      /* NULL: nothing */
    const char *remedy;
    gint64 begun;
    unsigned seconds;
    bool shown; /* the line is on the terminal */
} pending;

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

static void
show(const gpuvm_progress *progress)
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
gpuvm_progress_show(const gpuvm_progress *progress)
{
    g_mutex_lock(&pending.mutex);
    show(progress);
    g_mutex_unlock(&pending.mutex);
}

/* The mutex is held. */
static void
erase(void)
{
    if (pending.shown || (state.running && isatty(STDERR_FILENO)))
        fputs("\r\033[K", stderr);
    pending.shown = false;
    fflush(stderr);
}

void
gpuvm_progress_hide(void)
{
    g_mutex_lock(&pending.mutex);
    erase();
    g_mutex_unlock(&pending.mutex);
}

void
gpuvm_progress_say(const char *text)
{
    g_autofree char *line = gpuvm_text_printable(text);

    g_mutex_lock(&pending.mutex);
    erase();
    fprintf(stderr, "%s\n", line);
    g_mutex_unlock(&pending.mutex);
}

/* "vm: asked the guest to shut down, 12 s of 90 s; --force ends it", in one line of the terminal: a longer one cannot be erased */
static void
write_pending(gint64 now)
{
    struct winsize size;
    glong columns = 80;
    g_autoptr(GString) rest = g_string_new(NULL);
    g_autofree char *printable = gpuvm_text_printable(pending.what), *what = NULL;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    g_string_append_printf(rest, ", %" G_GINT64_FORMAT " s", (now - pending.begun) / G_USEC_PER_SEC);
    if (pending.seconds > 0)
        g_string_append_printf(rest, " of %u s", pending.seconds);
    if (pending.remedy)
        g_string_append_printf(rest, "; %s", pending.remedy);
    what = gpuvm_text_begin(printable, MAX(columns - (glong)rest->len - 1, LEAST_COLUMNS));
    fprintf(stderr, "\r%s%s\033[K", what, rest->str);
    fflush(stderr);
    pending.shown = true;
}

static gpointer
show_pending(gpointer data)
{
    (void)data;
    g_mutex_lock(&pending.mutex);
    for (;;) {
        gint64 now = g_get_monotonic_time();

        if (!pending.what) {
            g_cond_wait(&pending.changed, &pending.mutex);
            continue;
        }
        if (now - pending.begun >= PATIENCE && !state.running)
            write_pending(now);
        g_cond_wait_until(&pending.changed, &pending.mutex, now + TERMINAL_INTERVAL);
    }
    return NULL;
}

void
gpuvm_progress_pending(const gpuvm_pending *now)
{
    g_mutex_lock(&pending.mutex);
    if (!now || !pending.what)
        g_cond_signal(&pending.changed);
    if (!now)
        erase();
    if (!now || g_strcmp0(pending.what, now->what) != 0) {
        g_free(pending.what);
        pending.what = now ? g_strdup(now->what) : NULL;
    }
    if (now) {
        pending.begun = now->begun;
        pending.seconds = now->seconds;
        pending.remedy = now->remedy;
        if (!pending.thread)
            pending.thread = g_thread_try_new("pending", show_pending, NULL, NULL);
    }
    g_mutex_unlock(&pending.mutex);
}
