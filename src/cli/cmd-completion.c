/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* completion: the shell's side, and __complete, which that asks */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/completion.h"
#include "model/spec.h"
#include "ops/await.h"
#include "ops/clusterload.h"
#include "ops/fleet.h"
#include "ops/plugin.h"

/* A shell, and its script. */
static const struct {
    const char *name, *script;
} shells[] = {
    {"bash", gpuvm_completion_bash},
    {"zsh", gpuvm_completion_zsh},
    {"fish", gpuvm_completion_fish},
};

static void
run_completion(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    for (size_t i = 0; i < G_N_ELEMENTS(shells); i++) {
        if (g_str_equal(argv[0], shells[i].name)) {
            gpuvm_output_text(cli->output, "completion", shells[i].script);
            return;
        }
    }
    gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                      "no completion for shell '%s', only for bash, zsh and fish", argv[0]);
}

const gpuvm_command gpuvm_cmd_completion = {
    .name = "completion",
    .arguments = "SHELL",
    .summary = "Print the completion script of a shell",
    .description =
        "Prints the script that completes gpuvm's commands, options, VMs, devices and files in bash, zsh or "
        "fish:\nsource <(gpuvm completion bash)",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_SHELL,
    .run = run_completion,
};

/* A line that is being completed. */
typedef struct cmdline {
    gpuvm_session *session;
    const char *prefix; /* the word at hand */
    char **words;       /* those before it, the first being "gpuvm" */
    int n_words;
} cmdline;

/* Prints a candidate for the word; @description, NULL for none, behind a tab. */
static void
offer(const cmdline *line, const char *candidate, const char *description)
{
    g_autofree char *safe = gpuvm_text_printable(candidate), *said = NULL;

    if (!g_str_has_prefix(candidate, line->prefix) || !g_str_equal(candidate, safe))
        return;
    said = description ? gpuvm_text_printable(description) : NULL;
    printf("%s%s%s\n", candidate, said ? "\t" : "", said ? said : "");
}

/* As above, for what a line names once. */
static void
offer_once(const cmdline *line, const char *candidate, const char *description)
{
    for (int i = 1; i < line->n_words; i++) {
        if (g_str_equal(line->words[i], candidate))
            return;
    }
    offer(line, candidate, description);
}

/* Has the shell look for files, and go into directories: a line that begins with a tab. @patterns: as the shell's, between spaces. */
static void
offer_files(const char *patterns)
{
    printf("\t%s\n", patterns);
}

static void
offer_options(const cmdline *line, const GOptionEntry *entries)
{
    for (; entries && entries->long_name; entries++) {
        g_autofree char *option = g_strdup_printf("--%s", entries->long_name);
        offer(line, option, entries->description);
    }
}

static void
offer_words(const cmdline *line, const char *words)
{
    g_auto(GStrv) each = g_strsplit(words, " ", -1);

    for (int i = 0; each[i]; i++)
        offer(line, each[i], NULL);
}

static void
offer_commands(const cmdline *line, const gpuvm_command *const *commands)
{
    for (; *commands; commands++)
        offer(line, (*commands)->name, (*commands)->summary);
}

static void
offer_domains(const cmdline *line, bool off, bool running)
{
    g_autoptr(GPtrArray) domains = gpuvm_list_managed(line->session);

    for (guint i = 0; domains && i < domains->len; i++) {
        const gpuvm_domain *domain = ((const gpuvm_instance *)domains->pdata[i])->domain;

        if (domain->active ? running : off)
            offer_once(line, domain->name, domain->active ? "running" : "off");
    }
}

static void
offer_deployments(const cmdline *line)
{
    g_autoptr(GPtrArray) fleets = gpuvm_fleet_list(line->session);

    for (guint i = 0; fleets && i < fleets->len; i++)
        offer_once(line, ((const gpuvm_fleet *)fleets->pdata[i])->name, NULL);
}

static void
offer_clustered(const cmdline *line)
{
    g_autoptr(gpuvm_cluster) cluster = gpuvm_cluster_load(line->session, NULL);
    g_autoptr(GPtrArray) vms = cluster ? gpuvm_cluster_vms(line->session, cluster, (char *[]){NULL}) : NULL;

    for (guint i = 0; vms && i < vms->len; i++)
        offer_once(line, ((const gpuvm_cluster_instance *)vms->pdata[i])->name, NULL);
}

static void
offer_plugins(const cmdline *line)
{
    g_autoptr(GPtrArray) names = gpuvm_plugin_names(line->session);

    for (guint i = 0; names && i < names->len; i++)
        offer_once(line, names->pdata[i], NULL);
}

