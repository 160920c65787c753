/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start: check everything again, then start */
#include <config.h>

#include "cli/domains.h"

static gpuvm_start_settings given;
static gpuvm_targets targets;

static bool
start(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    return gpuvm_start_and_say(cli, name, &given, row);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (gpuvm_check_seconds(cli, MIN(given.options.timeout, given.options.wait_free)))
        gpuvm_for_each_domain(cli, argv, &targets, start);
}

static const GOptionEntry options[] = {
    GPUVM_WAIT_OPTION(given),
    GPUVM_VERIFY_OPTION(given),
    {"wait-free", 0, 0, G_OPTION_ARG_INT, &given.options.wait_free,
     "wait so long for processes that have a device open", "SECONDS"},
    {"timeout", 't', 0, G_OPTION_ARG_INT, &given.options.timeout,
     "give up after so long (default: 60 and one for each GiB of memory and of BARs)", "SECONDS"},
    GPUVM_FILE_OPTION(targets),
    GPUVM_ALL_OPTION(targets, "every VM that is off"),
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_start = {
    .name = "start",
    .arguments = "[NAME…]",
    .summary = "Start VMs, after checking their devices again",
    .description =
        "Checks that every device of the VM is still there, the same, permitted, viable and free; then starts it. VMs are\n"
        "started one after the other, and one that cannot be does not keep the others from it.\n"
        "With -v it says what is being done and for how long; a start that is stuck is given up.\n"
        "With --wait it asks each VM for its health, as its definition says; one that is not healthy in time is exit\n"
        "code 6, with the reason and the last lines of its console. With --verify it waits for each guest's agent, and\n"
        "compares what the guest shows with what was planned; a difference is exit code 6.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_OFF,
    .run = run,
};
