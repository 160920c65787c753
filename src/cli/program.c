/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/progress.h"

/* Whether -o json, or yaml, is among the arguments: said ahead, since GLib forgets the options of a command line that is wrong. */
static bool wants_json, wants_yaml;

static void
look_for_format(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool option = g_str_equal(argv[i], "-o") || g_str_equal(argv[i], "--output");
        const char *format = option && i + 1 < argc ? argv[i + 1] : argv[i];

        if (g_str_has_prefix(format, "--output="))
            format += strlen("--output=");
        wants_yaml |= (option || format != argv[i]) && g_str_equal(format, "yaml");
        wants_json |= wants_yaml || ((option || format != argv[i]) && g_str_equal(format, "json"));
    }
}

static bool
wants_color(void)
{
    const gpuvm_global_settings *global = gpuvm_global();

    if (g_strcmp0(global->color, "always") == 0)
        return true;
    return g_strcmp0(global->color, "never") != 0 && !g_getenv("NO_COLOR") && isatty(STDOUT_FILENO) &&
           isatty(STDERR_FILENO);
}

/* Prints what is wrong with the command line. */
static int G_GNUC_PRINTF(2, 3) usage_error(const gpuvm_command *command, const char *format, ...)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_output) output = gpuvm_output_new();
    g_autofree char *title = gpuvm_command_title(command);
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    *message = g_ascii_tolower(*message); /* GLib's begin with a capital */
    gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "%s", message), "see %s --help", title);
    output->json = wants_json;
    output->yaml = wants_yaml;
    output->color = wants_color();
    gpuvm_output_finish(output, diags);
    return GPUVM_EXIT_USAGE;
}

static int
unknown_command(const gpuvm_command *group, char **line)
{
    g_autofree char *meant = gpuvm_command_meant(group, line);

    return usage_error(group, "unknown command '%s'%s%s%s", line[0], meant ? ": did you mean '" : "",
                       meant ? meant : "", meant ? "'?" : "");
}

/* Whatever waits for libvirtd will wait for ever. */
static void
end_lost(void)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_output) output = gpuvm_output_new();

    gpuvm_diag_hint(
        gpuvm_diags_error(diags, GPUVM_EXIT_UNHEALTHY, NULL, "libvirtd does not answer"),
        "it is stopped, or a driver of the host keeps it from going on: look at `systemctl status "
        "libvirtd` and `sudo dmesg`; `gpuvm list --all` shows what was done once it answers again");
    output->json = wants_json;
    gpuvm_progress_hide();
    output->yaml = wants_yaml;
    gpuvm_output_finish(output, diags);
    fflush(stdout);
    _exit(GPUVM_EXIT_UNHEALTHY);
}

static int
run(const gpuvm_command *command, const gpuvm_global_settings *global, int argc, char **argv)
{
    g_autoptr(gpuvm_session) session = gpuvm_session_new();
    g_autoptr(gpuvm_output) output = gpuvm_output_new();
    gpuvm_cli cli = {
        .session = session, .output = output, .quiet = global->quiet, .verbose = global->verbose};
    int exit;

    session->say = global->verbose ? gpuvm_progress_say : NULL;
    session->wait = global->quiet ? NULL : gpuvm_progress_say;
    session->progress = global->quiet || wants_json ? NULL : gpuvm_progress_show;
    if (!global->quiet && !wants_json && isatty(STDERR_FILENO))
        session->pending = gpuvm_progress_pending;
    session->lost = end_lost;
    session->uri = global->uri;
    session->host_file = global->host_file;
    session->policy_file = global->policy_file;
    session->defaults_file = global->defaults_file;
    session->plugin_dir = global->plugin_dir;
    session->pool = global->pool;
    output->yaml = g_strcmp0(global->output, "yaml") == 0;
    output->json = output->yaml || g_strcmp0(global->output, "json") == 0;
    output->names = g_strcmp0(global->output, "name") == 0;
    output->wide = g_strcmp0(global->output, "wide") == 0;
    if (output->wide)
        output->columns = 0;
    output->quiet = global->quiet;
    output->color = wants_color();
    command->run(&cli, argc, argv);
    gpuvm_diags_sort(session->diags);
    gpuvm_output_finish(output, session->diags);
    exit = gpuvm_diags_exit(session->diags);
    if (exit == GPUVM_EXIT_OK && cli.differs)
        exit = GPUVM_EXIT_DIFFERS;
    if (exit == GPUVM_EXIT_OK)
        exit = cli.status;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE) /* a reader that has seen enough is not an error to talk about */
            fprintf(stderr, "error: cannot write the output: %s\n", g_strerror(errno));
        exit = exit ? exit : GPUVM_EXIT_FAILED;
    }
    return exit;
}

