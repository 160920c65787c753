/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stop: shut the guest down, or cut its power */
#include <config.h>

#include "cli/domains.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    gpuvm_for_each_domain(cli, argv, gpuvm_stop_and_say);
}

static const GOptionEntry options[] = {GPUVM_STOP_OPTIONS, G_OPTION_ENTRY_NULL};

const gpuvm_command gpuvm_cmd_stop = {
    .name = "stop",
    .arguments = "NAME…",
    .summary = "Stop VMs",
    .description =
        "Asks each guest to shut down and waits until it is off; one that is still running then is exit code 6.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
