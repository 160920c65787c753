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

        g_string_append_printf(page, ".SS %s%s%s\n", title, command->arguments ? " " : "",
                               command->arguments ? command->arguments : "");
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

char *
gpuvm_command_man_group(const gpuvm_command *group)
{
    GString *page = g_string_new(".SH COMMANDS\n");

    append_man_commands(page, group->commands);
    return g_string_free(page, FALSE);
}

/* A line of the synopsis. */
static void
append_man_usage(GString *page, const gpuvm_command *command)
{
    g_autofree char *title = gpuvm_command_title(command);

    g_string_append_printf(page, ".B %s\n.RI [ OPTION ]...\n", title);
    if (command->arguments) {
        g_string_append(page, ".I ");
        append_man(page, command->arguments);
        g_string_append_c(page, '\n');
    }
}

static void
append_man_synopsis(GString *page, const gpuvm_command *command)
{
    g_string_append(page, ".SH SYNOPSIS\n");
    if (command->run)
        append_man_usage(page, command);
    for (int i = 0; command->commands && command->commands[i]; i++) {
        if (i > 0 || command->run)
            g_string_append(page, ".br\n");
        append_man_usage(page, command->commands[i]);
    }
}

char *
gpuvm_command_man_page(const gpuvm_command *command)
{
    GString *page = g_string_new(NULL);

    g_string_printf(page, ".SH NAME\ngpuvm\\-%s \\- %c", command->name, g_ascii_tolower(*command->summary));
    append_man(page, command->summary + 1);
    g_string_append_c(page, '\n');
    append_man_synopsis(page, command);
    g_string_append(page, ".SH DESCRIPTION\n");
    append_man(page, command->description);
    g_string_append_c(page, '\n');
    if (command->commands) {
        g_autofree char *commands = gpuvm_command_man_group(command);
        g_string_append(page, commands);
    }
    g_string_append(page, ".SH OPTIONS\n");
    append_man_options(page, command->options);
    g_string_append_printf(
        page,
        "%sThose of every command are in\n.BR gpuvm (1).\n"
        ".SH EXIT STATUS\n%s\nSee\n.BR gpuvm (1).\n"
        ".SH ENVIRONMENT\n.TP\n.BR LIBVIRT_DEFAULT_URI \", \" NO_COLOR\nas in\n.BR gpuvm (1)\n",
        command->options ? ".PP\n" : "", gpuvm_exit_codes);
    return g_string_free(page, FALSE);
}
