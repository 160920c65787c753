/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diagnose: what the logs say about the last start or crash, with what that means and what to do */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ops/diagnose.h"

/* without -v: */
#define LONGEST_LINE 160 /* characters of one in the timeline */
#define LAST_UNKNOWN 5   /* unknown lines that are quoted */

static struct {
    char *since, *logs;
} given;

/* In UTC, by @format of g_date_time_format and with milliseconds; NULL where it is not known. */
static char *
format_time(gint64 time, const char *format)
{
    g_autoptr(GDateTime) utc =
        time == GPUVM_TIME_UNKNOWN ? NULL : g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC);
    g_autofree char *seconds = utc ? g_date_time_format(utc, format) : NULL;

    return seconds ? g_strdup_printf("%s.%03d", seconds, (int)(time % G_USEC_PER_SEC / 1000)) : NULL;
}

static JsonObject *
make_event(const gpuvm_event *event)
{
    JsonObject *row = json_object_new();
    g_autofree char *time = format_time(event->time, "%FT%T"),
                    *utc = time ? g_strconcat(time, "Z", NULL) : NULL;

    gpuvm_json_set_string(row, "time", utc);
    json_object_set_string_member(row, "log", gpuvm_log_names[event->log]);
    json_object_set_string_member(row, "text", event->text);
    gpuvm_json_set_string(row, "fault", event->fault ? event->fault->id : NULL);
    json_object_set_boolean_member(row, "suspected", event->suspected);
    return row;
}

static JsonObject *
make_fault(const gpuvm_event *event)
{
    static const char *const severities[] = {"fatal", "warning", "benign", "wrapper", "phase"};
    const gpuvm_fault *fault = event->fault;
    g_autofree char *decoded = gpuvm_fault_decode(event->text);
    JsonObject *row = make_event(event);

    json_object_remove_member(row, "suspected");
    json_object_set_string_member(row, "severity", severities[fault->severity]);
    gpuvm_json_set_string(row, "decoded", decoded);
    gpuvm_json_set_string(row, "meaning", fault->meaning);
    gpuvm_json_set_string(row, "remedy", fault->remedy);
    json_object_set_string_member(row, "seen", fault->seen);
    json_object_set_string_member(row, "confidence", fault->sure);
    json_object_set_boolean_member(row, "tried", fault->tried);
    gpuvm_json_set_string(row, "source", fault->source);
    return row;
}

static JsonObject *
make_row(const gpuvm_diagnosis *diagnosis)
{
    JsonObject *row = json_object_new();
    JsonArray *faults = json_array_new(), *events = json_array_new();

    for (guint i = 0; i < diagnosis->faults->len; i++)
        json_array_add_object_element(faults, make_fault(diagnosis->faults->pdata[i]));
    for (guint i = 0; i < diagnosis->events->len; i++)
        json_array_add_object_element(events, make_event(diagnosis->events->pdata[i]));
    gpuvm_json_set_string(row, "subject", diagnosis->subject);
    json_object_set_array_member(row, "faults", faults);
    json_object_set_array_member(row, "timeline", events);
    return row;
}

static void
show_event(const gpuvm_cli *cli, const gpuvm_event *event)
{
    g_autofree char *time = format_time(event->time, "%F %T");
    g_autofree char *lead = g_strdup_printf("  %-23s %-7s ", time ? time : "-", gpuvm_log_names[event->log]);
    bool phase = event->fault && event->fault->severity == GPUVM_FAULT_PHASE && !cli->verbose;
    g_autofree char *begin =
        cli->verbose || event->suspected ? NULL : gpuvm_text_begin(event->text, LONGEST_LINE);

    gpuvm_output_paragraph(cli->output, lead, phase ? event->fault->meaning : begin ? begin : event->text);
}

static void
show_fault(const gpuvm_cli *cli, const char *title, const gpuvm_event *event)
{
    const gpuvm_fault *fault = event->fault;
    g_autofree char *decoded = gpuvm_fault_decode(event->text), *trust = gpuvm_fault_trust(fault);
    g_autofree char *known =
        g_strdup_printf("%s%s%s", trust, fault->source ? ": " : "", fault->source ? fault->source : "");

    gpuvm_output_paragraph(cli->output, title, event->text);
    if (decoded)
        gpuvm_output_paragraph(cli->output, "  decoded: ", decoded);
    if (fault->meaning)
        gpuvm_output_paragraph(cli->output, "  meaning: ", fault->meaning);
    if (fault->remedy)
        gpuvm_output_paragraph(cli->output, "  remedy:  ", fault->remedy);
    gpuvm_output_paragraph(cli->output, "  known:   ", known);
}

