/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: is this host fit to pass GPUs, and if not, what to type? */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>

#include "base/text.h"
#include "ops/check.h"

static JsonObject *
make_row(const gpuvm_finding *finding)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "topic", finding->topic);
    json_object_set_string_member(row, "verdict", gpuvm_verdict_names[finding->verdict]);
    json_object_set_string_member(row, "evidence", finding->evidence);
    gpuvm_json_set_string(row, "remedy", finding->remedy);
    return row;
}

static void
show(gpuvm_output *output, const gpuvm_finding *finding)
{
    static const char *const colors[] = {"\033[32m", "\033[33m", "\033[1;31m", "\033[2m"};
    g_auto(GStrv) lines = finding->remedy ? g_strsplit(finding->remedy, "\n", -1) : NULL;

    g_autofree char *evidence = gpuvm_text_printable(finding->evidence);

    if (finding->verdict == GPUVM_PASS && output->quiet)
        return;
    printf("%s%-7s%s %-20s %s\n", output->color ? colors[finding->verdict] : "",
           gpuvm_verdict_names[finding->verdict], output->color ? "\033[0m" : "", finding->topic, evidence);
    for (char **line = lines; line && *line; line++) {
        g_autofree char *remedy = gpuvm_text_printable(*line);

        printf("%28s → %s\n", "", remedy);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) findings = gpuvm_check_host(cli->session);
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    for (guint i = 0; findings && i < findings->len; i++) {
        json_array_add_object_element(rows, make_row(findings->pdata[i]));
        if (!cli->output->json)
            show(cli->output, findings->pdata[i]);
    }
    gpuvm_output_rows(cli->output, "checks", rows);
}

const gpuvm_command gpuvm_cmd_check = {
    .name = "check",
    .summary = "Check whether this host is fit to pass GPUs",
    .description =
        "Looks at everything that passing a GPU needs, a line each: PASS, WARN, FAIL or unknown, the evidence, and\n"
        "what to type. What cannot be seen over a connection is unknown, never passed. Exit code 5 on a FAIL.",
    .run = run,
};
