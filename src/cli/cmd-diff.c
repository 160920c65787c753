/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff: what define would change, field by field, and when that takes effect */
#include <config.h>

#include "cli/changes.h"

static struct {
    gboolean adopt;
    char *set;
} given;

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    /* what is not in the definitions is shown, whether it runs or not */
    const gpuvm_define_options how = {
        .adopt = given.adopt, .set = given.set, .prune = given.set != NULL, .stop = true};
    g_autoptr(GPtrArray) definitions = NULL;
    JsonArray *rows = json_array_new();

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (!gpuvm_check_set(cli->session->diags, given.set) || !gpuvm_session_connect(cli->session))
        return;
    definitions = gpuvm_load_paths(argv, NULL, how.prune, NULL, cli->session->diags);
    cli->differs = gpuvm_changes_show(cli, definitions, &how, rows);
}

static const GOptionEntry options[] = {
    {"adopt", 0, 0, G_OPTION_ARG_NONE, &given.adopt,
     "what define --adopt would change of domains that gpuvm did not define", NULL},
    {"set", 0, 0, G_OPTION_ARG_STRING, &given.set, "what define --set NAME --prune would change and remove",
     "NAME"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_diff = {
    .name = "diff",
    .arguments = "FILE|DIR|-…",
    .summary = "Show what define would change",
    .description =
        "Shows for each VM whether define would create or update it, or leave it unchanged, and field by field what\n"
        "the domain has now, what it would have then, and when that takes effect: now, at the next start of the VM, or\n"
        "not before it gets a new disk. A replica that its deployment is no longer to have is too many; define leaves it.\n"
        "Secrets are told apart by digests. Changes nothing; the exit code is 7 when something differs, and 0 when nothing\n"
        "does.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
