/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/domains.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/watch.h"

gpuvm_start_options gpuvm_start_settings;
gboolean gpuvm_start_wait;
gpuvm_stop_settings gpuvm_stop_options = {.timeout = 90};

bool
gpuvm_act_on_domain(gpuvm_cli *cli, const char *name, gpuvm_domain_action action, JsonObject *row)
{
    bool done;

    gpuvm_diags_set_subject(cli->session->diags, name);
    done = action(cli, name, row);
    gpuvm_diags_set_subject(cli->session->diags, NULL);
    return done;
}

void
gpuvm_for_each_domain(gpuvm_cli *cli, char **names, gpuvm_domain_action action)
{
    g_autoptr(JsonArray) rows = json_array_new();
    bool connected;

    if (gpuvm_stop_options.timeout < 0 || gpuvm_start_settings.timeout < 0 ||
        gpuvm_start_settings.wait_free < 0) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "a time cannot be negative");
        return;
    }
    connected = gpuvm_session_connect(cli->session); /* here, so that a failure is told once */
    for (char **name = names; *name; name++) {
        JsonObject *row = json_object_new();

        gpuvm_json_set_string(row, "name", *name);
        json_object_set_boolean_member(row, "done",
                                       connected && gpuvm_act_on_domain(cli, *name, action, row));
        json_array_add_object_element(rows, row);
    }
    gpuvm_wait_and_say(cli, rows);
    gpuvm_output_rows(cli->output, "vms", g_steal_pointer(&rows));
}

/* From its start: the console's lines before that are lost. */
static void
begin_watch(gpuvm_cli *cli, const char *name)
{
    gpuvm_watch *watch = gpuvm_watch_new(cli->session, name);

    if (!cli->watches)
        cli->watches = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_watch_free);
    if (watch)
        g_ptr_array_add(cli->watches, watch);
}

bool
gpuvm_start_and_say(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    gpuvm_outcome outcome;
    bool running = gpuvm_start(cli->session, name, &gpuvm_start_settings, &outcome);

    json_object_set_boolean_member(row, "running", running);
    if (!running)
        return false;
    if (gpuvm_start_wait)
        begin_watch(cli, name);
    gpuvm_output_line(cli->output, "%s: %s", name, outcome == GPUVM_DONE ? "started" : "already running");
    return true;
}

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
    interrupted = number;
}

static bool
is_interrupted(void)
{
    return interrupted != 0;
}

static void
tell(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static void
wait_for(gpuvm_cli *cli, gpuvm_watch *watch, JsonObject *row)
{
    const char *name = gpuvm_watch_name(watch);
    bool healthy;

    gpuvm_diags_set_subject(cli->session->diags, name);
    healthy = gpuvm_watch_wait(cli->session, watch, is_interrupted);
    gpuvm_diags_set_subject(cli->session->diags, NULL);
    json_object_set_boolean_member(row, "healthy", healthy);
    if (healthy)
        gpuvm_output_line(cli->output, "%s: healthy", name);
}

void
gpuvm_wait_and_say(gpuvm_cli *cli, JsonArray *rows)
{
    /* the second Ctrl-C ends the program */
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND}, before;
    void (*say)(const char *text) = cli->session->say;

    if (!cli->watches)
        return;
    if (isatty(STDERR_FILENO) && !cli->quiet)
        cli->session->say = tell;
    sigaction(SIGINT, &action, &before);
    for (guint i = 0; i < cli->watches->len; i++) {
        gpuvm_watch *watch = cli->watches->pdata[i];

        for (guint r = 0; r < json_array_get_length(rows); r++) {
            JsonObject *row = json_array_get_object_element(rows, r);

            if (g_str_equal(json_object_get_string_member(row, "name"), gpuvm_watch_name(watch))) {
                wait_for(cli, watch, row);
                break;
            }
        }
    }
    sigaction(SIGINT, &before, NULL);
    cli->session->say = say;
    g_clear_pointer(&cli->watches, g_ptr_array_unref);
}

bool
gpuvm_stop_and_say(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    gpuvm_outcome outcome;
    bool stopped = gpuvm_stop(cli->session, name, (unsigned)gpuvm_stop_options.timeout,
                              gpuvm_stop_options.force, &outcome);

    (void)row;
    if (stopped)
        gpuvm_output_line(cli->output, "%s: %s", name,
                          outcome == GPUVM_DONE ? "stopped" : "already shut off");
    return stopped;
}