/* The last of them; all with -v. */
static void
show_unknown(const gpuvm_cli *cli, const gpuvm_diagnosis *diagnosis)
{
    unsigned skip = cli->verbose || diagnosis->unknown < LAST_UNKNOWN ? 0 : diagnosis->unknown - LAST_UNKNOWN;

    if (diagnosis->unknown > 0)
        gpuvm_output_line(cli->output,
                          "not known, and like an error%s:", skip > 0 ? " (the last; all with -v)" : "");
    for (guint i = 0; i < diagnosis->events->len; i++) {
        const gpuvm_event *event = diagnosis->events->pdata[i];

        if (event->suspected && skip > 0)
            skip--;
        else if (event->suspected)
            show_event(cli, event);
    }
}

static const char *
verdict_of(const gpuvm_diagnosis *diagnosis)
{
    const gpuvm_event *first = diagnosis->faults->len > 0 ? diagnosis->faults->pdata[0] : NULL;

    if (first && first->fault->severity == GPUVM_FAULT_FATAL)
        return "a known fault";
    if (diagnosis->unknown > 0)
        return "what is wrong is not known";
    if (first)
        return first->fault->severity == GPUVM_FAULT_WARNING ? "no fault, but warnings"
                                                             : "it failed, and no line says why";
    return diagnosis->events->len > 0 ? "no fault found" : "there is no line to be read";
}

static void
show(const gpuvm_cli *cli, const gpuvm_diagnosis *diagnosis)
{
    gpuvm_output_line(cli->output, "%s: %s", diagnosis->subject ? diagnosis->subject : "this host",
                      verdict_of(diagnosis));
    for (guint i = 0; i < diagnosis->faults->len; i++)
        show_fault(cli, i == 0 ? "cause: " : "also:  ", diagnosis->faults->pdata[i]);
    show_unknown(cli, diagnosis);
    if (diagnosis->events->len > 0)
        gpuvm_output_line(cli->output, "timeline (UTC%s):", cli->verbose ? "" : "; every line with -v");
    for (guint i = 0; i < diagnosis->events->len; i++) {
        const gpuvm_event *event = diagnosis->events->pdata[i];

        if (cli->verbose || (event->fault && (event->fault->severity == GPUVM_FAULT_PHASE ||
                                              g_ptr_array_find(diagnosis->faults, event, NULL))))
            show_event(cli, event);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_session *session = cli->session;
    const char *name = argc > 0 ? argv[0] : NULL;
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    gint64 since =
        given.since ? gpuvm_timeline_since(given.since, g_get_real_time(), zone) : GPUVM_TIME_UNKNOWN;
    g_autoptr(GPtrArray) all = NULL;
    JsonArray *rows = json_array_new();

    if (given.since && since == GPUVM_TIME_UNKNOWN)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "--since: '%s' is no time",
                                          given.since),
                        "say -1h, '30 min ago', 2026-11-20 or '2026-11-20 10:00'");
    else
        all = given.logs ? gpuvm_diagnose_directory(session, given.logs, name, since)
                         : gpuvm_diagnose(session, name, since);
    for (guint i = 0; all && i < all->len; i++) {
        json_array_add_object_element(rows, make_row(all->pdata[i]));
        if (i > 0)
            gpuvm_output_line(cli->output, "%s", "");
        if (!cli->output->json)
            show(cli, all->pdata[i]);
    }
    gpuvm_output_rows(cli->output, "diagnoses", rows);
}

static const GOptionEntry options[] = {
    {"since", 0, 0, G_OPTION_ARG_STRING, &given.since,
     "what was written since then, such as -1h or 2026-11-20", "TIME"},
    {"logs", 0, 0, G_OPTION_ARG_FILENAME, &given.logs, "saved logs, in place of those of this machine",
     "DIR"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_diagnose = {
    .name = "diagnose",
    .arguments = "[NAME]",
    .summary = "Say what the logs mean about a start that failed or a crash",
    .description =
        "Reads what QEMU and libvirt, the host's kernel and the guest's console wrote since the last start of the VM, and says\n"
        "which line is the cause, what it means, what to do, and how far that is known: most remedies were not tried. Lines that\n"
        "look like errors and are not known are quoted. Then come the phases of the start in the order of their time; with -v\n"
        "every line. Without NAME it looks at this machine's kernel and libvirt since it booted, and at each VM that is off\n"
        "because its last start failed or it crashed. Exit code 5 when there is a fault or such a line, else 0.",
    .options = options,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
