/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schema: the JSON Schema of a kind of definition, for editors */
#include <config.h>

#include "cli/command.h"
#include "doc/emit.h"
#include "model/spec.h"

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : gpuvm_kind_names[GPUVM_KIND_VM];

    for (int kind = 0; gpuvm_kind_names[kind]; kind++) {
        if (g_str_equal(gpuvm_kind_names[kind], name)) {
            g_autofree char *schema = gpuvm_emit_jsonschema(gpuvm_kind_table((gpuvm_kind)kind));
            gpuvm_output_text(cli->output, "schema", schema);
            return;
        }
    }
    gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                      "unknown kind '%s': it is vm, plugin, deployment, policy or defaults", name);
}

const gpuvm_command gpuvm_cmd_schema = {
    .name = "schema",
    .arguments = "[KIND]",
    .summary = "Print the JSON Schema of a kind of definition",
    .description =
        "Prints the JSON Schema of vm (the default), plugin, deployment, policy or defaults: editors complete and\n"
        "check definitions with it.",
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_KIND,
    .run = run,
};
