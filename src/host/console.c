/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.c: a stream that a thread reads from
 *
 * Where there is no terminal to serve, this is simpler than libvirt's event loop, which would have to run all the time
 * once it is there: a daemon ends the connection of a client that does not answer to its keep-alive messages.
 */
#include <config.h>

#include "host/console.h"

/* What is kept: lines enough, even with much between them that only moves the cursor. */
#define TAIL_BYTES (16 * 1024)

struct gpuvm_console_tail {
    int refs; /* the caller's and the thread's */
    virStream *stream;
    GMutex lock;
    GString *text;
};

void
gpuvm_console_tail_close(gpuvm_console_tail *tail)
{
    if (!tail || !g_atomic_int_dec_and_test(&tail->refs))
        return;
    gpuvm_virt.StreamFree(tail->stream);
    g_mutex_clear(&tail->lock);
    g_string_free(tail->text, TRUE);
    g_free(tail);
}

static gpointer
read_all(gpointer data)
{
    gpuvm_console_tail *tail = data;
    char bytes[4096];
    int n;

    while ((n = gpuvm_virt.StreamRecv(tail->stream, bytes, sizeof bytes)) > 0) {
        g_mutex_lock(&tail->lock);
        g_string_append_len(tail->text, bytes, n);
        if (tail->text->len > TAIL_BYTES)
            g_string_erase(tail->text, 0, (gssize)(tail->text->len - TAIL_BYTES));
        g_mutex_unlock(&tail->lock);
    }
    gpuvm_console_tail_close(tail);
    return NULL;
}

gpuvm_console_tail *
gpuvm_console_tail_open(const gpuvm_connection *connection, const gpuvm_domain *domain)
{
    g_autoptr(gpuvm_domain) same = connection->test ? NULL : gpuvm_domain_apart(domain);
    virStream *stream = same ? gpuvm_virt.StreamNew(gpuvm_virt.DomainGetConnect(same->dom), 0) : NULL;
    gpuvm_console_tail *tail;

    if (!stream)
        return NULL;
    if (gpuvm_virt.DomainOpenConsole(same->dom, NULL, stream, 0) < 0) {
        gpuvm_virt.StreamFree(stream);
        return NULL;
    }
    tail = g_new0(gpuvm_console_tail, 1);
    tail->refs = 2;
    tail->stream = stream;
    g_mutex_init(&tail->lock);
    tail->text = g_string_new(NULL);
    g_thread_unref(g_thread_new("console", read_all, tail));
    return tail;
}

char *
gpuvm_console_tail_text(gpuvm_console_tail *tail, size_t *ret_size)
{
    char *text;

    g_mutex_lock(&tail->lock);
    *ret_size = tail->text->len;
    text = g_memdup2(tail->text->str, *ret_size + 1);
    g_mutex_unlock(&tail->lock);
    return text;
}
