/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wait: until VMs run, are healthy or are off, for scripts */
#include <config.h>

#include "cli/domains.h"
#include "ops/await.h"

static struct {
    char *state;
    int timeout; /* seconds */
} given = {.timeout = 300};

static const gpuvm_targets named = {0};
static gpuvm_goal goal;
static gint64 begun;

static bool
wait_for(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    bool reached = gpuvm_await(cli->session, name, goal, begun, (unsigned)given.timeout);

    (void)row;
    if (reached)
        gpuvm_output_line(cli->output, "%s: %s", name, gpuvm_goal_names[goal]);
    return reached;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    while (gpuvm_goal_names[goal] && g_strcmp0(gpuvm_goal_names[goal], given.state) != 0)
        goal++;
    if (!gpuvm_goal_names[goal]) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                          "--for takes running, healthy or stopped");
        return;
    }
    begun = g_get_monotonic_time();
    if (gpuvm_check_seconds(cli, given.timeout))
        gpuvm_for_each_domain(cli, argv, &named, wait_for);
}

static const GOptionEntry options[] = {
    {"for", 0, 0, G_OPTION_ARG_STRING, &given.state, "what is waited for: running, healthy or stopped",
     "STATE"},
    {"timeout", 't', 0, G_OPTION_ARG_INT, &given.timeout, "for so long, all together (default 300)",
     "SECONDS"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_wait = {
    .name = "wait",
    .arguments = "NAME…",
    .summary = "Wait until VMs run, are healthy or are off",
    .description =
        "Waits until each VM is as --for says, whoever brings it there; one that is not when the time is over is exit code 6.\n"
        "One that is so at once is not waited for. Changes nothing.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
