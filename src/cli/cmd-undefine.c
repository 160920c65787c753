/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undefine: forget VMs; their disks stay */
#include <config.h>

#include "cli/domains.h"
#include "ops/lifecycle.h"

static gboolean nvram;

static bool
undefine(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    (void)row;
    if (!gpuvm_undefine(cli->session, name, nvram))
        return false;
    gpuvm_output_line(cli->output, "%s: undefined", name);
    return true;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    gpuvm_for_each_domain(cli, argv, undefine);
}

static const GOptionEntry options[] = {
    {"nvram", 0, 0, G_OPTION_ARG_NONE, &nvram, "remove its UEFI variables too", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_undefine = {
    .name = "undefine",
    .arguments = "NAME…",
    .summary = "Remove VMs from libvirt",
    .description =
        "Removes the definition of VMs that are off. Their disks stay, and without --nvram their UEFI variables.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
