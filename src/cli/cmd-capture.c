/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capture: this host as a file, to plan against elsewhere */
#include <config.h>

#include "cli/command.h"
#include "ops/capture.h"

static char *file;
static gboolean full;

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autofree char *text = gpuvm_capture_host(cli->session, full);
    g_autoptr(GError) error = NULL;

    (void)argc, (void)argv;
    if (!text)
        return;
    if (!file)
        gpuvm_output_text(cli->output, "host", text);
    else if (!g_file_set_contents(file, text, -1, &error))
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_FAILED, NULL, "cannot write %s: %s", file,
                          error->message);
}

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &file, "write to FILE (here -o is not the format)", "FILE"},
    {"full", 0, 0, G_OPTION_ARG_NONE, &full, "with serial numbers and the host's UUID", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_capture = {
    .name = "capture",
    .summary = "Write this host to a file, to plan against elsewhere",
    .description =
        "Writes what plans depend on as a host file: capabilities, PCI devices, the domains that have some, the\n"
        "host's policy. gpuvm plan --host FILE then decides what gpuvm plan decides on the host itself.",
    .options = options,
    .run = run,
};
