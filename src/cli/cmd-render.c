/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* render: the domain XML that define would send */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>

#include "ops/plan.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) planned = gpuvm_plan_files(cli->session, argv);
    JsonArray *rows = json_array_new();

    (void)argc;
    for (guint i = 0; planned && cli->session->diags->errors == 0 && i < planned->len; i++) {
        const gpuvm_planned *vm = planned->pdata[i];
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "name", vm->plan->vm->name);
        json_object_set_string_member(row, "xml", vm->xml);
        json_array_add_object_element(rows, row);
        if (!cli->output->json)
            fputs(vm->xml, stdout);
    }
    gpuvm_output_rows(cli->output, "vms", rows);
}

const gpuvm_command gpuvm_cmd_render = {
    .name = "render",
    .arguments = "FILE|DIR|-…",
    .summary = "Print the domain XML that define would send",
    .description =
        "Plans the VMs and prints their libvirt domain XML, the same bytes for the same input. Changes nothing.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_FILE,
    .run = run,
};
