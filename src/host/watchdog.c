/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/watchdog.h"

#include "host/aside.h"
#include "host/connection.h"

#define INTERVAL_US (3 * G_USEC_PER_SEC)
#define PATIENCE 10 /* steps; while this process is stopped, at most one passes */
#define STEP_US G_USEC_PER_SEC
#define END_US G_USEC_PER_SEC /* for an answer that is on its way, when nobody needs it any more */

static struct {
    GThread *thread; /* NULL: not begun */
    char *uri;
    void (*lost)(void);
    GMutex mutex; /* of what follows */
    GCond changed;
    bool asking, paused, ended;
} watchdog;

static void
ask(gpointer uri)
{
    virConnect *conn = gpuvm_virt.ConnectOpenReadOnly(uri);

    if (conn)
        gpuvm_virt.ConnectClose(conn); /* that it cannot be connected to is an answer, too */
}

static bool
answers(void)
{
    g_autoptr(gpuvm_aside) aside = gpuvm_aside_new(ask, g_free);
    bool came = false;

    if (!gpuvm_aside_begin(aside, g_strdup(watchdog.uri)))
        return true;
    for (unsigned step = 0; step < PATIENCE && !came; step++) {
        g_autofree char *uri = gpuvm_aside_next(aside, g_get_monotonic_time() + STEP_US);

        came = uri != NULL;
    }
    return came;
}

static gpointer
watch(gpointer data)
{
    (void)data;
    g_mutex_lock(&watchdog.mutex);
    while (!watchdog.ended) {
        bool answered;

        g_cond_wait_until(&watchdog.changed, &watchdog.mutex, g_get_monotonic_time() + INTERVAL_US);
        if (watchdog.ended || watchdog.paused)
            continue;
        watchdog.asking = true;
        g_mutex_unlock(&watchdog.mutex);
        answered = answers();
        g_mutex_lock(&watchdog.mutex);
        watchdog.asking = false;
        g_cond_signal(&watchdog.changed);
        if (!answered && !watchdog.paused && !watchdog.ended)
            watchdog.lost();
    }
    g_mutex_unlock(&watchdog.mutex);
    return NULL;
}

void
gpuvm_watchdog_begin(const char *uri, void (*lost)(void))
{
    if (watchdog.thread || !uri || !lost || !gpuvm_connection_is_local(uri) || !gpuvm_virt_load(NULL))
        return;
    watchdog.uri = g_strdup(uri);
    watchdog.lost = lost;
    watchdog.thread = g_thread_try_new("watchdog", watch, NULL, NULL);
}

static void
set_paused(bool paused)
{
    g_mutex_lock(&watchdog.mutex);
    watchdog.paused = paused;
    g_mutex_unlock(&watchdog.mutex);
}

void
gpuvm_watchdog_pause(void)
{
    set_paused(true);
}

void
gpuvm_watchdog_resume(void)
{
    set_paused(false);
}

void
gpuvm_watchdog_end(void)
{
    gint64 until = g_get_monotonic_time() + END_US;

    if (!watchdog.thread)
        return;
    g_mutex_lock(&watchdog.mutex);
    watchdog.ended = true;
    g_cond_signal(&watchdog.changed);
    while (watchdog.asking && g_cond_wait_until(&watchdog.changed, &watchdog.mutex, until))
        ;
    if (watchdog.asking) { /* the thread ends with the process */
        g_mutex_unlock(&watchdog.mutex);
        return;
    }
    g_mutex_unlock(&watchdog.mutex);
    g_thread_join(g_steal_pointer(&watchdog.thread));
    g_clear_pointer(&watchdog.uri, g_free);
    watchdog.ended = false;
}
