/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/domains.h"

gpuvm_start_options gpuvm_start_settings;
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
    gpuvm_output_rows(cli->output, "vms", g_steal_pointer(&rows));
}

bool
gpuvm_start_and_say(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    gpuvm_outcome outcome;
    bool running = gpuvm_start(cli->session, name, &gpuvm_start_settings, &outcome);

    json_object_set_boolean_member(row, "running", running);
    if (running)
        gpuvm_output_line(cli->output, "%s: %s", name, outcome == GPUVM_DONE ? "started" : "already running");
    return running;
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
