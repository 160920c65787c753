/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cluster: what a Pacemaker cluster has, what runs there, and why something does not */
#include <config.h>

#include "cli/command.h"

#include <string.h>

#include "base/size.h"
#include "core/capacity.h"
#include "core/waits.h"
#include "ops/clusterload.h"

#define MIB (1024 * 1024)

static char *cib;

extern const gpuvm_command gpuvm_cmd_cluster;

static JsonArray *
make_amounts(gpuvm_amounts *all, const char *member, gpuvm_amounts *used)
{
    JsonArray *rows = json_array_new();
    g_autoptr(GPtrArray) names = gpuvm_amounts_names(all);

    for (guint i = 0; i < names->len; i++) {
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "name", names->pdata[i]);
        json_object_set_int_member(row, member, gpuvm_amounts_get(all, names->pdata[i]));
        if (used)
            json_object_set_int_member(row, "used", gpuvm_amounts_get(used, names->pdata[i]));
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static JsonObject *
make_node(const gpuvm_cluster_node *node)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", node->name);
    json_object_set_string_member(row, "state", gpuvm_node_state_names[node->state]);
    json_object_set_boolean_member(row, "maintenance", node->maintenance);
    json_object_set_array_member(row, "utilization", make_amounts(node->capacity, "capacity", node->used));
    return row;
}

static JsonArray *
make_waits(const GPtrArray *waits)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < waits->len; i++) {
        const gpuvm_wait *wait = waits->pdata[i];
        JsonObject *row = json_object_new();

        gpuvm_json_set_string(row, "node", wait->node ? wait->node->name : NULL);
        json_object_set_string_member(row, "reason", wait->reason);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static JsonArray *
make_failures(const gpuvm_cluster_instance *instance)
{
    JsonArray *rows = json_array_new();

    for (guint p = 0; p < instance->presences->len; p++) {
        const gpuvm_presence *presence = instance->presences->pdata[p];

        for (guint i = 0; i < presence->operations->len; i++) {
            const gpuvm_operation *operation = presence->operations->pdata[i];
            g_autoptr(GDateTime) when =
                operation->changed > 0 ? g_date_time_new_from_unix_utc(operation->changed) : NULL;
            g_autofree char *at = when ? g_date_time_format_iso8601(when) : NULL;
            JsonObject *row;

            if (!operation->failed)
                continue;
            row = json_object_new();
            json_object_set_string_member(row, "node", presence->node->name);
            json_object_set_string_member(row, "operation", operation->name);
            json_object_set_string_member(row, "reason", operation->reason);
            gpuvm_json_set_string(row, "at", at);
            json_array_add_object_element(rows, row);
        }
    }
    return rows;
}

static JsonObject *
make_vm(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    const gpuvm_presence *where = gpuvm_cluster_where(instance);
    g_autoptr(GPtrArray) waits = where ? g_ptr_array_new() : gpuvm_waits(cluster, instance);
    JsonObject *row = json_object_new();
    JsonArray *nodes = json_array_new();
    const char *why;

    for (guint i = 0; i < instance->presences->len; i++) {
        const gpuvm_presence *presence = instance->presences->pdata[i];

        if (presence->state != GPUVM_RUN_OFF)
            json_array_add_string_element(nodes, presence->node->name);
    }
    json_object_set_string_member(row, "name", instance->name);
    json_object_set_string_member(row, "resource", instance->id);
    gpuvm_json_set_string(row, "deployment", instance->resource->unique ? instance->resource->id : NULL);
    json_object_set_string_member(row, "state",
                                  where                              ? gpuvm_run_state_names[where->state]
                                  : gpuvm_is_stopped(instance, &why) ? "stopped"
                                                                     : "waits");
    json_object_set_array_member(row, "nodes", nodes);
    json_object_set_array_member(row, "utilization", make_amounts(instance->resource->wants, "wanted", NULL));
    json_object_set_array_member(row, "waits", make_waits(waits));
    json_object_set_array_member(row, "failures", make_failures(instance));
    return row;
}

/* The member @name of the utilization of @row that is called @what: its number; -1: none. */
static gint64
amount(JsonObject *row, const char *what, const char *name)
{
    JsonArray *all = json_object_get_array_member(row, "utilization");

    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *one = json_array_get_object_element(all, i);

        if (g_str_equal(json_object_get_string_member(one, "name"), what))
            return json_object_get_int_member(one, name);
    }
    return -1;
}

