/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify: compare what guests show with what was planned */
#include <config.h>

#include "cli/domains.h"
#include "cli/verified.h"

#define MOST_SECONDS 86400

static struct {
    char *command;
    int seconds;
} given = {.seconds = GPUVM_VERIFY_SECONDS};

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_verify_options options = {.command = given.command, .seconds = (unsigned)given.seconds};
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(JsonArray) vms = json_array_new();

    if (given.seconds < 1 || given.seconds > MOST_SECONDS) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                          "--timeout is from 1 to %d seconds, not %d", MOST_SECONDS, given.seconds);
        return;
    }
    for (int i = 0; i < argc; i++)
        g_ptr_array_add(names, argv[i]);
    if (gpuvm_session_connect(cli->session))
        gpuvm_verify_and_say(cli, names, &options, vms);
    gpuvm_output_rows(cli->output, "vms", g_steal_pointer(&vms));
}

static const GOptionEntry options[] = {
    {"command", 0, 0, G_OPTION_ARG_STRING, &given.command,
     "have the guest's shell run COMMAND, too: an exit status other than 0 is a difference", "COMMAND"},
    {"timeout", 't', 0, G_OPTION_ARG_INT, &given.seconds,
     "give the guest so long for its answer, and for COMMAND (default 120)", "SECONDS"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_verify = {
    .name = "verify",
    .arguments = "NAME…",
    .summary = "Compare what guests show with what was planned",
    .description =
        "Looks at each running VM from inside: CPUs, memory and NUMA nodes; of each passed function, whether it is at its place,\n"
        "with its ids, addresses for its BARs, its link, its NUMA node and a driver; what nvidia-smi, rocm-smi and clinfo count,\n"
        "where the guest has them. A difference is exit code 6. What no guest can see, as which pages of the host its memory is\n"
        "made of (hugepages) and which CPUs run it, is not compared.\n"
        "\n"
        "The guest is asked through its agent (qemu-guest-agent), or, where that does not answer or must not run anything,\n"
        "through a service that cloud-init sets up there when the definition has verify: true. COMMAND needs the agent.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_RUNNING,
    .run = run,
};
