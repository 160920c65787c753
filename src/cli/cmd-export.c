/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export: the definitions of domains */
#include <config.h>

#include "cli/exports.h"

#include <stdio.h>

#include "ops/export.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    JsonArray *rows = json_array_new();

    for (int i = 0; i < argc; i++) {
        g_autofree char *yaml = gpuvm_export(cli->session, argv[i]);
        JsonObject *row;

        if (!yaml)
            continue;
        if (!cli->output->json)
            printf("%s%s", json_array_get_length(rows) > 0 ? "---\n" : "", yaml);
        row = json_object_new();
        json_object_set_string_member(row, "name", argv[i]);
        json_object_set_string_member(row, "yaml", yaml);
        json_array_add_object_element(rows, row);
    }
    gpuvm_output_rows(cli->output, "vms", rows);
}

static const gpuvm_command *const commands[] = {&gpuvm_cmd_export_pacemaker, &gpuvm_cmd_export_kubevirt,
                                                NULL};

const gpuvm_command gpuvm_cmd_export = {
    .name = "export",
    .commands = commands,
    .arguments = "NAME…",
    .summary = "Print the definitions of domains",
    .description =
        "Prints the definition that was applied when each VM was defined, with what its plugin gave and whole paths:\n"
        "gpuvm export NAME | gpuvm define - says unchanged. Secrets are not kept: comments name the keys that need them\n"
        "again. Of a domain that gpuvm did not define it prints what a definition can say of its XML, and comments with\n"
        "what it cannot: gpuvm define --adopt takes it over.\n"
        "A VM that is called as one of the commands below is exported by gpuvm export -- NAME.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