/* "gpu_10de_2330 6/8", or what is wanted; nothing of a model that the node has no card of any more. */
static char *
format_cards(JsonObject *row)
{
    JsonArray *all = json_object_get_array_member(row, "utilization");
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *one = json_array_get_object_element(all, i);
        const char *name = json_object_get_string_member(one, "name");
        bool has = json_object_has_member(one, "used");

        if (!g_str_has_prefix(name, GPUVM_CAPACITY_CARDS) ||
            (has && json_object_get_int_member(one, "capacity") == 0 &&
             json_object_get_int_member(one, "used") == 0))
            continue;
        g_string_append_printf(text, "%s%s ", text->len > 0 ? ", " : "", name);
        if (has)
            g_string_append_printf(text, "%" G_GINT64_FORMAT "/", json_object_get_int_member(one, "used"));
        g_string_append_printf(text, "%" G_GINT64_FORMAT,
                               json_object_get_int_member(one, has ? "capacity" : "wanted"));
    }
    return g_string_free(g_string_append(text, text->len > 0 ? "" : "-"), FALSE);
}

static char *
format_memory(JsonObject *row)
{
    gint64 has = amount(row, GPUVM_CAPACITY_MEMORY, "capacity");
    g_autofree char *used =
                        has < 0
                            ? NULL
                            : gpuvm_size_format((guint64)amount(row, GPUVM_CAPACITY_MEMORY, "used") * MIB),
                    *all = has < 0 ? NULL : gpuvm_size_format((guint64)has * MIB);

    return has < 0 ? g_strdup("-") : g_strdup_printf("%s of %s", used, all);
}

static char *
format_cpus(JsonObject *row)
{
    gint64 has = amount(row, GPUVM_CAPACITY_CPUS, "capacity");

    return has < 0 ? g_strdup("-")
                   : g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                                     amount(row, GPUVM_CAPACITY_CPUS, "used"), has);
}

static char *
format_state(JsonObject *row)
{
    return g_strconcat(json_object_get_string_member(row, "state"),
                       json_object_get_boolean_member(row, "maintenance") ? ", maintenance" : "", NULL);
}

static const gpuvm_column node_columns[] = {
    {.header = "NODE", .key = "name"},
    {.header = "STATE", .format = format_state},
    {.header = "CARDS", .format = format_cards, .cut = 1, .whole = true},
    {.header = "MEMORY", .format = format_memory},
    {.header = "CPUS", .format = format_cpus},
    {0},
};

static const gpuvm_column vm_columns[] = {
    {.header = "VM", .key = "name"},
    {.header = "STATE", .key = "state"},
    {.header = "NODE", .key = "nodes"},
    {.header = "CARDS", .format = format_cards, .cut = 1, .whole = true},
    {0},
};

/* Lines of why @row waits; "" when it does not. */
static char *
wait_text(JsonObject *row)
{
    JsonArray *waits = json_object_get_array_member(row, "waits");
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < json_array_get_length(waits); i++) {
        JsonObject *wait = json_array_get_object_element(waits, i);
        const char *node = json_object_get_string_member_with_default(wait, "node", NULL);

        g_string_append_printf(text, "%s%s%s%s", i > 0 ? "\n" : "", node ? node : "", node ? ": " : "",
                               json_object_get_string_member(wait, "reason"));
    }
    return g_string_free(text, FALSE);
}

/* Says why those wait that do, and who waits for the same once. */
static void
show_waits(gpuvm_output *output, JsonArray *rows)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new(); /* in their order, owned by names */
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);
        char *text = wait_text(row);
        const char *name = json_object_get_string_member(row, "name"),
                   *others = g_hash_table_lookup(names, text);

        if (!others)
            g_ptr_array_add(texts, text);
        g_hash_table_insert(names, text, others ? g_strconcat(others, ", ", name, NULL) : g_strdup(name));
    }
    for (guint i = 0; i < texts->len; i++) {
        g_auto(GStrv) lines = g_strsplit(texts->pdata[i], "\n", -1);
        g_autofree char *who = g_strconcat(g_hash_table_lookup(names, texts->pdata[i]), ":", NULL);

        if (!lines[0])
            continue;
        gpuvm_output_line(output, "%s", "");
        gpuvm_output_paragraph(output, "", who);
        for (char **line = lines; *line; line++)
            gpuvm_output_paragraph(output, "  ", *line);
    }
}

