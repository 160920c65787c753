/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* validate: are these definitions right, by themselves? No libvirt, no host. */
#include <config.h>

#include "cli/command.h"
#include "core/replicas.h"
#include "ops/load.h"

static char *kind;

static void
add_row(JsonArray *rows, const gpuvm_definition *definition)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "file", definition->source);
    json_object_set_string_member(row, "kind", gpuvm_kind_names[definition->spec->kind]);
    json_object_set_string_member(row, "name", gpuvm_spec_name(definition->spec));
    json_array_add_object_element(rows, row);
}

/* What is wrong with the replicas of a deployment; a plugin's part is not known here. */
static void
check_replicas(const gpuvm_spec *spec, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_spec) template = NULL;
    g_autoptr(GPtrArray) replicas = NULL;

    if (spec->kind != GPUVM_KIND_DEPLOYMENT || spec->deployment->plugin)
        return;
    template = gpuvm_replicas_template(spec, diags);
    if (template)
        replicas = gpuvm_replicas_expand(spec, template, NULL, diags);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_diags *diags = cli->session->diags;
    guint files;
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(argv, kind, false, &files, diags);
    JsonArray *rows = json_array_new();

    (void)argc;
    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_definition *definition = definitions->pdata[i];

        check_replicas(definition->spec, diags);
        add_row(rows, definition);
    }
    if (diags->errors == 0)
        gpuvm_output_line(cli->output, "%u definition%s in %u file%s: valid", json_array_get_length(rows),
                          json_array_get_length(rows) == 1 ? "" : "s", files, files == 1 ? "" : "s");
    gpuvm_output_rows(cli->output, "definitions", rows);
}

static const GOptionEntry options[] = {
    {"kind", 'k', 0, G_OPTION_ARG_STRING, &kind,
     "what the definitions must be: vm, plugin, deployment, policy or defaults", "KIND"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_validate = {
    .name = "validate",
    .arguments = "FILE|DIR|-…",
    .summary = "Check definitions by themselves",
    .description =
        "Checks the form and meaning of definitions without any host, and shows every error of every file.\n"
        "A directory stands for the .yaml, .yml and .json files in it that are definitions, but for what its .gpuvmignore\n"
        "lists; - is standard input.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
