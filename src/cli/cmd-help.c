/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* help: about gpuvm, or one command */
#include <config.h>

#include "cli/command.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_command *command = NULL;
    g_autofree char *help = NULL;

    for (int i = 0; i < argc; i++) {
        const gpuvm_command *const *commands = gpuvm_command_list(command);
        g_autofree char *meant = commands ? gpuvm_command_meant(command, argv + i) : NULL;

        command = commands ? gpuvm_command_find(commands, argv[i]) : NULL;
        if (!command) {
            gpuvm_diag *diag = gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                                                 "unknown command '%s'", argv[i]);
            if (meant)
                gpuvm_diag_hint(diag, "did you mean '%s'?", meant);
            return;
        }
    }
    help = gpuvm_command_help(command);
    gpuvm_output_text(cli->output, "help", help);
}

const gpuvm_command gpuvm_cmd_help = {
    .name = "help",
    .arguments = "[COMMAND…]",
    .summary = "Show help about a command",
    .description = "Shows what gpuvm can do, or how one command is used.",
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_COMMAND,
    .run = run,
};
