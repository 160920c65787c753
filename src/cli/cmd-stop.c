/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stop: shut the guest down, or cut its power */
#include <config.h>

#include "cli/domains.h"

static gpuvm_stop_settings given = {.timeout = GPUVM_STOP_TIMEOUT};
static gpuvm_targets targets = {.running = true};

static bool
stop(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    (void)row;
    return gpuvm_stop_and_say(cli, name, &given);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (gpuvm_check_seconds(cli, given.timeout))
        gpuvm_for_each_domain(cli, argv, &targets, stop);
}

static const GOptionEntry options[] = {
    GPUVM_STOP_OPTIONS(given),
    GPUVM_FILE_OPTION(targets),
    GPUVM_ALL_OPTION(targets, "every VM that runs"),
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_stop = {
    .name = "stop",
    .arguments = "[NAME…]",
    .summary = "Stop VMs",
    .description =
        "Asks each guest to shut down and waits until it is off; one that is still running then is exit code 6. While it\n"
        "waits it presses the guest's power button again every 10 s: a guest that is still booting does not hear it, and one\n"
        "that shuts down already takes no notice. On the host itself, a device that does not answer when the VM is off, or\n"
        "whose driver did not come back, is a warning.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_RUNNING,
    .run = run,
};
