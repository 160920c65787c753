/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.c: a stream that a thread reads from
 *
 * libvirt's other way, its event loop, would have to run all the time once it is there: a daemon ends the connection of
 * a client that does not answer to its keep-alive messages.
 */
#include <config.h>

#include "host/console.h"

#include "base/error.h"

/* What is kept for the tail: lines enough, even with much between them that only moves the cursor. */
#define TAIL_BYTES (16 * 1024)

struct gpuvm_console {
    int refs;
    virStream *stream;
    gpuvm_console_sink sink;
    void *data;
    GDestroyNotify free_data;
    char *name;
    GError *error; /* why the reading ended; NULL: with the domain. The thread's until the sink was told */
};

void
gpuvm_console_unref(gpuvm_console *console)
{
    if (!console || !g_atomic_int_dec_and_test(&console->refs))
        return;
    gpuvm_virt.StreamFree(console->stream);
    console->free_data(console->data);
    g_clear_error(&console->error);
    g_free(console->name);
    g_free(console);
}

static gpointer
read_all(gpointer data)
{
    gpuvm_console *console = data;
    char bytes[4096];
    int n;

    while ((n = gpuvm_virt.StreamRecv(console->stream, bytes, sizeof bytes)) > 0 &&
           console->sink(console->data, bytes, (size_t)n))
        ;
    if (n < 0)
        g_set_error(&console->error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "the console of domain '%s' was closed: %s\n"
                    "somebody else took it with --force, or the connection was lost",
                    console->name, gpuvm_virt.GetLastError()->message);
    console->sink(console->data, NULL, 0);
    gpuvm_console_unref(console);
    return NULL;
}

gpuvm_console *
gpuvm_console_open(gpuvm_connection *connection, gpuvm_domain *domain, bool force, gpuvm_console_sink sink,
                   void *data, GDestroyNotify free_data, GError **error)
{
    virStream *stream = gpuvm_virt.StreamNew(connection->conn, 0);
    unsigned flags = force ? VIR_DOMAIN_CONSOLE_FORCE : 0;
    gpuvm_console *console;

    if (!stream || gpuvm_virt.DomainOpenConsole(domain->dom, NULL, stream, flags) < 0) {
        gpuvm_virt_failed(error, "cannot open the console of domain '%s'", domain->name);
        if (stream)
            gpuvm_virt.StreamFree(stream);
        return NULL;
    }
    console = g_new(gpuvm_console, 1);
    *console = (gpuvm_console){.refs = 2,
                               .stream = stream,
                               .sink = sink,
                               .data = data,
                               .free_data = free_data,
                               .name = g_strdup(domain->name)};
    g_thread_unref(g_thread_new("console", read_all, console));
    return console;
}

bool
gpuvm_console_send(gpuvm_console *console, const char *bytes, size_t size, GError **error)
{
    while (size > 0) {
        int n = gpuvm_virt.StreamSend(console->stream, bytes, size);

        if (n < 0)
            return gpuvm_virt_failed(error, "cannot write to the console");
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool
gpuvm_console_ended_well(const gpuvm_console *console, GError **error)
{
    if (console->error)
        g_propagate_error(error, g_error_copy(console->error));
    return !console->error;
}

typedef struct tail_buffer {
    GMutex lock;
    GString *text;
} tail_buffer;

struct gpuvm_console_tail {
    gpuvm_console *console;
    tail_buffer *buffer; /* the console's */
};

static void
free_buffer(gpointer data)
{
    tail_buffer *buffer = data;

    g_mutex_clear(&buffer->lock);
    g_string_free(buffer->text, TRUE);
    g_free(buffer);
}

static bool
keep(void *data, const char *bytes, size_t size)
{
    tail_buffer *buffer = data;

    g_mutex_lock(&buffer->lock);
    g_string_append_len(buffer->text, bytes, (gssize)size);
    if (buffer->text->len > TAIL_BYTES)
        g_string_erase(buffer->text, 0, (gssize)(buffer->text->len - TAIL_BYTES));
    g_mutex_unlock(&buffer->lock);
    return true;
}

/*
 * On a connection of its own: a thread that waits in a stream may miss to be woken when another thread makes a call on
 * the same connection, which then waits as long (libvirt 9.0, the event loop of virNetClient).
 */
gpuvm_console_tail *
gpuvm_console_tail_open(const gpuvm_connection *connection, const gpuvm_domain *domain)
{
    g_autoptr(gpuvm_connection) own = connection->test ? NULL : gpuvm_connection_open(connection->uri, NULL);
    g_autoptr(gpuvm_domain) same = own ? gpuvm_domain_get(own, domain->name, NULL) : NULL;
    gpuvm_console_tail *tail;

    if (!same)
        return NULL;
    tail = g_new0(gpuvm_console_tail, 1);
    tail->buffer = g_new0(tail_buffer, 1);
    g_mutex_init(&tail->buffer->lock);
    tail->buffer->text = g_string_new(NULL);
    tail->console = gpuvm_console_open(own, same, false, keep, tail->buffer, free_buffer, NULL);
    if (tail->console)
        return tail;
    free_buffer(tail->buffer);
    g_free(tail);
    return NULL;
}

char *
gpuvm_console_tail_text(gpuvm_console_tail *tail, size_t *ret_size)
{
    char *text;

    g_mutex_lock(&tail->buffer->lock);
    *ret_size = tail->buffer->text->len;
    text = g_memdup2(tail->buffer->text->str, *ret_size + 1);
    g_mutex_unlock(&tail->buffer->lock);
    return text;
}

void
gpuvm_console_tail_close(gpuvm_console_tail *tail)
{
    if (!tail)
        return;
    gpuvm_console_unref(tail->console);
    g_free(tail);
}