static void
offer_devices(const cmdline *line)
{
    gpuvm_session *session = line->session;
    g_autoptr(GPtrArray) devices = NULL;

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_all(session))
        return;
    devices = gpuvm_facts_devices(session->facts);
    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        g_autofree char *what = gpuvm_device_describe(device);

        if (gpuvm_device_is_gpu(device))
            offer_once(line, GPUVM_PCI(&device->addr), what);
    }
}

static void
offer_argument(const cmdline *line, gpuvm_argument argument)
{
    switch (argument) {
    case GPUVM_ARGUMENT_FILE:
        offer_files("*");
        break;
    case GPUVM_ARGUMENT_DIRECTORY:
        offer_files("*/");
        break;
    case GPUVM_ARGUMENT_DEFINITION:
        offer_files("*.yaml *.yml *.json");
        break;
    case GPUVM_ARGUMENT_DEFINED:
        offer_files("*.yaml *.yml *.json");
        offer_domains(line, true, true);
        offer_devices(line);
        break;
    case GPUVM_ARGUMENT_HOST_FILE:
        offer_files("*.xml");
        break;
    case GPUVM_ARGUMENT_DOMAIN:
        offer_domains(line, true, true);
        break;
    case GPUVM_ARGUMENT_DOMAIN_OFF:
        offer_domains(line, true, false);
        break;
    case GPUVM_ARGUMENT_DOMAIN_RUNNING:
        offer_domains(line, false, true);
        break;
    case GPUVM_ARGUMENT_DEVICE:
        offer_devices(line);
        break;
    case GPUVM_ARGUMENT_PLUGIN:
        offer_plugins(line);
        break;
    case GPUVM_ARGUMENT_DEPLOYMENT:
        offer_deployments(line);
        break;
    case GPUVM_ARGUMENT_CLUSTERED:
        offer_clustered(line);
        break;
    case GPUVM_ARGUMENT_KIND:
        for (int i = 0; gpuvm_kind_names[i]; i++)
            offer(line, gpuvm_kind_names[i], NULL);
        break;
    case GPUVM_ARGUMENT_SHELL:
        for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
            offer(line, shells[i].name, NULL);
        break;
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

/* What the value of an option is, by the option's name or what help calls the value. */
static const struct {
    const char *name;
    gpuvm_argument argument;
    const char *words; /* in place of the argument, between spaces */
} values[] = {
    {"config", GPUVM_ARGUMENT_DEFINITION},  {"defaults", GPUVM_ARGUMENT_DEFINITION},
    {"host", GPUVM_ARGUMENT_HOST_FILE},     {"plugin", GPUVM_ARGUMENT_PLUGIN},
    {"policy", GPUVM_ARGUMENT_DEFINITION},  {"ADDRESS", GPUVM_ARGUMENT_DEVICE},
    {"DIR", GPUVM_ARGUMENT_DIRECTORY},      {"FILE", GPUVM_ARGUMENT_FILE},
    {"FILE|URL", GPUVM_ARGUMENT_FILE},      {"FORMAT", .words = "table wide name json yaml"},
    {"KIND", GPUVM_ARGUMENT_KIND},          {"URI", .words = "qemu:///system qemu:///session"},
    {"WHEN", .words = "auto always never"}, {"for", .words = "running healthy stopped"},
};

static void
offer_value(const cmdline *line, const gpuvm_command *command, const GOptionEntry *option)
{
    if (g_str_equal(option->long_name, "output") && command && command->formats)
        offer_words(line, command->formats);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (!g_str_equal(values[i].name, option->long_name) &&
            g_strcmp0(values[i].name, option->arg_description) != 0)
            continue;
        if (values[i].words)
            offer_words(line, values[i].words);
        else
            offer_argument(line, values[i].argument);
        return;
    }
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
            next = (named = gpuvm_command_find(next, words[i])) ? next : NULL;
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
    cmdline line;

    if (current < 1 || current + 1 >= argc)
        return;
    line = (cmdline){session, argv[current + 1], argv + 1, current};
    command = read_line(session, current - 1, argv + 2, &next);
    option = current > 1 ? option_with_value(command, argv[current]) : NULL;
    if (option) {
        offer_value(&line, command, option);
    } else if (line.prefix[0] == '-') {
        offer_options(&line, command ? command->options : NULL);
        offer_options(&line, gpuvm_global_options());
    } else {
        if (next)
            offer_commands(&line, next);
        if (command && command->run && command->argument != GPUVM_ARGUMENT_COMMAND)
            offer_argument(&line, command->argument);
    }
}
