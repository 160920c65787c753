/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/domains.h"

#include <signal.h>

#include "cli/verified.h"
#include "ops/target.h"
#include "ops/watch.h"

#define BOOT_SECONDS 300 /* until the agent of a guest that was just started answers */

bool
gpuvm_check_seconds(gpuvm_cli *cli, int seconds)
{
    if (seconds < 0)
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "a time cannot be negative");
    return seconds >= 0;
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

void
gpuvm_say_started(gpuvm_cli *cli, const char *name, bool wait, gpuvm_outcome outcome)
{
    if (wait)
        begin_watch(cli, name);
    gpuvm_output_line(cli->output, "%s: %s", name, outcome == GPUVM_DONE ? "started" : "already running");
}

bool
gpuvm_start_and_say(gpuvm_cli *cli, const char *name, const gpuvm_start_settings *settings, JsonObject *row)
{
    gpuvm_outcome outcome;
    bool running = gpuvm_start(cli->session, name, &settings->options, &outcome);

    json_object_set_boolean_member(row, "running", running);
    if (running)
        gpuvm_say_started(cli, name, settings->wait, outcome);
    if (running && settings->verify) {
        if (!cli->verify)
            cli->verify = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(cli->verify, g_strdup(name));
    }
    return running;
}

static _Atomic int interrupted; /* the signal may come to another thread */
static struct sigaction before; /* of it, while the session may be interrupted */

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

void
gpuvm_begin_interrupts(gpuvm_cli *cli)
{
    if (cli->session->interrupted)
        return;
    cli->session->interrupted = is_interrupted;
    sigaction(SIGINT, NULL, &before);
    if (before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND}, NULL);
}

static void
wait_for(gpuvm_cli *cli, gpuvm_watch *watch, JsonObject *row)
{
    const char *name = gpuvm_watch_name(watch);
    bool healthy;

    gpuvm_diags_set_subject(cli->session->diags, name);
    healthy = gpuvm_watch_wait(cli->session, watch, true);
    gpuvm_diags_set_subject(cli->session->diags, NULL);
    json_object_set_boolean_member(row, "healthy", healthy);
    if (healthy)
        gpuvm_output_line(cli->output, "%s: healthy", name);
}

JsonObject *
gpuvm_row_of(JsonArray *rows, const char *name)
{
    JsonObject *row;

    for (guint i = 0; i < json_array_get_length(rows); i++) {
        row = json_array_get_object_element(rows, i);
        if (g_str_equal(json_object_get_string_member(row, "name"), name))
            return row;
    }
    row = json_object_new();
    json_object_set_string_member(row, "name", name);
    json_array_add_object_element(rows, row);
    return row;
}

void
gpuvm_wait_and_say(gpuvm_cli *cli, JsonArray *rows)
{
    const gpuvm_verify_options how = {
        .seconds = GPUVM_VERIFY_SECONDS, .patience = BOOT_SECONDS, .stop = is_interrupted};

    gpuvm_begin_interrupts(cli);
    for (guint i = 0; cli->watches && i < cli->watches->len; i++) {
        gpuvm_watch *watch = cli->watches->pdata[i];

        wait_for(cli, watch, gpuvm_row_of(rows, gpuvm_watch_name(watch)));
    }
    if (cli->verify)
        gpuvm_verify_and_say(cli, cli->verify, &how, rows);
    sigaction(SIGINT, &before, NULL);
    cli->session->interrupted = NULL;
    g_clear_pointer(&cli->watches, g_ptr_array_unref);
    g_clear_pointer(&cli->verify, g_ptr_array_unref);
}

/* Whether each of @names is a VM of gpuvm's. */
static bool
are_there(gpuvm_session *session, const GPtrArray *names)
{
    unsigned errors = session->diags->errors;

    for (guint i = 0; i < names->len; i++) {
        gpuvm_diags_set_subject(session->diags, names->pdata[i]);
        gpuvm_instance_free(gpuvm_instance_find(session, names->pdata[i]));
    }
    gpuvm_diags_set_subject(session->diags, NULL);
    return session->diags->errors == errors;
}

