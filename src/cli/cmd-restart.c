/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restart: stop, then start: a new definition takes effect, which a reboot of the guest does not do */
#include <config.h>

#include "cli/domains.h"
#include "ops/startcheck.h"

static struct {
    gpuvm_stop_settings stop;
    gpuvm_start_settings start;
} given = {.stop = {.timeout = GPUVM_STOP_TIMEOUT}};
static gpuvm_targets targets;

static bool
restart(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    return gpuvm_check_restart(cli->session, name) && gpuvm_stop_and_say(cli, name, &given.stop) &&
           gpuvm_start_and_say(cli, name, &given.start, row);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (gpuvm_check_seconds(cli, given.stop.timeout))
        gpuvm_for_each_domain(cli, argv, &targets, restart);
}

static const GOptionEntry options[] = {
    GPUVM_STOP_OPTIONS(given.stop),
    GPUVM_WAIT_OPTION(given.start),
    GPUVM_VERIFY_OPTION(given.start),
    GPUVM_FILE_OPTION(targets),
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_restart = {
    .name = "restart",
    .arguments = "[NAME…]",
    .summary = "Stop VMs and start them again",
    .description =
        "Stops each VM and starts it again, with the definition it has now and all the checks of start, which come before it\n"
        "is stopped, too.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_RUNNING,
    .run = run,
};
