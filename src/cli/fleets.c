/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/fleets.h"

#include "cli/device.h"
#include "ops/ask.h"
#include "ops/fleet.h"

/* Once @instance's claim was asked for. */
static const char *
definition_word(gpuvm_session *session, const gpuvm_fleet *fleet, const gpuvm_instance *instance)
{
    const gpuvm_deployed *newest = fleet->newest->deployed;
    const gpuvm_record *record = instance->record;
    g_autoptr(gpuvm_record) running = gpuvm_running_record(session, instance->domain);

    if (record->replica >= newest->replicas)
        return "too many";
    if (instance->drifted == 1)
        return "edited";
    return g_str_equal(record->deployed->digest, newest->digest) &&
                   (!running || g_str_equal(running->digest, record->digest))
               ? "current"
               : "old";
}

/* A replica that is there; NULL: see the diagnostics. */
static JsonObject *
replica_row(gpuvm_session *session, const gpuvm_fleet *fleet, gpuvm_instance *instance,
            const gpuvm_health *health)
{
    JsonObject *row;

    if (!gpuvm_instance_look(session, instance))
        return NULL;
    row = json_object_new();
    json_object_set_string_member(row, "name", instance->domain->name);
    json_object_set_string_member(row, "state", gpuvm_instance_state(instance));
    json_object_set_array_member(row, "devices", gpuvm_json_addresses(instance->claim->next));
    json_object_set_string_member(row, "definition", definition_word(session, fleet, instance));
    json_object_set_string_member(row, "digest", instance->record->deployed->digest);
    gpuvm_json_set_string(row, "health", health ? gpuvm_health_names[health->state] : NULL);
    gpuvm_json_set_string(row, "health_reason", health ? health->reason : NULL);
    return row;
}

static JsonObject *
missing_row(const gpuvm_fleet *fleet, unsigned number)
{
    static const char *const unknown[] = {"definition", "digest", "health", "health_reason"};
    g_autofree char *name = g_strdup_printf("%s-%u", fleet->name, number);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", name);
    json_object_set_string_member(row, "state", "missing");
    json_object_set_array_member(row, "devices", json_array_new());
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
        json_object_set_null_member(row, unknown[i]);
    return row;
}

/* The replicas that there are, or should be, by number; their healths begin at @health (NULL: nobody asked). */
static JsonArray *
replica_rows(gpuvm_session *session, const gpuvm_fleet *fleet, gpuvm_health *const *health)
{
    JsonArray *rows = json_array_new();
    unsigned next = 0;

    for (guint i = 0; i <= fleet->replicas->len; i++) {
        gpuvm_instance *instance = i < fleet->replicas->len ? fleet->replicas->pdata[i] : NULL;
        uint64_t end = fleet->newest->deployed->replicas;
        JsonObject *row;

        if (instance)
            end = MIN(end, instance->record->replica);
        for (; next < end; next++)
            json_array_add_object_element(rows, missing_row(fleet, next));
        if (!instance)
            break;
        next = instance->record->replica + 1;
        row = replica_row(session, fleet, instance, health ? health[i] : NULL);
        if (row)
            json_array_add_object_element(rows, row);
    }
    return rows;
}

static guint
count(JsonArray *rows, const char *member, const char *word)
{
    guint n = 0;

    for (guint i = 0; i < json_array_get_length(rows); i++)
        n += g_strcmp0(json_object_get_string_member_with_default(json_array_get_object_element(rows, i),
                                                                  member, NULL),
                       word) == 0;
    return n;
}

static JsonObject *
fleet_object(gpuvm_session *session, const gpuvm_fleet *fleet, gpuvm_health *const *health)
{
    const gpuvm_deployed *deployed = fleet->newest->deployed;
    JsonArray *rows = replica_rows(session, fleet, health);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "name", fleet->name);
    json_object_set_int_member(object, "replicas", (gint64)deployed->replicas);
    json_object_set_int_member(object, "running", count(rows, "state", "running"));
    json_object_set_int_member(object, "healthy", count(rows, "health", "healthy"));
    gpuvm_json_set_string(object, "plugin", fleet->newest->plugin);
    gpuvm_json_set_string(object, "source", fleet->newest->source);
    json_object_set_string_member(object, "digest", deployed->digest);
    json_object_set_int_member(object, "generation", (gint64)deployed->generation);
    json_object_set_array_member(object, "vms", rows);
    return object;
}

static char *
format_running(JsonObject *row)
{
    return g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                           json_object_get_int_member(row, "running"),
                           json_object_get_int_member(row, "replicas"));
}

