/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* completion: the shell's side, and __complete, which that asks */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/completion.h"
#include "model/spec.h"
#include "ops/fleet.h"
#include "ops/plugin.h"

static void
run_completion(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (g_str_equal(argv[0], "bash"))
        gpuvm_output_text(cli->output, "completion", gpuvm_completion_bash);
    else
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                          "no completion for shell '%s', only for bash", argv[0]);
}

const gpuvm_command gpuvm_cmd_completion = {
    .name = "completion",
    .arguments = "SHELL",
    .summary = "Print the completion script of a shell",
    .description =
        "Prints the script that completes gpuvm's commands in bash: source <(gpuvm completion bash)",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_SHELL,
    .run = run_completion,
};

static void
offer(const char *prefix, const char *candidate)
{
    g_autofree char *safe = gpuvm_text_printable(candidate);

    if (g_str_has_prefix(candidate, prefix) && g_str_equal(candidate, safe))
        puts(candidate);
}

static void
offer_options(const GOptionEntry *entries, const char *prefix)
{
    for (; entries && entries->long_name; entries++) {
        g_autofree char *option = g_strdup_printf("--%s", entries->long_name);
        offer(prefix, option);
    }
}

static void
offer_words(const char *const *words, const char *prefix)
{
    for (; *words; words++)
        offer(prefix, *words);
}

static void
offer_commands(const gpuvm_command *const *commands, const char *prefix)
{
    for (; *commands; commands++)
        offer(prefix, (*commands)->name);
}

static void
offer_domains(gpuvm_session *session, const char *prefix)
{
    g_autoptr(GPtrArray) domains = gpuvm_list_managed(session);

    for (guint i = 0; domains && i < domains->len; i++)
        offer(prefix, ((const gpuvm_instance *)domains->pdata[i])->domain->name);
}

static void
offer_deployments(gpuvm_session *session, const char *prefix)
{
    g_autoptr(GPtrArray) fleets = gpuvm_fleet_list(session);

    for (guint i = 0; fleets && i < fleets->len; i++)
        offer(prefix, ((const gpuvm_fleet *)fleets->pdata[i])->name);
}

static void
offer_plugins(gpuvm_session *session, const char *prefix)
{
    g_autoptr(GPtrArray) names = gpuvm_plugin_names(session);

    for (guint i = 0; names && i < names->len; i++)
        offer(prefix, names->pdata[i]);
}

static void
offer_devices(gpuvm_session *session, const char *prefix)
{
    g_autoptr(GPtrArray) devices = NULL;

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_all(session))
        return;
    devices = gpuvm_facts_devices(session->facts);
    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (gpuvm_device_is_gpu(device))
            offer(prefix, GPUVM_PCI(&device->addr));
    }
}

static void
offer_arguments(gpuvm_session *session, const gpuvm_command *command, const char *prefix)
{
    static const char *const shells[] = {"bash", NULL};

    switch (command->argument) {
    case GPUVM_ARGUMENT_DOMAIN:
        offer_domains(session, prefix);
        break;
    case GPUVM_ARGUMENT_DEVICE:
        offer_devices(session, prefix);
        break;
    case GPUVM_ARGUMENT_PLUGIN:
        offer_plugins(session, prefix);
        break;
    case GPUVM_ARGUMENT_DEPLOYMENT:
        offer_deployments(session, prefix);
        break;
    case GPUVM_ARGUMENT_KIND:
        offer_words(gpuvm_kind_names, prefix);
        break;
    case GPUVM_ARGUMENT_SHELL:
        offer_words(shells, prefix);
        break;
    case GPUVM_ARGUMENT_FILE:    /* bash does it better */
    case GPUVM_ARGUMENT_COMMAND: /* of those, read_line knows the rest */
    case GPUVM_ARGUMENT_NONE:
        break;
    }
}

/* The option of @command or of all commands that @word names and that takes a value in the next word; NULL. */
static const GOptionEntry *
option_with_value(const gpuvm_command *command, const char *word)
{
    const GOptionEntry *tables[] = {command ? command->options : NULL, gpuvm_global_options()};

    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const GOptionEntry *entry = tables[t]; entry && entry->long_name; entry++) {
            bool named =
                (g_str_has_prefix(word, "--") && g_str_equal(word + 2, entry->long_name)) ||
                (word[0] == '-' && word[1] == entry->short_name && word[1] != '\0' && word[2] == '\0');

            if (named && entry->arg != G_OPTION_ARG_NONE)
                return entry;
        }
    }
    return NULL;
}

static void
offer_value(const GOptionEntry *option, const char *prefix)
{
    static const char *const formats[] = {"table", "wide", "json", NULL};
    static const char *const colors[] = {"auto", "always", "never", NULL};

    if (g_str_equal(option->long_name, "output"))
        offer_words(formats, prefix);
    else if (g_str_equal(option->long_name, "color"))
        offer_words(colors, prefix);
    else if (g_str_equal(option->long_name, "kind"))
        offer_words(gpuvm_kind_names, prefix);
}

/* Puts what the line says of the host into @session. */
static void
read_setting(gpuvm_session *session, const GOptionEntry *option, const char *value)
{
    if (g_str_equal(option->long_name, "connect"))
        session->uri = value;
    else if (g_str_equal(option->long_name, "host"))
        session->host_file = value;
    else if (g_str_equal(option->long_name, "plugin-dir"))
        session->plugin_dir = value;
}

/*
 * The command among the @n words behind "gpuvm"; *@ret_next is what the next word is one of, NULL when it is not a command.
 */
static const gpuvm_command *
read_line(gpuvm_session *session, int n, char **words, const gpuvm_command *const **ret_next)
{
    const gpuvm_command *command = NULL, *const *next = gpuvm_commands;

    for (int i = 0; i < n; i++) {
        const GOptionEntry *option = option_with_value(command, words[i]);
        const gpuvm_command *named = NULL;

        if (option && i + 1 < n)
            read_setting(session, option, words[++i]);
        else if (next && words[i][0] != '-')
            named = gpuvm_command_find(next, words[i]);
        if (!named)
            continue;
        if (gpuvm_command_list(command))
            command = named;
        /* help names a command as the line does */
        next = named->argument == GPUVM_ARGUMENT_COMMAND ? gpuvm_commands : named->commands;
    }
    *ret_next = next;
    return command;
}

void
gpuvm_complete(int argc, char **argv)
{
    g_autoptr(gpuvm_session) session = gpuvm_session_new();
    int current = argc > 0 ? atoi(argv[0]) : -1; /* which of the words that follow, "gpuvm" being 0 */
    const gpuvm_command *command, *const *next;
    const GOptionEntry *option;
    const char *prefix;

    if (current < 1 || current + 1 >= argc)
        return;
    prefix = argv[current + 1];
    command = read_line(session, current - 1, argv + 2, &next);
    option = current > 1 ? option_with_value(command, argv[current]) : NULL;
    if (option) {
        offer_value(option, prefix);
    } else if (prefix[0] == '-') {
        offer_options(command ? command->options : NULL, prefix);
        offer_options(gpuvm_global_options(), prefix);
    } else if (next) {
        offer_commands(next, prefix);
    } else {
        offer_arguments(session, command, prefix);
    }
}
