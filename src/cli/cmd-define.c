/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* define: make or change the domains of definitions; all are planned before the first is defined */
#include <config.h>

#include "cli/changes.h"
#include "cli/domains.h"

static struct {
    gboolean start, autostart, adopt, dry_run, prune, stop, storage;
    char *set;
    gpuvm_start_settings how;
} given;

/* Whether the options go together. */
static bool
check_options(gpuvm_diags *diags)
{
    const struct {
        bool given, needed;
        const char *option, *needs;
    } pairs[] = {
        {given.how.wait, given.start, "--wait", "--start"},
        {given.prune, given.set, "--prune", "--set"},
        {given.stop, given.prune, "--stop", "--prune"},
        {given.storage, given.prune, "--storage", "--prune"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (pairs[i].given && !pairs[i].needed)
            gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "%s needs %s", pairs[i].option, pairs[i].needs);
    }
    return gpuvm_check_set(diags, given.set) && diags->errors == 0;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_define_options how = {.adopt = given.adopt,
                                      .autostart = given.autostart,
                                      .set = given.set,
                                      .prune = given.prune,
                                      .stop = given.stop,
                                      .storage = given.storage};
    g_autoptr(GPtrArray) definitions = NULL;
    JsonArray *rows = json_array_new();

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (!check_options(cli->session->diags) || !gpuvm_session_connect(cli->session))
        return;
    definitions = gpuvm_load_paths(argv, NULL, given.prune, NULL, cli->session->diags);
    if (given.dry_run)
        gpuvm_changes_show(cli, definitions, &how, rows);
    else
        gpuvm_define_and_say(cli, definitions, how, given.start ? &given.how : NULL, rows);
}

static const GOptionEntry options[] = {
    {"start", 0, 0, G_OPTION_ARG_NONE, &given.start, "start each VM after all are defined", NULL},
    GPUVM_WAIT_OPTION(given.how),
    {"autostart", 0, 0, G_OPTION_ARG_NONE, &given.autostart, "start each VM with the host from now on", NULL},
    {"adopt", 0, 0, G_OPTION_ARG_NONE, &given.adopt,
     "replace a domain of the same name that gpuvm did not define", NULL},
    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &given.dry_run,
     "show what would be done, as gpuvm diff does, and do nothing", NULL},
    {"set", 0, 0, G_OPTION_ARG_STRING, &given.set, "what the VMs of these definitions are called together",
     "NAME"},
    {"prune", 0, 0, G_OPTION_ARG_NONE, &given.prune,
     "remove the VMs of the set that the definitions do not have", NULL},
    {"stop", 0, 0, G_OPTION_ARG_NONE, &given.stop, "with --prune: stop those that run", NULL},
    {"storage", 0, 0, G_OPTION_ARG_NONE, &given.storage, "with --prune: remove their own volumes too", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_define = {
    .name = "define",
    .arguments = "FILE|DIR|-…",
    .summary = "Define VMs in libvirt, or change them",
    .description =
        "Plans all the VMs, and defines them when nothing stands in the way of any. An existing domain keeps its\n"
        "UUID and MAC address. A running VM keeps its old definition until its next start.\n"
        "With --set NAME the VMs are remembered as a set. With --prune those of the set that are in no definition any more\n"
        "are removed, as undefine does it, when the others are defined: which ones is said before anything is changed, and\n"
        "one that runs is an error without --stop. When anything is wrong with one definition, nothing is changed; with\n"
        "--prune, a file of a directory that may be one with misspelt keys is wrong, too.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