static int
check_and_run(const gpuvm_command *command, const gpuvm_global_settings *global, int argc, char **argv)
{
    if (global->output && !gpuvm_text_fits("table wide name json yaml", global->output) &&
        !(command->formats && gpuvm_text_fits(command->formats, global->output)))
        return usage_error(command, "output format '%s' is none of table, wide, name, json and yaml%s%s",
                           global->output, command->formats ? ", nor one of " : "",
                           command->formats ? command->formats : "");
    if (g_strcmp0(global->output, "name") == 0 && !command->names)
        return usage_error(command, "-o name is for commands that list something: list, devices ...");
    if (global->color && !g_str_equal(global->color, "auto") && !g_str_equal(global->color, "always") &&
        !g_str_equal(global->color, "never"))
        return usage_error(command, "--color takes auto, always or never, not '%s'", global->color);
    if (global->uri && global->host_file)
        return usage_error(command, "--connect and --host exclude each other");
    if (argc < command->min_arguments)
        return usage_error(command, "%s takes %s", command->name, command->arguments);
    if (command->max_arguments >= 0 && argc > command->max_arguments)
        return usage_error(command, "unexpected argument '%s'", argv[command->max_arguments]);
    return run(command, global, argc, argv);
}

/* GLib leaves the first "--" where an argument behind it begins with '-'. */
static void
drop_separator(int *argc, char **argv)
{
    int from = 1;

    while (from < *argc && !g_str_equal(argv[from], "--"))
        from++;
    if (from == *argc)
        return;
    memmove(argv + from, argv + from + 1, (size_t)(*argc - from) * sizeof(*argv));
    (*argc)--;
}

static bool
has_separator(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (g_str_equal(argv[i], "--"))
            return true;
    }
    return false;
}

/* Takes the options of @command, NULL being the program, off the line; with @first only those before its first argument. */
static bool
parse_options(const gpuvm_command *command, bool first, int *argc, char ***argv)
{
    g_autoptr(GOptionContext) context = gpuvm_command_context(command);
    g_autoptr(GError) error = NULL;
    const char *meant;

    g_option_context_set_strict_posix(context, first);
    if (g_option_context_parse(context, argc, argv, &error))
        return true;
    meant = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                ? gpuvm_arguments_meant(command, strrchr(error->message, ' ') + 1)
                : NULL;
    usage_error(command, "%s%s%s%s", error->message, meant ? ": did you mean '--" : "", meant ? meant : "",
                meant ? "'?" : "");
    return false;
}

int
gpuvm_main(int argc, char **argv)
{
    const gpuvm_global_settings *global = gpuvm_global();
    g_autofree char *help = NULL;
    const gpuvm_command *command = NULL;
    g_autoptr(GPtrArray) words = gpuvm_arguments_split(argc, argv);
    g_autofree gpointer *line =
        g_memdup2(words->pdata, words->len * sizeof(*words->pdata)); /* GLib changes it */

    if (argc > 1 && g_str_equal(argv[1], "__complete")) {
        gpuvm_complete(argc - 2, argv + 2);
        return GPUVM_EXIT_OK;
    }
    argc = (int)words->len - 1;
    argv = (char **)line;
    look_for_format(argc, argv);
    if (!parse_options(NULL, true, &argc, &argv))
        return GPUVM_EXIT_USAGE;
    while (argc > 1 && gpuvm_command_list(command)) {
        bool separated = has_separator(argc, argv);
        const gpuvm_command *next = gpuvm_command_find(gpuvm_command_list(command), argv[1]);

        if (!next && !(command && command->run))
            return unknown_command(command, argv + 1);
        if (next) {
            command = next;
            argc--, argv++;
        }
        if (!parse_options(command, next && next->commands, &argc, &argv))
            return GPUVM_EXIT_USAGE;
        if (!next || (separated && !has_separator(argc, argv))) /* what is behind it is no command */
            break;
    }
    drop_separator(&argc, argv);
    if (global->version) {
        puts("gpuvm " PACKAGE_VERSION);
        return GPUVM_EXIT_OK;
    }
    if (!command && !global->help && global->uri && gpuvm_command_find(gpuvm_commands, global->uri))
        return usage_error(NULL, "-c takes a URI, and '%s' is a command", global->uri);
    if (global->help || !command || !command->run) {
        help = gpuvm_command_help(command);
        fputs(help, global->help ? stdout : stderr);
        return global->help ? GPUVM_EXIT_OK : GPUVM_EXIT_USAGE;
    }
    return check_and_run(command, global, argc - 1, argv + 1);
}
