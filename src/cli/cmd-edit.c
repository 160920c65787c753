/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit: change a VM's definition in an editor, and define it */
#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "cli/changes.h"
#include "cli/domains.h"
#include "ops/edit.h"

/* Shows what the text changes, and defines it; whether it is defined, or says what is defined already. */
static bool
apply(gpuvm_cli *cli, const gpuvm_edit *edit, JsonArray *rows)
{
    const gpuvm_define_options how = {.expected = edit->xml};
    gpuvm_diags *diags = cli->session->diags;
    guint notes = diags->items->len;
    g_autoptr(GPtrArray) compared = gpuvm_edit_load(cli->session, edit), defined = NULL;

    if (!compared || !gpuvm_changes_show(cli, compared, &how, rows))
        return diags->errors == 0;
    g_ptr_array_set_size(diags->items, (gint)notes); /* they come again */
    defined = gpuvm_edit_load(cli->session, edit);
    if (defined)
        gpuvm_define_and_say(cli, defined, how, NULL, rows);
    return diags->errors == 0;
}

/* Shows what is wrong, and asks whether the user goes on; nobody is asked without a terminal. */
static bool
wants_again(gpuvm_cli *cli, const gpuvm_edit *edit)
{
    gpuvm_diags *diags = cli->session->diags;
    enum gpuvm_exit exit = gpuvm_diags_exit(diags);
    char answer[8] = "";
    bool again;

    if (cli->output->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    gpuvm_output_finish(cli->output, diags);
    fputs("Edit it again? [Y/n] ", stderr);
    fflush(stderr);
    again = fgets(answer, sizeof answer, stdin) && g_ascii_tolower(*answer) != 'n';
    g_ptr_array_set_size(diags->items, 0); /* they were shown */
    diags->errors = 0;
    if (!again)
        gpuvm_diags_error(diags, exit, NULL, "VM '%s' is as it was", edit->name);
    return again;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_edit *edit = gpuvm_edit_begin(cli->session, argv[0]);
    JsonArray *rows = json_array_new();
    bool changed = false, done = false;

    (void)argc;
    gpuvm_output_rows(cli->output, "vms", rows);
    if (!edit)
        return;
    do
        done = gpuvm_edit_run(cli->session, edit, &changed) && (!changed || apply(cli, edit, rows));
    while (!done && wants_again(cli, edit));
    if (!changed && done)
        gpuvm_output_line(cli->output, "%s: not changed", edit->name);
    if (changed && !done)
        gpuvm_diags_note(cli->session->diags, NULL, "what you wrote is in %s", edit->file);
    gpuvm_edit_end(edit, changed && !done);
}

const gpuvm_command gpuvm_cmd_edit = {
    .name = "edit",
    .arguments = "NAME",
    .summary = "Change a VM's definition in an editor",
    .description =
        "Opens what gpuvm export prints in the editor that VISUAL or EDITOR names, shows what the new text changes, as\n"
        "gpuvm diff does, and defines it. What cannot be defined can be edited again; what is given up stays in its file.\n"
        "A text that is not changed does nothing. The file in git stays as it is: gpuvm diff shows that it differs.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
