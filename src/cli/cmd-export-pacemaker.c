/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export pacemaker: definitions as a cluster's resources */
#include <config.h>

#include "cli/exports.h"
#include "ops/pacemaker.h"

static char *hosts, **bindings;
static gboolean crm, pcs;

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const char *wrong = crm && pcs                ? "--crm and --pcs exclude each other"
                        : cli->session->host_file ? "--host is one machine: --hosts takes a cluster's"
                                                  : NULL;
    g_autofree char *text = NULL;

    (void)argc;
    if (wrong) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "%s", wrong);
        return;
    }
    text = gpuvm_pacemaker_export(cli->session, argv, hosts, bindings,
                                  crm   ? GPUVM_PACEMAKER_CRM
                                  : pcs ? GPUVM_PACEMAKER_PCS
                                        : GPUVM_PACEMAKER_XML);
    if (text)
        gpuvm_output_text(cli->output, "pacemaker", text);
}

static const GOptionEntry options[] = {
    {"hosts", 0, 0, G_OPTION_ARG_FILENAME, &hosts,
     "the nodes are those whose host files (NODE.xml) are in DIR", "DIR"},
    {"node", 0, 0, G_OPTION_ARG_STRING_ARRAY, &bindings,
     "bind a VM to a node; without a name, those that name devices by address; may be repeated", "[VM=]NODE"},
    {"crm", 0, 0, G_OPTION_ARG_NONE, &crm, "print what crmsh loads", NULL},
    {"pcs", 0, 0, G_OPTION_ARG_NONE, &pcs, "print commands of pcs", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_export_pacemaker = {
    .name = "pacemaker",
    .parent = &gpuvm_cmd_export,
    .arguments = "FILE|DIR…",
    .summary = "Print definitions as resources of a Pacemaker cluster",
    .description =
        "Prints what Pacemaker is told to run the VMs and deployments on the nodes of a cluster, each where it fits:\n"
        "gpuvm export pacemaker FILE… | cibadmin --modify --allow-create --xml-pipe. It needs no cluster and no libvirt,\n"
        "and changes nothing. What Pacemaker cannot be told of a definition is an error.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
