/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

/* Adds @in, escaped for man(7). */
static void
append_man(GString *page, const char *in)
{
    for (const char *p = in; *p; p++) {
        if (*p == '-')
            g_string_append(page, "\\-");
        else if (*p == '\\')
            g_string_append(page, "\\e");
        else
            g_string_append_c(page, *p);
    }
}

static void
append_man_options(GString *page, const GOptionEntry *entries)
{
    for (; entries && entries->long_name; entries++) {
        g_string_append(page, ".TP\n.B ");
        if (entries->short_name)
            g_string_append_printf(page, "\\-%c, ", entries->short_name);
        g_string_append(page, "\\-\\-");
        append_man(page, entries->long_name);
        if (entries->arg_description)
            g_string_append_printf(page, " \\fI%s\\fR", entries->arg_description);
        g_string_append_c(page, '\n');
        append_man(page, entries->description);
        g_string_append_c(page, '\n');
    }
}

static void
append_man_commands(GString *page, const gpuvm_command *const *commands)
{
    for (; commands && *commands; commands++) {
        const gpuvm_command *command = *commands;
        g_autofree char *title = gpuvm_command_title(command);

        g_string_append_printf(page, ".SS %s %s\n", title, command->arguments ? command->arguments : "");
        append_man(page, command->description);
        g_string_append_c(page, '\n');
        append_man_options(page, command->options);
        append_man_commands(page, command->commands);
    }
}

char *
gpuvm_command_man(void)
{
    GString *page = g_string_new(".SH COMMANDS\n");

    append_man_commands(page, gpuvm_commands);
    g_string_append(page, ".SH OPTIONS\nEvery command takes these.\n");
    append_man_options(page, gpuvm_global_options());
    return g_string_free(page, FALSE);
}
