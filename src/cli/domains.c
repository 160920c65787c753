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
    JsonArray *rows = json_array_new();

    for (char **name = names; *name; name++) {
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "name", *name);
        json_object_set_boolean_member(row, "done", gpuvm_act_on_domain(cli, *name, action, row));
        json_array_add_object_element(rows, row);
    }
    gpuvm_output_rows(cli->output, "vms", rows);
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
    bool stopped = gpuvm_stop(cli->session, name, (unsigned)MAX(gpuvm_stop_options.timeout, 0),
                              gpuvm_stop_options.force, &outcome);

    (void)row;
    if (stopped)
        gpuvm_output_line(cli->output, "%s: %s", name,
                          outcome == GPUVM_DONE ? "stopped" : "already shut off");
    return stopped;
}