/* Of those that have a health check. */
static char *
format_healthy(JsonObject *row)
{
    JsonArray *vms = json_object_get_array_member(row, "vms");
    guint without = count(vms, "health", "none") + count(vms, "state", "missing");

    return without == json_array_get_length(vms)
               ? g_strdup("-")
               : g_strdup_printf("%" G_GINT64_FORMAT "/%u", json_object_get_int_member(row, "healthy"),
                                 json_array_get_length(vms) - without);
}

static const gpuvm_column list_columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "RUNNING", .format = format_running},
    {.header = "HEALTHY", .format = format_healthy},
    {.header = "PLUGIN", .key = "plugin", .cut = 2, .whole = true},
    {.header = "SOURCE", .key = "source", .cut = 1, .whole = true},
    {0},
    /* clang-format on */
};

static void
run_list(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) fleets = gpuvm_fleet_list(cli->session), all = g_ptr_array_new(), healths = NULL;
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    for (guint i = 0; fleets && i < fleets->len; i++)
        g_ptr_array_extend(all, ((const gpuvm_fleet *)fleets->pdata[i])->replicas, NULL, NULL);
    healths = gpuvm_health_ask(cli->session, all);
    for (guint i = 0, asked = 0; fleets && i < fleets->len; i++) {
        const gpuvm_fleet *fleet = fleets->pdata[i];
        gpointer *health = healths ? healths->pdata + asked : NULL;

        json_array_add_object_element(rows, fleet_object(cli->session, fleet, (gpuvm_health *const *)health));
        asked += fleet->replicas->len;
    }
    if (fleets && fleets->len == 0)
        gpuvm_output_line(cli->output, "there are no deployments; see gpuvm deployment create --help");
    gpuvm_output_table(cli->output, "deployments", rows, list_columns, NULL);
}

const gpuvm_command gpuvm_cmd_deployment_list = {
    .name = "list",
    .parent = &gpuvm_cmd_deployment,
    .summary = "List the deployments",
    .description = "Lists the deployments, with how many of their VMs run and are healthy.",
    .names = true,
    .run = run_list,
};

static char *
format_digest(JsonObject *row)
{
    return gpuvm_output_digest(json_object_get_string_member_with_default(row, "digest", NULL));
}

static const gpuvm_column show_columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "STATE", .key = "state"},
    {.header = "DEVICES", .key = "devices", .cut = 3, .whole = true},
    {.header = "DEFINITION", .key = "definition", .cut = 1, .whole = true},
    {.header = "DIGEST", .format = format_digest},
    {.header = "HEALTH", .key = "health", .cut = 2, .whole = true},
    {0},
    /* clang-format on */
};

static void
show(gpuvm_output *output, JsonObject *fleet)
{
    static const char *const lines[] = {"name", "plugin", "source", "digest"};

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (!json_object_get_null_member(fleet, lines[i]))
            gpuvm_output_line(output, "%-12s %s", lines[i], json_object_get_string_member(fleet, lines[i]));
    }
    gpuvm_output_line(output, "%-12s %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " running", "replicas",
                      json_object_get_int_member(fleet, "running"),
                      json_object_get_int_member(fleet, "replicas"));
    gpuvm_output_print_table(output, json_object_get_array_member(fleet, "vms"), show_columns, NULL);
}

static void
run_show(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_fleet) fleet = gpuvm_fleet_get(cli->session, argv[0]);
    g_autoptr(GPtrArray) healths = fleet ? gpuvm_health_ask(cli->session, fleet->replicas) : NULL;
    JsonObject *object;

    (void)argc;
    if (!fleet)
        return;
    object = fleet_object(cli->session, fleet, healths ? (gpuvm_health *const *)healths->pdata : NULL);
    if (!cli->output->json)
        show(cli->output, object);
    json_object_set_object_member(cli->output->result, "deployment", object);
}

const gpuvm_command gpuvm_cmd_deployment_show = {
    .name = "show",
    .parent = &gpuvm_cmd_deployment,
    .arguments = "NAME",
    .summary = "Show a deployment and its VMs",
    .description =
        "Shows each VM of a deployment, with the devices of its next start: those that are missing, too. DEFINITION says\n"
        "whether it is defined as the newest definition has it (current), or waits for that (old), or was changed\n"
        "outside gpuvm (edited), or is to be removed (too many): gpuvm deployment create goes on with that.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEPLOYMENT,
    .run = run_show,
};
