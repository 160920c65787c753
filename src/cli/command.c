/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

/* Every command, in the order that help shows them: src/cli/cmd-NAME.c defines gpuvm_cmd_NAME. */
#define COMMANDS(ROW)                                                                                        \
    ROW(check)                                                                                               \
    ROW(devices)                                                                                             \
    ROW(validate)                                                                                            \
    ROW(plan)                                                                                                \
    ROW(render)                                                                                              \
    ROW(define)                                                                                              \
    ROW(start)                                                                                               \
    ROW(stop)                                                                                                \
    ROW(restart)                                                                                             \
    ROW(undefine)                                                                                            \
    ROW(list)                                                                                                \
    ROW(show)                                                                                                \
    ROW(release)                                                                                             \
    ROW(capture)                                                                                             \
    ROW(schema)                                                                                              \
    ROW(completion)                                                                                          \
    ROW(help)

#define DECLARE(name) extern const gpuvm_command gpuvm_cmd_##name;
COMMANDS(DECLARE)

#define POINT_TO(name) &gpuvm_cmd_##name,
const gpuvm_command *const gpuvm_commands[] = {COMMANDS(POINT_TO) NULL};

gpuvm_global_settings gpuvm_global;

static const GOptionEntry global_options[] = {
    {"connect", 'c', 0, G_OPTION_ARG_STRING, &gpuvm_global.uri,
     "the libvirt connection (LIBVIRT_DEFAULT_URI, else libvirt's "
     "default)",
     "URI"},
    {"host", 0, 0, G_OPTION_ARG_FILENAME, &gpuvm_global.host_file,
     "plan against the host in FILE, without libvirt", "FILE"},
    {"policy", 0, 0, G_OPTION_ARG_FILENAME, &gpuvm_global.policy_file, "a policy; narrows the host's own",
     "FILE"},
    {"output", 'o', 0, G_OPTION_ARG_STRING, &gpuvm_global.output, "table (the default) or json", "FORMAT"},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &gpuvm_global.quiet, "print errors and answers only", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &gpuvm_global.verbose, "say more", NULL},
    {"color", 0, 0, G_OPTION_ARG_STRING, &gpuvm_global.color, "auto (the default), always or never", "WHEN"},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &gpuvm_global.help, "show this help", NULL},
    {"version", 'V', 0, G_OPTION_ARG_NONE, &gpuvm_global.version, "show the version", NULL},
    G_OPTION_ENTRY_NULL,
};

const GOptionEntry *
gpuvm_global_options(void)
{
    return global_options;
}

const gpuvm_command *
gpuvm_command_find(const char *name)
{
    for (size_t i = 0; gpuvm_commands[i]; i++) {
        if (g_str_equal(gpuvm_commands[i]->name, name))
            return gpuvm_commands[i];
    }
    return NULL;
}

const char *
gpuvm_command_nearest(const char *name)
{
    const char *names[G_N_ELEMENTS(gpuvm_commands)];
    size_t n = 0;

    for (; gpuvm_commands[n]; n++)
        names[n] = gpuvm_commands[n]->name;
    return gpuvm_nearest(name, names, n);
}

static void
add_group(GOptionContext *context, const char *name, const char *title, const GOptionEntry *entries)
{
    GOptionGroup *group = g_option_group_new(name, title, "", NULL, NULL);

    g_option_group_add_entries(group, entries);
    g_option_context_add_group(context, group);
}

GOptionContext *
gpuvm_command_context(const gpuvm_command *command)
{
    GOptionContext *context = g_option_context_new(command ? command->arguments : "COMMAND [ARGUMENT…]");

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, !command);
    if (command && command->options)
        add_group(context, "command", "Options:", command->options);
    add_group(context, "global", command ? "Options of every command:" : "Options:", global_options);
    if (command)
        g_option_context_set_summary(context, command->description);
    return context;
}

char *
gpuvm_command_help(const gpuvm_command *command)
{
    g_autoptr(GOptionContext) context = gpuvm_command_context(command);
    g_autofree char *name = command ? g_strdup_printf("gpuvm %s", command->name) : g_strdup("gpuvm");
    g_autoptr(GString) summary =
        g_string_new("GPU virtual machines as YAML files, run by libvirt.\n\nCommands:");

    for (size_t i = 0; !command && gpuvm_commands[i]; i++)
        g_string_append_printf(summary, "\n  %-11s %s", gpuvm_commands[i]->name, gpuvm_commands[i]->summary);
    if (!command) {
        g_option_context_set_summary(context, summary->str);
        g_option_context_set_description(
            context, "Exit codes: 0 done, 1 failed, 2 usage, 3 invalid definition, 4 refused "
                     "by policy,\n5 the host cannot satisfy it, 6 unhealthy or timed out.\n"
                     "More: gpuvm help COMMAND, gpuvm(1), gpuvm.yaml(5).");
    }
    g_set_prgname(name);
    g_autofree char *help = g_strchomp(g_option_context_get_help(context, FALSE, NULL));
    return g_strconcat(help, "\n", NULL);
}
