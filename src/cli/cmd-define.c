/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* define: make or change the domains of definitions; all are planned before the first is defined */
#include <config.h>

#include "cli/domains.h"
#include "ops/define.h"
#include "ops/images.h"
#include "ops/lifecycle.h"

static gboolean start, autostart, adopt;

static bool
define_one(gpuvm_cli *cli, gpuvm_planned *planned, const gpuvm_define_options *define_options,
           JsonArray *rows)
{
    const char *name = planned->plan->vm->name;
    gpuvm_change change;
    JsonObject *row;

    if (!gpuvm_define(cli->session, planned, define_options, &change))
        return false;
    row = json_object_new();
    json_object_set_string_member(row, "name", name);
    json_object_set_string_member(row, "change", gpuvm_change_names[change]);
    json_array_add_object_element(rows, row);
    gpuvm_output_line(cli->output, "%s: %s", name, gpuvm_change_names[change]);
    return true;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_define_options define_options = {.adopt = adopt, .autostart = autostart};
    g_autoptr(GPtrArray) planned = NULL;
    JsonArray *rows = json_array_new();
    guint n = 0;

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (gpuvm_start_wait && !start) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "--wait needs --start");
        return;
    }
    if (!gpuvm_session_connect(cli->session))
        return;
    planned = gpuvm_plan_files(cli->session, argv);
    if (!planned || !gpuvm_define_prepare(cli->session, planned, &define_options)) {
        gpuvm_output_line(cli->output, "nothing was defined");
        return;
    }
    while (n < planned->len && define_one(cli, planned->pdata[n], &define_options, rows))
        n++;
    for (guint i = n + 1; i < planned->len; i++) /* after a failure the rest is not defined */
        gpuvm_images_discard(cli->session, planned->pdata[i]);
    for (guint i = 0; start && n == planned->len && i < n; i++) {
        const gpuvm_planned *vm = planned->pdata[i];
        gpuvm_act_on_domain(cli, vm->plan->vm->name, gpuvm_start_and_say,
                            json_array_get_object_element(rows, i));
    }
    gpuvm_wait_and_say(cli, rows);
}

static const GOptionEntry options[] = {
    {"start", 0, 0, G_OPTION_ARG_NONE, &start, "start each VM after all are defined", NULL},
    GPUVM_WAIT_OPTION,
    {"autostart", 0, 0, G_OPTION_ARG_NONE, &autostart, "start each VM with the host from now on", NULL},
    {"adopt", 0, 0, G_OPTION_ARG_NONE, &adopt, "replace a domain of the same name that gpuvm did not define",
     NULL},
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
