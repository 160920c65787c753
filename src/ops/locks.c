/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/locks.h"

#include "base/text.h"

/* Who is told of what is waited for. */
typedef struct waiter {
    const gpuvm_session *session;
    const char *what;
} waiter;

static void
say_waiting(void *data)
{
    const waiter *waiting = data;

    gpuvm_session_wait(waiting->session, "waiting for another gpuvm, which %s", waiting->what);
}

GPtrArray *
gpuvm_locks_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_lock_release);
}

/* @what another process does that has it. */
static bool
add(GPtrArray *locks, gpuvm_session *session, const char *name, bool exclusive, const char *what)
{
    waiter waiting = {session, what};
    GError *error = NULL;
    gpuvm_lock *lock;

    if (!gpuvm_session_connect(session))
        return false;
    if (session->connection->test)
        return true;
    lock = gpuvm_lock_take(session->connection, name, exclusive, say_waiting, &waiting, &error);
    if (!lock)
        return gpuvm_session_fail(session, error);
    g_ptr_array_add(locks, lock);
    return true;
}

bool
gpuvm_locks_add_fleet(GPtrArray *locks, gpuvm_session *session, const char *name)
{
    g_autofree char *file = g_strconcat("fleet-", name, NULL);
    g_autofree char *what = g_strdup_printf("is at work on deployment '%s'", name);

    return add(locks, session, file, true, what);
}

bool
gpuvm_locks_add_images(GPtrArray *locks, gpuvm_session *session, bool exclusive)
{
    return add(locks, session, "images", exclusive, "fetches or removes images");
}

bool
gpuvm_locks_add_vm(GPtrArray *locks, gpuvm_session *session, const char *name)
{
    g_autofree char *file = g_strconcat("vm-", name, NULL);
    g_autofree char *what = g_strdup_printf("is at work on VM '%s'", name);

    return add(locks, session, file, true, what);
}

bool
gpuvm_locks_add_vms(GPtrArray *locks, gpuvm_session *session, const GPtrArray *names)
{
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    const char *last = NULL;

    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(order, names->pdata[i]);
    g_ptr_array_sort(order, gpuvm_text_compare);
    for (guint i = 0; i < order->len; i++) {
        const char *name = order->pdata[i];

        if (g_strcmp0(name, last) != 0 && !gpuvm_locks_add_vm(locks, session, name))
            return false;
        last = name;
    }
    return true;
}

bool
gpuvm_locks_add_host(GPtrArray *locks, gpuvm_session *session)
{
    return add(locks, session, "host", true, "defines VMs on this host");
}

bool
gpuvm_locks_add_pool(GPtrArray *locks, gpuvm_session *session)
{
    return add(locks, session, "pool", true, "makes a storage pool");
}
