/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* console: the serial console of a VM at this terminal */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "host/terminal.h"
#include "ops/lifecycle.h"

static gboolean force;

static void
connected(const char *name)
{
    fprintf(stderr, "connected to %s; leave with Ctrl-]\n", name);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = NULL;
    GError *error = NULL;

    (void)argc;
    if (!gpuvm_terminal_prepare(&error)) {
        gpuvm_session_fail(cli->session, error);
        return;
    }
    domain = gpuvm_find_managed(cli->session, argv[0], &record);
    if (!domain)
        return;
    if (!domain->active) {
        gpuvm_diag_hint(gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' is not running", domain->name),
                        "start it first: gpuvm start %s", domain->name);
        return;
    }
    if (!gpuvm_terminal_run(cli->session->connection, domain, force, cli->quiet ? NULL : connected, &error))
        gpuvm_session_fail(cli->session, error);
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
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
        "the VM. Where standard input is no terminal it is passed to the guest, and the output goes on after its end.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
