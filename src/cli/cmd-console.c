/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* console: the serial console of a VM at this terminal */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "ops/lifecycle.h"

static gboolean force;
static bool quiet, was_connected; /* which connected() cannot be given */

static void
connected(const char *name)
{
    g_autofree char *shown = gpuvm_text_printable(name);

    was_connected = true;
    if (!quiet)
        fprintf(stderr, "connected to %s; leave with Ctrl-]\n", shown);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    quiet = cli->quiet;
    gpuvm_attach(cli->session, argv[0], force, connected);
    if (was_connected && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        fputc('\n', stderr); /* the guest's prompt may be in this line */
}

static const GOptionEntry options[] = {
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "take the console from whoever has it", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_console = {
    .name = "console",
    .arguments = "NAME",
    .summary = "Use the serial console of a VM",
    .description =
        "Connects the terminal to the VM's first console, over libvirt's connection. Ctrl-] leaves; it also ends with\n"
        "the VM. Where standard input is not a terminal it is passed to the guest, and the output goes on after its end.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN_RUNNING,
    .run = run,
};
