/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/watchdog.h"

#include "host/connection.h"

#define INTERVAL_US (3 * G_USEC_PER_SEC)
#define PATIENCE_US (10 * G_USEC_PER_SEC)

static struct {
    GThread *thread; /* NULL: not begun */
    char *uri;
    void (*lost)(void);
    GMutex mutex; /* of what follows */
    GCond changed;
    bool paused, ended;
} watchdog;

static gpointer
ask(gpointer answered)
{
    virConnect *conn = gpuvm_virt.ConnectOpenReadOnly(watchdog.uri);

    if (conn)
        gpuvm_virt.ConnectClose(conn);
    g_async_queue_push(answered, answered); /* that it cannot be connected to is an answer, too */
    g_async_queue_unref(answered);
    return NULL;
}

static bool
answers(void)
{
    g_autoptr(GAsyncQueue) answered = g_async_queue_new();
    GThread *thread = g_thread_try_new("ask", ask, g_async_queue_ref(answered), NULL);

    if (!thread) {
        g_async_queue_unref(answered);
        return true;
    }
    g_thread_unref(thread);
    return g_async_queue_timeout_pop(answered, PATIENCE_US) != NULL;
}

static gpointer
watch(gpointer data)
{
    (void)data;
    g_mutex_lock(&watchdog.mutex);
    while (!watchdog.ended) {
        bool answered = true;

        g_cond_wait_until(&watchdog.changed, &watchdog.mutex, g_get_monotonic_time() + INTERVAL_US);
        if (watchdog.ended || watchdog.paused)
            continue;
        g_mutex_unlock(&watchdog.mutex);
        answered = answers();
        g_mutex_lock(&watchdog.mutex);
        if (!answered && !watchdog.paused && !watchdog.ended)
            watchdog.lost();
    }
    g_mutex_unlock(&watchdog.mutex);
    return NULL;
}

void
gpuvm_watchdog_begin(const char *uri, void (*lost)(void))
{
    if (watchdog.thread || !uri || !lost || !gpuvm_connection_is_local(uri))
        return;
    watchdog.uri = g_strdup(uri);
    watchdog.lost = lost;
    watchdog.thread = g_thread_try_new("watchdog", watch, NULL, NULL);
}

static void
change(bool *what, bool value)
{
    g_mutex_lock(&watchdog.mutex);
    *what = value;
    g_cond_signal(&watchdog.changed);
    g_mutex_unlock(&watchdog.mutex);
}

void
gpuvm_watchdog_pause(void)
{
    change(&watchdog.paused, true);
}

void
gpuvm_watchdog_resume(void)
{
    change(&watchdog.paused, false);
}

void
gpuvm_watchdog_end(void)
{
    if (!watchdog.thread)
        return;
    change(&watchdog.ended, true);
    g_thread_join(g_steal_pointer(&watchdog.thread));
    g_clear_pointer(&watchdog.uri, g_free);
    watchdog.ended = false;
}
