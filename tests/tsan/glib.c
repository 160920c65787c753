/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * glib.c: what ThreadSanitizer cannot see of GLib, which is not instrumented: which thread waits for which
 *
 * GLib's mutexes are futexes of its own, so that everything they guard would seem to race. Linked in front of GLib with
 * --enable-tsan: those of its functions by which one thread of gpuvm hands something to another.
 */
#include <config.h>

#include <dlfcn.h>

#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define REAL(function) ((__typeof__(&(function)))dlsym(RTLD_NEXT, #function))

void
g_mutex_lock(GMutex *mutex)
{
    REAL(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

void
g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_mutex_unlock)(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
    gboolean changed;

    __tsan_release(mutex);
    changed = REAL(g_cond_wait_until)(cond, mutex, end);
    __tsan_acquire(mutex);
    return changed;
}

void
g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(data);
    REAL(g_async_queue_push)(queue, data);
}

gpointer
g_async_queue_timeout_pop(GAsyncQueue *queue, guint64 timeout)
{
    gpointer data = REAL(g_async_queue_timeout_pop)(queue, timeout);

    if (data)
        __tsan_acquire(data);
    return data;
}

/* What a thread pool calls; never freed. */
typedef struct worker {
    GFunc function;
    gpointer user;
} worker;

static void
work(gpointer data, gpointer user)
{
    const worker *made = user;

    __tsan_acquire(data);
    made->function(data, made->user);
}

GThreadPool *
g_thread_pool_new(GFunc function, gpointer user, gint threads, gboolean exclusive, GError **error)
{
    worker *made = g_new(worker, 1);

    *made = (worker){.function = function, .user = user};
    return REAL(g_thread_pool_new)(work, made, threads, exclusive, error);
}

gboolean
g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    __tsan_release(data);
    return REAL(g_thread_pool_push)(pool, data, error);
}
