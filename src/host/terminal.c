/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

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

/* What the guest wrote; @data: the event of the end. */
static bool
show(void *data, const char *bytes, size_t size)
{
    const int *ended = data;

    for (size_t done = 0; done < size;) {
        struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
        ssize_t n = write(STDOUT_FILENO, bytes + done, size - done);

        if (n < 0 && errno == EAGAIN) /* it shares its flags with whoever has the terminal, too */
            poll(&output, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    if (size == 0)
        eventfd_write(*ended, 1);
    return true;
}

static void
free_event(gpointer data)
{
    int *event = data;

    close(*event);
    g_free(event);
}

/* Passes on what was typed; *@ret_left: until the user left. */
static bool
pass_on(gpuvm_console *console, struct pollfd *input, bool *ret_left, GError **error)
{
    char bytes[4096];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    const char *leave;

    *ret_left = false;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0) {
        input->fd = -1; /* no longer polled */
        return true;
    }
    leave = memchr(bytes, LEAVE, (size_t)n);
    *ret_left = leave != NULL;
    return gpuvm_console_send(console, bytes, leave ? (size_t)(leave - bytes) : (size_t)n, error);
}

/* Until it ends, or the user leaves. */
static bool
converse(gpuvm_console *console, int ended, GError **error)
{
    struct pollfd polled[] = {{.fd = ended, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    bool left = false, right = true;

    while (right && !left) {
        if (poll(polled, G_N_ELEMENTS(polled), -1) < 0)
            continue; /* a signal */
        if (polled[0].revents)
            return gpuvm_console_ended_well(console, error);
        if (polled[1].revents)
            right = pass_on(console, &polled[1], &left, error);
    }
    return right;
}

bool
gpuvm_terminal_run(gpuvm_connection *connection, gpuvm_domain *domain, bool force,
                   void (*connected)(const char *name), GError **error)
{
    int *ended = g_new(int, 1);
    gpuvm_console *console;
    bool raw, right;

    *ended = eventfd(0, EFD_CLOEXEC);
    console = gpuvm_console_open(connection, domain, force, show, ended, free_event, error);
    if (!console) {
        free_event(ended);
        return false;
    }
    if (connected)
        connected(domain->name);
    raw = make_raw();
    right = converse(console, *ended, error);
    if (raw)
        make_as_before();
    gpuvm_console_unref(console);
    return right;
}