static void
show_failures(gpuvm_output *output, JsonArray *rows)
{
    bool any = false;

    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);
        JsonArray *failures = json_object_get_array_member(row, "failures");

        for (guint f = 0; f < json_array_get_length(failures); f++) {
            JsonObject *failure = json_array_get_object_element(failures, f);
            g_autofree char *line = g_strdup_printf(
                "%s: %s on %s (%s): %s", json_object_get_string_member(row, "name"),
                json_object_get_string_member(failure, "operation"),
                json_object_get_string_member(failure, "node"),
                json_object_get_string_member_with_default(failure, "at", "when is not known"),
                json_object_get_string_member(failure, "reason"));

            if (!any) {
                gpuvm_output_line(output, "%s", "");
                gpuvm_output_line(output, "failed actions:");
            }
            any = true;
            gpuvm_output_paragraph(output, "  ", line);
        }
    }
}

static void
run_status(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_cluster) cluster = gpuvm_cluster_load(cli->session, cib);
    g_autoptr(GPtrArray) vms = cluster ? gpuvm_cluster_vms(cli->session, cluster, argv) : NULL;
    g_autoptr(GPtrArray) troubles = cluster ? gpuvm_cluster_troubles(cluster) : NULL;
    JsonArray *nodes = json_array_new(), *rows = json_array_new(), *trouble_rows = json_array_new();

    (void)argc;
    for (guint i = 0; vms && i < cluster->nodes->len; i++)
        json_array_add_object_element(nodes, make_node(cluster->nodes->pdata[i]));
    for (guint i = 0; vms && i < vms->len; i++)
        json_array_add_object_element(rows, make_vm(cluster, vms->pdata[i]));
    for (guint i = 0; vms && i < troubles->len; i++) {
        const char *reason = ((const gpuvm_wait *)troubles->pdata[i])->reason;

        json_array_add_string_element(trouble_rows, reason);
        gpuvm_output_line(cli->output, "%s", reason);
    }
    gpuvm_output_rows(cli->output, "troubles", trouble_rows);
    if (vms) {
        gpuvm_output_print_table(cli->output, nodes, node_columns, NULL);
        gpuvm_output_line(cli->output, "%s", "");
        gpuvm_output_print_table(cli->output, rows, vm_columns, NULL);
    }
    if (vms && !cli->output->json) {
        show_waits(cli->output, rows);
        show_failures(cli->output, rows);
    }
    gpuvm_output_rows(cli->output, "nodes", nodes);
    gpuvm_output_rows(cli->output, "vms", rows);
}

static const GOptionEntry status_options[] = {
    {"cib", 0, 0, G_OPTION_ARG_FILENAME, &cib, "a CIB in a file, in place of this machine's cluster", "FILE"},
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command status_command = {
    .name = "status",
    .parent = &gpuvm_cmd_cluster,
    .arguments = "[NAME…]",
    .summary = "Say what runs in the cluster, and why something does not",
    .description =
        "Lists the nodes with what they have for VMs and what of it is used, then the VMs, or those that are named and those\n"
        "of deployments that are. For each that should run and does not it says what keeps it from which node: what that\n"
        "lacks, a constraint, what failed there. It is run on a node; with --cib anywhere.",
    .options = status_options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_CLUSTERED,
    .run = run_status,
};

static const gpuvm_command *const commands[] = {&status_command, NULL};

const gpuvm_command gpuvm_cmd_cluster = {
    .name = "cluster",
    .commands = commands,
    .summary = "Look at the VMs of a Pacemaker cluster",
    .description =
        "VMs and deployments that Pacemaker places on the nodes of a cluster, starts, and restarts elsewhere when a node is\n"
        "lost: gpuvm knows of them what Pacemaker's CIB says.",
};
