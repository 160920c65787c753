/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

#define LEAVE '\035' /* Ctrl-] */

static struct termios before;
static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

/* Ends the program by the signal that it got, with the terminal as it was. */
static void
restore_and_die(int number)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    raise(number); /* its action is the default again; it comes when this returns */
}

/* False: there is no terminal, and nothing to restore. */
static bool
make_raw(void)
{
    struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND};
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &action, NULL);
    raw = before;
    cfmakeraw(&raw);
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void
make_as_before(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], SIG_DFL);
}

/* One conversation. */
typedef struct talk {
    virStream *stream;
    const char *name;
    int input;      /* libvirt's number of the watch on standard input; -1: its end was seen */
    GString *typed; /* what is to be sent */
    bool over;
    GError *error; /* why; NULL: the user left, or the domain ended */
} talk;

/* What the guest wrote; false: nobody reads it. */
static bool
show(const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
        ssize_t n = write(STDOUT_FILENO, bytes + done, size - done);

        if (n < 0 && errno == EAGAIN) /* it shares its flags with whoever has the terminal, too */
            poll(&output, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void
lose(talk *talking)
{
    talking->over = true;
    if (!talking->error)
        g_set_error(&talking->error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "the console of domain '%s' was closed: %s\n"
                    "somebody else took it with --force, or the connection was lost",
                    talking->name,
                    gpuvm_virt.GetLastError() ? gpuvm_virt.GetLastError()->message : "no reason");
}

static void
receive(talk *talking)
{
    char bytes[4096];
    int n = gpuvm_virt.StreamRecv(talking->stream, bytes, sizeof bytes);

    if (n == 0 || (n > 0 && !show(bytes, (size_t)n)))
        talking->over = true;
    else if (n == -1)
        lose(talking);
}

/* Waits for what the guest writes, and, when there is something to send, until it can be. */
static void
wait_for_stream(const talk *talking)
{
    int events = VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;

    if (talking->typed->len > 0)
        events |= VIR_STREAM_EVENT_WRITABLE;
    gpuvm_virt.StreamEventUpdateCallback(talking->stream, events);
}

static void
send_typed(talk *talking)
{
    int n = gpuvm_virt.StreamSend(talking->stream, talking->typed->str, talking->typed->len);

    if (n == -1)
        lose(talking);
    else if (n > 0)
        g_string_erase(talking->typed, 0, n);
}

static void
on_stream(virStream *stream, int events, void *data)
{
    talk *talking = data;

    (void)stream;
    if (events & VIR_STREAM_EVENT_READABLE)
        receive(talking);
    if (!talking->over && events & VIR_STREAM_EVENT_WRITABLE && talking->typed->len > 0)
        send_typed(talking);
    /* what came with it was read before; when nothing did, it is the end */
    if (!talking->over && !(events & VIR_STREAM_EVENT_READABLE) &&
        events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP))
        receive(talking);
    if (!talking->over)
        wait_for_stream(talking);
}

static void
on_input(int watch, int fd, int events, void *data)
{
    talk *talking = data;
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);
    const char *leave = n > 0 ? memchr(bytes, LEAVE, (size_t)n) : NULL;

    (void)events;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        gpuvm_virt.EventRemoveHandle(watch);
        talking->input = -1;
        return;
    }
    g_string_append_len(talking->typed, bytes, leave ? leave - bytes : n);
    talking->over = leave != NULL;
    wait_for_stream(talking);
}

bool
gpuvm_terminal_prepare(GError **error)
{
    return gpuvm_virt_load(error) && (gpuvm_virt.EventRegisterDefaultImpl() == 0 ||
                                      gpuvm_virt_failed(error, "cannot make libvirt's event loop"));
}

static bool
open_console(talk *talking, gpuvm_connection *connection, gpuvm_domain *domain, bool force, GError **error)
{
    unsigned flags = force ? VIR_DOMAIN_CONSOLE_FORCE : 0;

    talking->stream = gpuvm_virt.StreamNew(connection->conn, VIR_STREAM_NONBLOCK);
    return (talking->stream && gpuvm_virt.DomainOpenConsole(domain->dom, NULL, talking->stream, flags) == 0 &&
            gpuvm_virt.StreamEventAddCallback(talking->stream, VIR_STREAM_EVENT_READABLE, on_stream, talking,
                                              NULL) == 0) ||
           gpuvm_virt_failed(error, "cannot open the console of domain '%s'", domain->name);
}

static void
converse(talk *talking)
{
    talking->input =
        gpuvm_virt.EventAddHandle(STDIN_FILENO, VIR_EVENT_HANDLE_READABLE, on_input, talking, NULL);
    if (talking->input < 0)
        lose(talking);
    wait_for_stream(talking);
    while (!talking->over) {
        if (gpuvm_virt.EventRunDefaultImpl() < 0)
            lose(talking);
    }
    if (talking->input >= 0)
        gpuvm_virt.EventRemoveHandle(talking->input);
    gpuvm_virt.StreamEventRemoveCallback(talking->stream);
    gpuvm_virt.StreamAbort(talking->stream);
}

bool
gpuvm_terminal_run(gpuvm_connection *connection, gpuvm_domain *domain, bool force,
                   void (*connected)(const char *name), GError **error)
{
    talk talking = {.name = domain->name, .input = -1};
    bool raw, opened = open_console(&talking, connection, domain, force, error);

    if (opened) {
        talking.typed = g_string_new(NULL);
        if (connected)
            connected(domain->name);
        raw = make_raw();
        converse(&talking);
        if (raw)
            make_as_before();
        g_string_free(talking.typed, TRUE);
    }
    if (talking.stream)
        gpuvm_virt.StreamFree(talking.stream);
    if (talking.error)
        g_propagate_error(error, talking.error);
    return opened && !talking.error;
}
