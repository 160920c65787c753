/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list: the VMs that gpuvm defined */
#include <config.h>

#include "cli/command.h"
#include "ops/lifecycle.h"

static gboolean all;

static const gpuvm_column columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "STATE", .key = "state"},
    {.header = "DEVICES", .key = "devices"},
    {.header = "AUTOSTART", .key = "autostart"},
    {.header = "SOURCE", .key = "source"},
    {0},
    /* clang-format on */
};

static JsonObject *
make_row(const gpuvm_domain *domain, const gpuvm_record *record)
{
    JsonObject *row = json_object_new();
    JsonArray *devices = json_array_new();

    for (guint i = 0; i < record->devices->len; i++) {
        const gpuvm_recorded *device = &g_array_index(record->devices, gpuvm_recorded, i);
        json_array_add_string_element(devices, GPUVM_PCI(&device->addr));
    }
    json_object_set_string_member(row, "name", domain->name);
    json_object_set_string_member(row, "uuid", domain->uuid);
    json_object_set_string_member(row, "state", gpuvm_domain_state_name(domain->state));
    json_object_set_array_member(row, "devices", devices);
    json_object_set_boolean_member(row, "autostart", domain->autostart);
    gpuvm_json_set_string(row, "plugin", record->plugin);
    gpuvm_json_set_string(row, "source", record->source);
    return row;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) domains = NULL;
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    domains = gpuvm_list_managed(cli->session);
    for (guint i = 0; domains && i < domains->len; i++) {
        const gpuvm_listed *listed = domains->pdata[i];

        if (listed->domain->active || all)
            json_array_add_object_element(rows, make_row(listed->domain, listed->record));
    }
    if (domains && json_array_get_length(rows) == 0)
        gpuvm_output_line(cli->output,
                          all ? "gpuvm defined no VM here" : "no VM is running; see gpuvm list --all");
    gpuvm_output_table(cli->output, "vms", rows, columns, NULL);
}

static const GOptionEntry options[] = {
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "also those that are off", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_list = {
    .name = "list",
    .summary = "List the VMs that gpuvm defined",
    .description = "Lists the running VMs that gpuvm defined, with the devices that were recorded at define.",
    .options = options,
    .run = run,
};
