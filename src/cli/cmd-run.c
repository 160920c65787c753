/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run: a definition's VM, started here and now, of which nothing is kept */
#include <config.h>

#include "cli/domains.h"
#include "host/interrupt.h"
#include "ops/run.h"

static struct {
    gpuvm_run_options options;
    gboolean wait;
} given;

static void
run_and_say(gpuvm_cli *cli, const char *file, JsonArray *rows)
{
    g_autoptr(gpuvm_ran) ran = gpuvm_run(cli->session, file, &given.options);
    JsonObject *row;
    bool healthy;

    if (!ran)
        return;
    row = gpuvm_row_of(rows, ran->name);
    gpuvm_output_line(cli->output, "%s: %s", ran->name,
                      ran->outcome == GPUVM_DONE ? "started" : "already running");
    if (given.wait) {
        healthy = gpuvm_run_await(cli->session, ran);
        json_object_set_boolean_member(row, "healthy", healthy);
        if (healthy)
            gpuvm_output_line(cli->output, "%s: healthy", ran->name);
    }
    json_object_set_boolean_member(row, "running",
                                   cli->session->diags->errors == 0 || ran->outcome != GPUVM_DONE);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    JsonArray *rows = json_array_new();

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (!gpuvm_check_seconds(cli, MIN(given.options.start.timeout, given.options.start.wait_free)))
        return;
    gpuvm_interrupt_begin(); /* until the process ends: a signal is an error, after which nothing is left */
    cli->session->interrupted = gpuvm_interrupt_wanted;
    run_and_say(cli, argv[0], rows);
}

static const GOptionEntry options[] = {
    {"name", 0, 0, G_OPTION_ARG_STRING, &given.options.name,
     "what the VM is called; of several definitions, which one is meant", "NAME"},
    {"replica", 0, 0, G_OPTION_ARG_STRING, &given.options.replica,
     "which replica of a deployment; of a VM, the number after its name", "I"},
    {"wait", 'w', 0, G_OPTION_ARG_NONE, &given.wait,
     "wait until it is healthy, for as long as its health_check says; else stop it", NULL},
    {"wait-free", 0, 0, G_OPTION_ARG_INT, &given.options.start.wait_free,
     "wait so long for processes that have a device open", "SECONDS"},
    {"timeout", 't', 0, G_OPTION_ARG_INT, &given.options.start.timeout,
     "give up after so long (default: 60 and one for each GiB of memory and of BARs)", "SECONDS"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_run = {
    .name = "run",
    .arguments = "FILE",
    .summary = "Start a VM of which nothing is kept",
    .description =
        "Starts the VM of FILE with devices that are chosen here and now, and keeps no definition of it: when it is off, it\n"
        "is gone, and so are its disks, but for those that were there before. Of a deployment, which takes --replica, it\n"
        "starts that replica. Whatever fails, and whoever interrupts it, nothing of it stays. With --wait, one that is\n"
        "not healthy in time is stopped, which is exit code 6.\n"
        "A VM that runs by the same definition is nothing to do; one that runs by another, or is defined here, is an error.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
