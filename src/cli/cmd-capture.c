/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capture: this host as a file, to plan against elsewhere */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "ops/bundle.h"
#include "ops/capture.h"

static char *file, *bundle_file;
static gboolean full, yes;

/* Says what is going to be written, and what was replaced. */
static void
show_bundle(const gpuvm_output *output, const gpuvm_bundle *bundle)
{
    for (guint i = 0; i < bundle->files->len; i++) {
        const gpuvm_packed *packed = bundle->files->pdata[i];
        g_autofree char *line = g_strdup_printf("%s (%zu bytes)", packed->name, strlen(packed->text));

        gpuvm_output_paragraph(output, "", line);
    }
    g_autofree char *replaced = NULL;
    g_ptr_array_add(bundle->replaced, NULL);
    replaced = g_strjoinv(", ", (char **)bundle->replaced->pdata);
    g_ptr_array_set_size(bundle->replaced, (gint)bundle->replaced->len - 1);
    gpuvm_output_paragraph(output, "replaced: ", *replaced ? replaced : "nothing");
    gpuvm_output_paragraph(
        output, "left out: ",
        "secrets: texts for cloud-init, the workload's environment, passwords, keys and tokens");
    gpuvm_output_paragraph(output, "kept: ", "names of VMs, PCI addresses, paths of images");
}

/* Whether the user says yes, at the terminal. */
static bool
confirm(gpuvm_cli *cli)
{
    char answer[8] = "";

    if (yes)
        return true;
    fflush(stdout);
    fprintf(stderr, "Write %s? [y/N] ", bundle_file);
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) && g_ascii_tolower(*answer) == 'y')
        return true;
    gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_FAILED, NULL, "%s was not written", bundle_file);
    return false;
}

static JsonArray *
name_files(const gpuvm_bundle *bundle)
{
    JsonArray *names = json_array_new();

    for (guint i = 0; i < bundle->files->len; i++)
        json_array_add_string_element(names, ((const gpuvm_packed *)bundle->files->pdata[i])->name);
    return names;
}

static void
run_bundle(gpuvm_cli *cli, char **argv)
{
    gpuvm_diags *diags = cli->session->diags;
    g_autoptr(gpuvm_bundle) bundle = NULL;
    GError *error = NULL;

    if (!gpuvm_tarball_knows(bundle_file)) {
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL,
                          "the name of a bundle ends in .tar.gz or .tar.zst, not as %s", bundle_file);
        return;
    }
    if (!yes && (cli->output->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))) {
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL,
                                          "there is no terminal to ask whether it is to be written"),
                        "to write it without being asked: --yes");
        return;
    }
    bundle = gpuvm_bundle_make(cli->session, argv);
    if (!bundle)
        return;
    show_bundle(cli->output, bundle);
    if (!confirm(cli))
        return;
    if (!gpuvm_tarball_write(bundle_file, bundle->files, &error)) {
        gpuvm_diags_fail(diags, NULL, error);
        return;
    }
    gpuvm_output_rows(cli->output, "files", name_files(bundle));
    gpuvm_output_rows(cli->output, "replaced", gpuvm_json_texts(bundle->replaced));
}

static void
run_host(gpuvm_cli *cli)
{
    g_autofree char *text = gpuvm_capture_host(cli->session, full);
    g_autoptr(GError) error = NULL;

    if (!text)
        return;
    if (!file)
        gpuvm_output_text(cli->output, "host", text);
    else if (!g_file_set_contents(file, text, -1, &error))
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_FAILED, NULL, "cannot write %s: %s", file,
                          error->message);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const char *wrong = !bundle_file && (argc > 0 || yes) ? "NAMEs, FILEs and --yes are for --bundle"
                        : bundle_file && (file || full)   ? "--bundle takes neither --output nor --full"
                                                          : NULL;

    if (wrong)
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "%s", wrong);
    else if (bundle_file)
        run_bundle(cli, argv);
    else
        run_host(cli);
}

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &file, "write to FILE (here -o is not the format)", "FILE"},
    {"bundle", 0, 0, G_OPTION_ARG_FILENAME, &bundle_file,
     "write an archive for others to FILE (.tar.gz, .tar.zst)", "FILE"},
    {"yes", 0, 0, G_OPTION_ARG_NONE, &yes, "with --bundle, write it without being asked", NULL},
    {"full", 0, 0, G_OPTION_ARG_NONE, &full, "with serial numbers and the host's UUID", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_capture = {
    .name = "capture",
    .arguments = "[NAME|FILE|DIR…]",
    .summary = "Write this host to a file, to plan against elsewhere",
    .description =
        "Writes what plans depend on as a host file: capabilities, PCI devices, the domains that have some, the\n"
        "host's policy. gpuvm plan --host FILE then decides what gpuvm plan decides on the host itself.\n"
        "With --bundle it writes an archive that may be given away: with it the definitions at FILE or DIR, or those of VM\n"
        "NAME, its domain XML and its logs (nothing named: of every VM). Names, addresses, UUIDs and serial numbers have\n"
        "placeholders in it, secrets are gone. What is in it is shown first, and written when that is confirmed.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
