/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start: check everything again, then start */
#include <config.h>

#include "cli/domains.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    gpuvm_for_each_domain(cli, argv, gpuvm_start_and_say);
}

const gpuvm_command gpuvm_cmd_start = {
    .name = "start",
    .arguments = "NAME…",
    .summary = "Start VMs, after checking their devices again",
    .description =
        "Checks that every device of the VM is still there, the same, permitted, viable and free; then starts it.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
