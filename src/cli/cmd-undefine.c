/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undefine: forget VMs; their disks stay unless asked otherwise */
#include <config.h>

#include "cli/domains.h"

static struct {
    gboolean nvram, storage;
} given;
static gpuvm_targets targets;

static bool
undefine(gpuvm_cli *cli, const char *name, JsonObject *row)
{
    const gpuvm_undefine_options how = {.nvram = given.nvram, .storage = given.storage};

    g_autoptr(GPtrArray) left = NULL;

    (void)row;
    if (given.storage && !gpuvm_undefine_left(cli->session, name, &left))
        return false;
    for (guint i = 0; left && i < left->len; i++)
        gpuvm_output_line(cli->output, "%s: removed volume %s, which it had left", name,
                          (const char *)left->pdata[i]);
    if (left && left->len > 0)
        return true;
    if (!gpuvm_undefine(cli->session, name, &how))
        return false;
    gpuvm_output_line(cli->output, "%s: undefined", name);
    return true;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    gpuvm_for_each_domain(cli, argv, &targets, undefine);
}

static const GOptionEntry options[] = {
    {"nvram", 0, 0, G_OPTION_ARG_NONE, &given.nvram, "remove its UEFI variables too", NULL},
    {"storage", 0, 0, G_OPTION_ARG_NONE, &given.storage,
     "remove its own volumes too: root disk, blank disks, seed", NULL},
    GPUVM_FILE_OPTION(targets),
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_undefine = {
    .name = "undefine",
    .arguments = "[NAME…]",
    .summary = "Remove VMs from libvirt",
    .description =
        "Removes the definition of VMs that are off. Their disks stay, and without --nvram their UEFI variables. With\n"
        "--storage, what gpuvm made for them in the storage pool is removed for ever: root disks, blank disks, seeds. Images stay\n"
        "in any case: see gpuvm image prune. Of a VM that is not defined any more, named alone, it removes what it left that\n"
        "is surely its own: seeds, and disks on images in the pool. When one of the names is wrong, nothing is changed.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_OFF,
    .run = run,
};
