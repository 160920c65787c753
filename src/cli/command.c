/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

/* Every command, in the order that help shows them: src/cli/cmd-NAME.c defines gpuvm_cmd_NAME. */
#define COMMANDS(ROW)                                                                                        \
    ROW(check)                                                                                               \
    ROW(devices)                                                                                             \
    ROW(topology)                                                                                            \
    ROW(capacity)                                                                                            \
    ROW(validate)                                                                                            \
    ROW(plan)                                                                                                \
    ROW(render)                                                                                              \
    ROW(explain)                                                                                             \
    ROW(lock)                                                                                                \
    ROW(diff)                                                                                                \
    ROW(define)                                                                                              \
    ROW(create)                                                                                              \
    ROW(run)                                                                                                 \
    ROW(start)                                                                                               \
    ROW(stop)                                                                                                \
    ROW(restart)                                                                                             \
    ROW(undefine)                                                                                            \
    ROW(list)                                                                                                \
    ROW(show)                                                                                                \
    ROW(export)                                                                                              \
    ROW(edit)                                                                                                \
    ROW(logs)                                                                                                \
    ROW(diagnose)                                                                                            \
    ROW(status)                                                                                              \
    ROW(wait)                                                                                                \
    ROW(health)                                                                                              \
    ROW(verify)                                                                                              \
    ROW(console)                                                                                             \
    ROW(release)                                                                                             \
    ROW(deployment)                                                                                          \
    ROW(cluster)                                                                                             \
    ROW(plugin)                                                                                              \
    ROW(image)                                                                                               \
    ROW(hook)                                                                                                \
    ROW(capture)                                                                                             \
    ROW(schema)                                                                                              \
    ROW(completion)                                                                                          \
    ROW(help)

#define DECLARE(name) extern const gpuvm_command gpuvm_cmd_##name;
COMMANDS(DECLARE)

#define POINT_TO(name) &gpuvm_cmd_##name,
const gpuvm_command *const gpuvm_commands[] = {COMMANDS(POINT_TO) NULL};

static gpuvm_global_settings global;

static const GOptionEntry global_options[] = {
    {"connect", 'c', 0, G_OPTION_ARG_STRING, &global.uri,
     "the libvirt connection (LIBVIRT_DEFAULT_URI, else libvirt's "
     "default)",
     "URI"},
    {"host", 0, 0, G_OPTION_ARG_FILENAME, &global.host_file, "plan against the host in FILE, without libvirt",
     "FILE"},
    {"policy", 0, 0, G_OPTION_ARG_FILENAME, &global.policy_file, "a policy; narrows the host's own", "FILE"},
    {"defaults", 0, 0, G_OPTION_ARG_FILENAME, &global.defaults_file,
     "what lies below every VM, in place of /etc/gpuvm/defaults.yaml; '' for nothing", "FILE"},
    {"plugin-dir", 0, 0, G_OPTION_ARG_FILENAME, &global.plugin_dir, "where plugins are installed", "DIR"},
    {"pool", 0, 0, G_OPTION_ARG_STRING, &global.pool,
     "the storage pool for images (what the defaults say, else " GPUVM_POOL ")", "NAME"},
    {"output", 'o', 0, G_OPTION_ARG_STRING, &global.output, "table (the default), wide, name, json or yaml",
     "FORMAT"},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &global.quiet, "print errors and answers only", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &global.verbose, "say more", NULL},
    {"color", 0, 0, G_OPTION_ARG_STRING, &global.color, "auto (the default), always or never", "WHEN"},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &global.help, "show this help", NULL},
    {"version", 'V', 0, G_OPTION_ARG_NONE, &global.version, "show the version", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_global_settings *
gpuvm_global(void)
{
    return &global;
}

const GOptionEntry *
gpuvm_global_options(void)
{
    return global_options;
}

const gpuvm_command *
gpuvm_command_find(const gpuvm_command *const *commands, const char *name)
{
    for (; *commands; commands++) {
        if (g_str_equal((*commands)->name, name) || g_strcmp0((*commands)->alias, name) == 0)
            return *commands;
    }
    return NULL;
}

const gpuvm_command *const *
gpuvm_command_list(const gpuvm_command *group)
{
    return group ? group->commands : gpuvm_commands;
}

char *
gpuvm_command_title(const gpuvm_command *command)
{
    g_autofree char *parent = command ? gpuvm_command_title(command->parent) : NULL;

    return command ? g_strdup_printf("%s %s", parent, command->name) : g_strdup("gpuvm");
}

static void
add_group(GOptionContext *context, const char *name, const char *title, const GOptionEntry *entries)
{
    GOptionGroup *group = g_option_group_new(name, title, "", NULL, NULL);

    g_option_group_add_entries(group, entries);
    g_option_context_add_group(context, group);
}

/* @all: also the options of every command. */
static GOptionContext *
make_context(const gpuvm_command *command, bool all)
{
    GOptionContext *context =
        g_option_context_new(command && command->run ? command->arguments : "COMMAND [ARGUMENT…]");

    g_option_context_set_help_enabled(context, FALSE);
    if (command && command->options)
        add_group(context, "command", "Options:", command->options);
    if (all)
        add_group(context, "global", "Options:", global_options);
    return context;
}

GOptionContext *
gpuvm_command_context(const gpuvm_command *command)
{
    return make_context(command, true);
}

/* What is said of the options of every command where the command's own are explained. */
static char *
name_global_options(void)
{
    GString *names = g_string_new("Options of every command, which gpuvm --help explains:\n ");

    for (const GOptionEntry *option = global_options; option->long_name; option++) {
        if (option->short_name)
            g_string_append_printf(names, " -%c", option->short_name);
        else
            g_string_append_printf(names, " --%s", option->long_name);
    }
    return g_string_free(names, FALSE);
}

const char gpuvm_exit_codes[] =
    "0 done, 1 failed, 2 usage, 3 invalid definition, 4 refused by policy,\n"
    "5 the host cannot satisfy it, 6 unhealthy, not as planned or timed out, 7 something differs.";

char *
gpuvm_command_help(const gpuvm_command *command)
{
    const gpuvm_command *const *commands = gpuvm_command_list(command);
    g_autoptr(GOptionContext) context = make_context(command, !command);
    g_autofree char *title = gpuvm_command_title(command);
    g_autofree char *rest =
        command
            ? name_global_options()
            : g_strdup_printf(
                  "Exit codes: %s gpuvm status has its own.\nMore: gpuvm help COMMAND, gpuvm(1), gpuvm.yaml(5).",
                  gpuvm_exit_codes);
    g_autoptr(GString) summary =
        g_string_new(command ? command->description : "GPU virtual machines as YAML files, run by libvirt.");

    if (commands)
        g_string_append(summary, "\n\nCommands:");
    for (; commands && *commands; commands++)
        g_string_append_printf(summary, "\n  %-11s %s", (*commands)->name, (*commands)->summary);
    g_option_context_set_summary(context, summary->str);
    g_option_context_set_description(context, rest);
    g_set_prgname(title);
    g_autofree char *help = g_strchomp(g_option_context_get_help(context, FALSE, NULL));
    return g_strconcat(help, "\n", NULL);
}
