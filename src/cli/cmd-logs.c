/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logs: what libvirt and QEMU wrote of a VM, with what that means, and the guest's console */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/tail.h"
#include "host/log.h"
#include "model/faults.h"
#include "ops/logs.h"

#define POLL_US (300 * G_TIME_SPAN_MILLISECOND)
#define MOST_LINES 10000

static struct {
    int tail;
    gboolean follow;
} given = {.tail = 20};

/* The fault that @line tells of; NULL. */
static const gpuvm_fault *
explain(const char *line)
{
    const gpuvm_fault *fault = gpuvm_fault_of_line(line, false);

    return fault && fault->severity < GPUVM_FAULT_BENIGN ? fault : NULL;
}

/* What was said of the line before is not said again. */
static void
print_line(const char *line, const gpuvm_fault *fault)
{
    static const gpuvm_fault *said;
    g_autofree char *text = gpuvm_text_printable(line);
    g_autofree char *meaning = fault && fault != said ? gpuvm_fault_text(fault) : NULL;

    puts(text);
    if (meaning)
        printf("  hint: %s\n", meaning);
    said = fault;
}

/* Shows the last lines of the file @path as @name, from *@offset on, which moves. */
static bool
show(gpuvm_cli *cli, const char *name, const char *path, bool host, gint64 *offset)
{
    size_t size = 0;
    GError *error = NULL;
    g_autofree char *bytes = gpuvm_log_read(path, offset, &size, &error);
    g_auto(GStrv) lines = bytes ? gpuvm_tail_lines(bytes, size, (unsigned)given.tail) : NULL;
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();

    for (char **line = lines; line && *line; line++) {
        const gpuvm_fault *fault = host ? explain(*line) : NULL;
        g_autofree char *meaning = fault ? gpuvm_fault_text(fault) : NULL;
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "text", *line);
        gpuvm_json_set_string(row, "meaning", meaning);
        json_array_add_object_element(array, row);
        if (!cli->output->json)
            print_line(*line, fault);
    }
    json_object_set_string_member(object, "file", path);
    json_object_set_array_member(object, "lines", array);
    json_object_set_object_member(cli->output->result, name, object);
    return bytes || gpuvm_session_fail(cli->session, error);
}

/* Prints whole lines as they come, until the program is ended. */
static void
follow(gpuvm_cli *cli, const char *path, gint64 offset)
{
    for (;; g_usleep(POLL_US)) {
        size_t size = 0;
        GError *error = NULL;
        g_autofree char *bytes = gpuvm_log_read(path, &offset, &size, &error);
        char *end = bytes ? strrchr(bytes, '\n') : NULL;
        g_auto(GStrv) lines = NULL;

        if (!bytes) {
            gpuvm_session_fail(cli->session, error);
            return;
        }
        offset -= (gint64)(size - (end ? (size_t)(end + 1 - bytes) : 0));
        if (!end)
            continue;
        *end = '\0';
        lines = g_strsplit(bytes, "\n", -1);
        for (char **line = lines; *line; line++)
            print_line(*line, explain(*line));
        fflush(stdout);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_diags *diags = cli->session->diags;
    g_autoptr(gpuvm_logs) logs = NULL;
    gint64 offset = -1, console = -1;

    (void)argc;
    if (given.tail < 1 || given.tail > MOST_LINES)
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--tail is from 1 to %d lines, not %d", MOST_LINES,
                          given.tail);
    if (given.follow && cli->output->json)
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--follow and -o json exclude each other");
    if (diags->errors > 0 || !(logs = gpuvm_logs_find(cli->session, argv[0])) ||
        !show(cli, "log", logs->log, true, &offset))
        return;
    if (given.follow) {
        fflush(stdout);
        follow(cli, logs->log, offset);
    } else if (logs->console) {
        gpuvm_output_line(cli->output, "\nconsole (%s):", logs->console);
        show(cli, "console", logs->console, false, &console);
    }
}

static const GOptionEntry options[] = {
    {"tail", 'n', 0, G_OPTION_ARG_INT, &given.tail, "so many of the last lines (default 20)", "N"},
    {"follow", 'f', 0, G_OPTION_ARG_NONE, &given.follow, "go on with the lines that come", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_logs = {
    .name = "logs",
    .arguments = "NAME",
    .summary = "Show what libvirt and QEMU wrote of a VM",
    .description =
        "Shows the last lines of the log that libvirt and QEMU write of the VM on this machine, with what the lines mean that\n"
        "gpuvm knows; then those of the guest's console, where the VM's template keeps that in a file (<log file='…'/>): else\n"
        "only gpuvm console, and start --wait, show it.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
