/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list: the VMs that gpuvm defined */
#include <config.h>

#include "cli/command.h"
#include "cli/device.h"
#include "ops/ask.h"

static gboolean all, health;

static char *
format_devices(JsonObject *row)
{
    g_autofree char *now = gpuvm_json_join(row, "devices"), *next = gpuvm_json_join(row, "next_devices");

    return json_object_get_boolean_member(row, "waits") ? g_strdup_printf("%s (next start: %s)", now, next)
                                                        : g_steal_pointer(&next);
}

static char *
format_state(JsonObject *row)
{
    return g_strconcat(json_object_get_string_member(row, "state"),
                       json_object_get_boolean_member_with_default(row, "changed_outside", FALSE)
                           ? " (changed outside gpuvm)"
                           : "",
                       NULL);
}

/* clang-format off */
#define COLUMNS                                                                                              \
    {.header = "NAME", .key = "name"},                                                                       \
    {.header = "STATE", .format = format_state},                                                             \
    {.header = "DEVICES", .format = format_devices},                                                                 \
    {.header = "AUTOSTART", .key = "autostart"},                                                             \
    {.header = "SOURCE", .key = "source"}

static const gpuvm_column columns[] = {COLUMNS, {0}};
static const gpuvm_column columns_with_health[] = {COLUMNS, {.header = "HEALTH", .key = "health"}, {0}};
/* clang-format on */

static JsonObject *
make_row(const gpuvm_instance *vm)
{
    const gpuvm_claim *claim = vm->claim;
    const gpuvm_domain *domain = vm->domain;
    const gpuvm_record *record = vm->record;
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", domain->name);
    json_object_set_string_member(row, "uuid", domain->uuid);
    json_object_set_string_member(row, "state", gpuvm_instance_state(vm));
    gpuvm_json_set_truth(row, "changed_outside", vm->drifted);
    json_object_set_array_member(row, "devices", gpuvm_json_addresses(claim->now));
    json_object_set_array_member(row, "next_devices", gpuvm_json_addresses(claim->next));
    json_object_set_boolean_member(row, "waits", gpuvm_claim_waits(claim));
    json_object_set_boolean_member(row, "autostart", domain->autostart);
    gpuvm_json_set_string(row, "plugin", record->plugin);
    gpuvm_json_set_string(row, "set", record->set);
    gpuvm_json_set_string(row, "source", record->source);
    return row;
}

/* Adds the health of @instances (gpuvm_instance), in whose order @rows are. */
static void
add_health(gpuvm_cli *cli, const GPtrArray *instances, JsonArray *rows)
{
    g_autoptr(GPtrArray) healths = gpuvm_health_ask(cli->session, instances);

    for (guint i = 0; healths && i < healths->len; i++) {
        const gpuvm_health *found = healths->pdata[i];
        JsonObject *row = json_array_get_object_element(rows, i);

        json_object_set_string_member(row, "health", gpuvm_health_names[found->state]);
        gpuvm_json_set_string(row, "health_reason", found->reason);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) vms = gpuvm_list_looked_at(cli->session, all);
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    for (guint i = 0; vms && i < vms->len; i++)
        json_array_add_object_element(rows, make_row(vms->pdata[i]));
    if (vms && health)
        add_health(cli, vms, rows);
    if (vms && json_array_get_length(rows) == 0)
        gpuvm_output_line(cli->output,
                          all ? "gpuvm defined no VM here" : "no VM is running; see gpuvm list --all");
    gpuvm_output_table(cli->output, "vms", rows, health ? columns_with_health : columns, NULL);
}

static const GOptionEntry options[] = {
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "also those that are off", NULL},
    {"health", 0, 0, G_OPTION_ARG_NONE, &health, "ask each for its health", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_list = {
    .name = "list",
    .summary = "List the VMs that gpuvm defined",
    .description =
        "Lists the running VMs that gpuvm defined, with the devices that they run with and, where the next start will have\n"
        "others, these; of one whose domain was changed by other means, such as virsh edit, it says so. In\n"
        "JSON the former are devices, none for a VM that is off, and the latter next_devices.",
    .options = options,
    .run = run,
};
