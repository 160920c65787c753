/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* define: make or change the domains of definitions; all are planned before the first is defined */
#include <config.h>

#include "cli/domains.h"

static struct {
    gboolean start, autostart, adopt;
    gpuvm_start_settings how;
} given;

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_define_options how = {.adopt = given.adopt, .autostart = given.autostart};
    g_autoptr(GPtrArray) definitions = NULL;
    JsonArray *rows = json_array_new();

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (given.how.wait && !given.start) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "--wait needs --start");
        return;
    }
    if (!gpuvm_session_connect(cli->session))
        return;
    definitions = gpuvm_load_paths(argv, cli->session->diags);
    gpuvm_define_and_say(cli, definitions, how, given.start ? &given.how : NULL, rows);
}

static const GOptionEntry options[] = {
    {"start", 0, 0, G_OPTION_ARG_NONE, &given.start, "start each VM after all are defined", NULL},
    GPUVM_WAIT_OPTION(given.how),
    {"autostart", 0, 0, G_OPTION_ARG_NONE, &given.autostart, "start each VM with the host from now on", NULL},
    {"adopt", 0, 0, G_OPTION_ARG_NONE, &given.adopt,
     "replace a domain of the same name that gpuvm did not define", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_define = {
    .name = "define",
    .arguments = "FILE|DIR|-…",
    .summary = "Define VMs in libvirt, or change them",
    .description =
        "Plans all the VMs, and defines them when nothing stands in the way of any. An existing domain keeps its\n"
        "UUID and MAC address. A running VM keeps its old definition until its next start.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_FILE,
    .run = run,
};