/* The VMs that are meant (char *, owned); NULL: see the diagnostics. */
static GPtrArray *
find_targets(gpuvm_cli *cli, char **names, const gpuvm_targets *targets)
{
    gpuvm_diags *diags = cli->session->diags;
    int ways = (*names != NULL) + (targets->files != NULL) + (targets->all ? 1 : 0);
    GPtrArray *found;

    if (ways != 1) {
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL,
                          ways > 1 ? "names of VMs, and the options that say which, exclude each other"
                                   : "which VMs? give their names, or their definitions with --file");
        return NULL;
    }
    if (!gpuvm_session_connect(cli->session) && !*names)
        return NULL;
    if (targets->files)
        return gpuvm_target_files(cli->session, targets->files);
    if (!targets->all) {
        found = g_ptr_array_new_with_free_func(g_free);
        for (; *names; names++)
            g_ptr_array_add(found, g_strdup(*names));
        return found;
    }
    found = gpuvm_target_all(cli->session, targets->running);
    if (found && found->len == 0)
        gpuvm_output_line(cli->output, targets->running ? "no VM runs" : "no VM is off");
    return found;
}

void
gpuvm_for_each_domain(gpuvm_cli *cli, char **names, const gpuvm_targets *targets, gpuvm_domain_action action)
{
    g_autoptr(JsonArray) rows = json_array_new();
    g_autoptr(GPtrArray) found = find_targets(cli, names, targets);
    bool may =
        found && gpuvm_session_connect(cli->session) && (found->len == 1 || are_there(cli->session, found));

    gpuvm_begin_interrupts(cli);
    for (guint i = 0; found && i < found->len; i++) {
        const char *name = found->pdata[i];
        JsonObject *row = json_object_new();
        bool done;

        gpuvm_json_set_string(row, "name", name);
        gpuvm_diags_set_subject(cli->session->diags, name);
        if (is_interrupted() && may)
            gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_FAILED, NULL, "interrupted: nothing was done");
        done = may && !is_interrupted() && action(cli, name, row);
        gpuvm_diags_set_subject(cli->session->diags, NULL);
        json_object_set_boolean_member(row, "done", done);
        json_array_add_object_element(rows, row);
    }
    gpuvm_wait_and_say(cli, rows);
    gpuvm_output_rows(cli->output, "vms", g_steal_pointer(&rows));
}

bool
gpuvm_stop_and_say(gpuvm_cli *cli, const char *name, const gpuvm_stop_settings *settings)
{
    const gpuvm_stop_options how = {.seconds = (unsigned)settings->timeout, .force = settings->force};
    gpuvm_outcome outcome;
    bool stopped = gpuvm_stop(cli->session, name, &how, &outcome);

    if (stopped)
        gpuvm_output_line(cli->output, "%s: %s", name,
                          outcome == GPUVM_DONE ? "stopped" : "already shut off");
    return stopped;
}

/* Who is told of what gpuvm_define_all does. */
typedef struct listener {
    gpuvm_cli *cli;
    JsonArray *rows;
    bool starts, wait;
    unsigned defined; /* so many */
} listener;

static void
hear_removing(void *data, const char *name)
{
    const listener *told = data;

    gpuvm_output_line(told->cli->output, "%s: to be removed", name);
}

static void
hear_defined(void *data, const char *name, gpuvm_change change)
{
    listener *told = data;

    json_object_set_string_member(gpuvm_row_of(told->rows, name), "change", gpuvm_change_names[change]);
    gpuvm_output_line(told->cli->output, "%s: %s", name, gpuvm_change_names[change]);
    if (told->starts)
        gpuvm_begin_interrupts(told->cli);
    told->defined++;
}

static void
hear_started(void *data, const char *name, bool running, gpuvm_outcome outcome)
{
    const listener *told = data;

    json_object_set_boolean_member(gpuvm_row_of(told->rows, name), "running", running);
    if (running)
        gpuvm_say_started(told->cli, name, told->wait, outcome);
}

void
gpuvm_define_and_say(gpuvm_cli *cli, GPtrArray *definitions, gpuvm_define_options options,
                     const gpuvm_start_settings *start, JsonArray *rows)
{
    listener told = {.cli = cli, .rows = rows, .starts = start != NULL, .wait = start && start->wait};

    options.start = start ? &start->options : NULL;
    options.removing = hear_removing;
    options.defined = hear_defined;
    options.started = hear_started;
    options.data = &told;
    gpuvm_define_all(cli->session, definitions, &options);
    if (told.defined == 0)
        gpuvm_output_line(cli->output, "nothing was defined");
    gpuvm_wait_and_say(cli, rows);
}
