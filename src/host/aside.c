/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/aside.h"

struct gpuvm_aside {
    void (*work)(gpointer);
    GDestroyNotify free_call;
    GAsyncQueue *returned; /* one_call * */
};

/* Its thread's until it is in the queue. */
typedef struct one_call {
    void (*work)(gpointer);
    gpointer call;
    GAsyncQueue *returned; /* a reference: who waited for it may have gone */
    GThread *thread;       /* for who takes it out of the queue */
} one_call;

gpuvm_aside *
gpuvm_aside_new(void (*work)(gpointer call), GDestroyNotify free_call)
{
    gpuvm_aside *aside = g_new0(gpuvm_aside, 1);

    aside->work = work;
    aside->free_call = free_call;
    aside->returned = g_async_queue_new();
    return aside;
}

static gpointer
make(gpointer data)
{
    one_call *one = data;

    one->work(one->call);
    g_async_queue_push(one->returned, one);
    return NULL;
}

bool
gpuvm_aside_begin(gpuvm_aside *aside, gpointer call)
{
    one_call *one = g_new0(one_call, 1);

    one->work = aside->work;
    one->call = call;
    one->returned = g_async_queue_ref(aside->returned);
    one->thread = g_thread_try_new("aside", make, one, NULL);
    if (one->thread)
        return true;
    aside->free_call(call);
    g_async_queue_unref(one->returned);
    g_free(one);
    return false;
}

gpointer
gpuvm_aside_next(gpuvm_aside *aside, gint64 end)
{
    gint64 left = end - g_get_monotonic_time();
    one_call *one = left > 0 ? g_async_queue_timeout_pop(aside->returned, (guint64)left)
                             : g_async_queue_try_pop(aside->returned);
    gpointer call;

    if (!one)
        return NULL;
    g_thread_join(one->thread); /* what libraries keep for each thread is freed by then */
    call = one->call;
    g_async_queue_unref(one->returned);
    g_free(one);
    return call;
}

void
gpuvm_aside_free(gpuvm_aside *aside)
{
    gpointer call;

    while ((call = gpuvm_aside_next(aside, 0)))
        aside->free_call(call);
    g_async_queue_unref(aside->returned);
    g_free(aside);
}
