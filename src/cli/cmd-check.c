/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: is this host fit to pass GPUs, and if not, what to type? */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>

#include "base/text.h"
#include "ops/check.h"
#include "ops/clusterfit.h"

static gboolean of_cluster;
static char *cib, *connect_nodes;

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

#define EVIDENCE 29 /* the column where it begins */

static const char *const colors[] = {"\033[32m", "\033[33m", "\033[1;31m", "\033[2m"};

/* Whether @remedy is to be typed, and so stays in one line, to be copied. */
static bool
is_command(const char *remedy)
{
    static const char *const words[] = {"sudo ", "virsh ", "echo ", "lspci ", "gpuvm "};
    size_t i = 0;

    while (i < G_N_ELEMENTS(words) && !g_str_has_prefix(remedy, words[i]))
        i++;
    return i < G_N_ELEMENTS(words);
}

static void
show(const gpuvm_output *output, const gpuvm_finding *finding)
{
    g_auto(GStrv) lines = finding->remedy ? g_strsplit(finding->remedy, "\n", -1) : NULL;
    g_autofree char *evidence = gpuvm_text_printable(finding->evidence);
    g_autofree char *filled = gpuvm_text_fill(evidence, EVIDENCE, output->columns);

    if (finding->verdict == GPUVM_PASS && output->quiet)
        return;
    printf("%s%-7s%s %-20s %s\n", output->color ? colors[finding->verdict] : "",
           gpuvm_verdict_names[finding->verdict], output->color ? "\033[0m" : "", finding->topic, filled);
    for (char **line = lines; line && *line; line++) {
        g_autofree char *safe = gpuvm_text_printable(*line);
        g_autofree char *remedy = gpuvm_text_fill(safe, EVIDENCE + 2, is_command(safe) ? 0 : output->columns);

        printf("%*s→ %s\n", EVIDENCE, "", remedy);
    }
}

/* "12 ok, 1 warning, 0 errors, 2 unknown" */
static void
show_counts(gpuvm_output *output, const GPtrArray *findings)
{
    guint n[] = {[GPUVM_PASS] = 0, [GPUVM_WARN] = 0, [GPUVM_FAIL] = 0, [GPUVM_CANNOT_SEE] = 0};

    for (guint i = 0; i < findings->len; i++)
        n[((const gpuvm_finding *)findings->pdata[i])->verdict]++;
    g_autofree char *warnings = gpuvm_text_count(n[GPUVM_WARN], "warning"),
                    *errors = gpuvm_text_count(n[GPUVM_FAIL], "error");
    g_autofree char *unknown =
        n[GPUVM_CANNOT_SEE] > 0 ? g_strdup_printf(", %u unknown", n[GPUVM_CANNOT_SEE]) : g_strdup("");
    gpuvm_output_line(output, "%u ok, %s, %s%s", n[GPUVM_PASS], warnings, errors, unknown);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) summary = NULL, findings = NULL;
    const GPtrArray *shown;
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    if (!of_cluster && (cib || connect_nodes))
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "%s goes with --cluster",
                          cib ? "--cib" : "--connect-nodes");
    else if (of_cluster)
        findings = gpuvm_check_cluster(cli->session, cib, connect_nodes);
    else
        findings = gpuvm_check_host(cli->session, &summary);
    shown = summary && !cli->verbose ? summary : findings;
    for (guint i = 0; findings && i < findings->len; i++)
        json_array_add_object_element(rows, make_row(findings->pdata[i]));
    for (guint i = 0; shown && !cli->output->json && i < shown->len; i++)
        show(cli->output, shown->pdata[i]);
    if (findings)
        show_counts(cli->output, summary ? summary : findings);
    gpuvm_output_rows(cli->output, "checks", rows);
}

static const GOptionEntry options[] = {
    {"cluster", 0, 0, G_OPTION_ARG_NONE, &of_cluster, "of the Pacemaker cluster that this host is a node of",
     NULL},
    {"cib", 0, 0, G_OPTION_ARG_FILENAME, &cib, "… or of the CIB in a file", "FILE"},
    {"connect-nodes", 0, 0, G_OPTION_ARG_STRING, &connect_nodes,
     "the libvirt of each node (qemu+ssh://{node}/system?no_tty=1)", "TEMPLATE"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_check = {
    .name = "check",
    .summary = "Check whether this host, or a cluster, is fit to pass GPUs",
    .description =
        "Looks at everything that passing a GPU needs, a line each: PASS, WARN, FAIL or unknown, the evidence, and\n"
        "what to type; of cards that are alike, how many there are: -v has a line for each. What cannot be seen over\n"
        "a connection is unknown, never passed. Exit code 5 on a FAIL. With --cluster it looks at what VMs that Pacemaker\n"
        "runs need: fencing, a quorum, nodes that are alike; the libvirt of each node is asked, by ssh, for definitions\n"
        "that are in the way.",
    .options = options,
    .run = run,
};
