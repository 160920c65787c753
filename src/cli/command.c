/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const gpuvm_command gpuvm_cmd_validate, gpuvm_cmd_plan, gpuvm_cmd_render, gpuvm_cmd_define,
    gpuvm_cmd_start, gpuvm_cmd_stop, gpuvm_cmd_restart, gpuvm_cmd_undefine, gpuvm_cmd_list, gpuvm_cmd_show,
    gpuvm_cmd_devices, gpuvm_cmd_schema, gpuvm_cmd_completion, gpuvm_cmd_help;

const gpuvm_command *const gpuvm_commands[] = {
    &gpuvm_cmd_devices, &gpuvm_cmd_validate, &gpuvm_cmd_plan,       &gpuvm_cmd_render,   &gpuvm_cmd_define,
    &gpuvm_cmd_start,   &gpuvm_cmd_stop,     &gpuvm_cmd_restart,    &gpuvm_cmd_undefine, &gpuvm_cmd_list,
    &gpuvm_cmd_show,    &gpuvm_cmd_schema,   &gpuvm_cmd_completion, &gpuvm_cmd_help,     NULL,
};

static struct {
    char *uri, *host_file, *policy_file, *output, *color;
    gboolean quiet, verbose, help, version;
} global;

static const GOptionEntry global_options[] = {
    {"connect", 'c', 0, G_OPTION_ARG_STRING, &global.uri,
     "the libvirt connection (LIBVIRT_DEFAULT_URI, else libvirt's "
     "default)",
     "URI"},
    {"host", 0, 0, G_OPTION_ARG_FILENAME, &global.host_file, "plan against the host in FILE, without libvirt",
     "FILE"},
    {"policy", 0, 0, G_OPTION_ARG_FILENAME, &global.policy_file, "a policy; narrows the host's own", "FILE"},
    {"output", 'o', 0, G_OPTION_ARG_STRING, &global.output, "table (the default) or json", "FORMAT"},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &global.quiet, "print errors and answers only", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &global.verbose, "say more", NULL},
    {"color", 0, 0, G_OPTION_ARG_STRING, &global.color, "auto (the default), always or never", "WHEN"},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &global.help, "show this help", NULL},
    {"version", 'V', 0, G_OPTION_ARG_NONE, &global.version, "show the version", NULL},
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

static void
add_group(GOptionContext *context, const char *name, const char *title, const GOptionEntry *entries)
{
    GOptionGroup *group = g_option_group_new(name, title, "", NULL, NULL);

    g_option_group_add_entries(group, entries);
    g_option_context_add_group(context, group);
}

/* A context that knows @command's options, if any, and the global ones. */
static GOptionContext *
make_context(const gpuvm_command *command)
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
    g_autoptr(GOptionContext) context = make_context(command);
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
                     "More: gpuvm help COMMAND, gpuvm(1), gpuvm.yaml(5).\n");
    }
    g_set_prgname(name);
    return g_option_context_get_help(context, FALSE, NULL);
}

/* Prints what is wrong with the command line. */
static int G_GNUC_PRINTF(2, 3) usage_error(const gpuvm_command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "error: %s\nhint: see gpuvm%s%s --help\n", message, command ? " " : "",
            command ? command->name : "");
    return GPUVM_EXIT_USAGE;
}

static int
unknown_command(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;

    for (size_t i = 0; gpuvm_commands[i]; i++)
        g_ptr_array_add(names, (char *)gpuvm_commands[i]->name);
    nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    return usage_error(NULL, "unknown command '%s'%s%s%s", name, nearest ? ": did you mean '" : "",
                       nearest ? nearest : "", nearest ? "'?" : "");
}

static bool
wants_color(void)
{
    if (g_strcmp0(global.color, "always") == 0)
        return true;
    return g_strcmp0(global.color, "never") != 0 && !g_getenv("NO_COLOR") && isatty(STDERR_FILENO);
}

static int
run(const gpuvm_command *command, int argc, char **argv)
{
    g_autoptr(gpuvm_session) session = gpuvm_session_new();
    gpuvm_cli cli = {
        .session = session, .output = gpuvm_output_new(), .quiet = global.quiet, .verbose = global.verbose};
    int exit;

    session->uri = global.uri;
    session->host_file = global.host_file;
    session->policy_file = global.policy_file;
    cli.output->json = g_strcmp0(global.output, "json") == 0;
    cli.output->quiet = global.quiet;
    cli.output->color = wants_color();
    command->run(&cli, argc, argv);
    gpuvm_diags_sort(session->diags);
    gpuvm_output_finish(cli.output, session->diags);
    gpuvm_output_free(cli.output);
    exit = gpuvm_diags_exit(session->diags);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "error: cannot write the output: %s\n", g_strerror(errno));
        exit = exit ? exit : GPUVM_EXIT_FAILED;
    }
    return exit;
}

static int
check_and_run(const gpuvm_command *command, int argc, char **argv)
{
    if (global.output && !g_str_equal(global.output, "table") && !g_str_equal(global.output, "json"))
        return usage_error(command, "output format '%s' is neither table nor json", global.output);
    if (global.color && !g_str_equal(global.color, "auto") && !g_str_equal(global.color, "always") &&
        !g_str_equal(global.color, "never"))
        return usage_error(command, "--color takes auto, always or never, not '%s'", global.color);
    if (global.uri && global.host_file)
        return usage_error(command, "--connect and --host exclude each other");
    if (argc < command->min_arguments)
        return usage_error(command, "%s takes %s", command->name, command->arguments);
    if (command->max_arguments >= 0 && argc > command->max_arguments)
        return usage_error(command, "unexpected argument '%s'", argv[command->max_arguments]);
    return run(command, argc, argv);
}

int
gpuvm_main(int argc, char **argv)
{
    g_autoptr(GOptionContext) before = make_context(NULL), behind = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *help = NULL;
    const gpuvm_command *command = NULL;

    if (argc > 1 && g_str_equal(argv[1], "__complete")) {
        gpuvm_complete(argc - 2, argv + 2);
        return GPUVM_EXIT_OK;
    }
    if (!g_option_context_parse(before, &argc, &argv, &error))
        return usage_error(NULL, "%s", error->message);
    if (argc > 1) {
        command = gpuvm_command_find(argv[1]);
        if (!command)
            return unknown_command(argv[1]);
        behind = make_context(command);
        argc--, argv++;
        if (!g_option_context_parse(behind, &argc, &argv, &error))
            return usage_error(command, "%s", error->message);
    }
    if (global.version) {
        puts("gpuvm " PACKAGE_VERSION);
        return GPUVM_EXIT_OK;
    }
    if (global.help || !command) {
        help = gpuvm_command_help(command);
        fputs(help, global.help ? stdout : stderr);
        return global.help ? GPUVM_EXIT_OK : GPUVM_EXIT_USAGE;
    }
    return check_and_run(command, argc - 1, argv + 1);
}
