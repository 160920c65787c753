/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show: one VM: its state, what was recorded at define, its devices as they are now */
#include <config.h>

#include "base/url.h"
#include "cli/command.h"
#include "cli/device.h"
#include "ops/lifecycle.h"

static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "ID", .format = gpuvm_device_row_id},
    {.header = "PRODUCT", .key = "product"},
    {.header = "ROLE", .key = "role"},
    {.header = "DRIVER", .key = "driver"},
    {.header = "GROUP", .key = "iommu_group", .right = true},
    {0},
};

/* A function of the domain, as the host has it now. */
static JsonObject *
device_row(const gpuvm_facts *facts, const gpuvm_pci_addr *addr, const gpuvm_record *record)
{
    const gpuvm_record_device *recorded = gpuvm_record_find(record, addr);
    const gpuvm_device *device = gpuvm_facts_device(facts, addr);
    g_autoptr(gpuvm_device) absent = NULL;
    JsonObject *row;

    if (!device) {
        device = absent = gpuvm_device_new(addr);
        absent->vendor_id = recorded ? recorded->vendor_id : 0;
        absent->device_id = recorded ? recorded->device_id : 0;
        absent->product = g_strdup("not found on this host");
    }
    row = gpuvm_device_row(device);
    json_object_set_boolean_member(row, "present", absent == NULL);
    gpuvm_json_set_string(row, "role", recorded ? gpuvm_role_names[recorded->role] : NULL);
    return row;
}

static JsonArray *
device_rows(gpuvm_session *session, const GArray *addrs, const gpuvm_record *record)
{
    JsonArray *rows = json_array_new();

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_functions(session, addrs))
        return rows;
    for (guint i = 0; i < addrs->len; i++)
        json_array_add_object_element(
            rows, device_row(session->facts, &g_array_index(addrs, gpuvm_pci_addr, i), record));
    return rows;
}

static JsonObject *
labels_object(const gpuvm_record *record)
{
    JsonObject *labels = json_object_new();

    for (guint i = 0; i < record->labels->len; i++) {
        const gpuvm_pair *label = record->labels->pdata[i];
        json_object_set_string_member(labels, label->key, label->value);
    }
    return labels;
}

/* The storage volumes of its own, as "POOL/NAME". */
static JsonArray *
volumes_array(const gpuvm_record *record)
{
    JsonArray *volumes = json_array_new();

    for (guint i = 0; i < record->volumes->len; i++) {
        g_autofree char *volume =
            g_build_filename(record->pool, (const char *)record->volumes->pdata[i], NULL);
        json_array_add_string_element(volumes, volume);
    }
    return volumes;
}

static void
show(gpuvm_output *output, JsonObject *vm)
{
    static const char *const lines[] = {"name",      "uuid",        "state",      "source",
                                        "plugin",    "deployment",  "set",        "digest",
                                        "functions", "iommu_group", "health_url", "health_from"};
    JsonArray *volumes = json_object_get_array_member(vm, "volumes");

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (!json_object_get_null_member(vm, lines[i]))
            gpuvm_output_line(output, "%-12s %s", lines[i], json_object_get_string_member(vm, lines[i]));
    }
    if (json_object_get_boolean_member_with_default(vm, "changed_outside", FALSE))
        gpuvm_output_line(output, "%-12s %s", "changed", "outside gpuvm, since it was defined");
    for (guint i = 0; i < json_array_get_length(volumes); i++)
        gpuvm_output_line(output, "%-12s %s", "volume", json_array_get_string_element(volumes, i));
    gpuvm_output_line(output, "%-12s %s", "autostart",
                      json_object_get_boolean_member(vm, "autostart") ? "yes" : "no");
    if (json_object_get_boolean_member(vm, "waits")) {
        gpuvm_output_print_table(output, json_object_get_array_member(vm, "devices"), columns, NULL);
        gpuvm_output_line(output, "waits for its next start:");
    }
    gpuvm_output_print_table(output, json_object_get_array_member(vm, "next_devices"), columns, NULL);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(cli->session, argv[0]);
    const gpuvm_claim *claim;
    const gpuvm_domain *domain;
    const gpuvm_record *record;
    g_autofree char *health_url = NULL;
    JsonObject *vm;

    (void)argc;
    if (!instance || !gpuvm_instance_look(cli->session, instance))
        return;
    claim = instance->claim;
    domain = instance->domain;
    record = instance->record;
    health_url = record->health_url ? gpuvm_url_shown(record->health_url) : NULL;
    vm = json_object_new();
    json_object_set_string_member(vm, "name", domain->name);
    json_object_set_string_member(vm, "uuid", domain->uuid);
    json_object_set_string_member(vm, "state", gpuvm_instance_state(instance));
    json_object_set_boolean_member(vm, "autostart", domain->autostart);
    gpuvm_json_set_truth(vm, "changed_outside", instance->drifted);
    gpuvm_json_set_string(vm, "source", record->source);
    gpuvm_json_set_string(vm, "plugin", record->plugin);
    gpuvm_json_set_string(vm, "set", record->set);
    gpuvm_json_set_string(vm, "deployment", record->deployed ? record->deployed->name : NULL);
    json_object_set_string_member(vm, "digest", record->digest);
    json_object_set_string_member(vm, "functions", gpuvm_functions_names[record->functions]);
    json_object_set_string_member(vm, "iommu_group", gpuvm_group_mode_names[record->iommu_group]);
    gpuvm_json_set_string(vm, "health_url", health_url);
    gpuvm_json_set_string(vm, "health_from",
                          health_url ? gpuvm_health_from_names[record->health_from] : NULL);
    json_object_set_object_member(vm, "labels", labels_object(record));
    json_object_set_array_member(vm, "volumes", volumes_array(record));
    json_object_set_array_member(vm, "devices", device_rows(cli->session, claim->now, record));
    json_object_set_array_member(vm, "next_devices", device_rows(cli->session, claim->next, record));
    json_object_set_boolean_member(vm, "waits", gpuvm_claim_waits(claim));
    if (!cli->output->json)
        show(cli->output, vm);
    json_object_set_object_member(cli->output->result, "vm", vm);
}

const gpuvm_command gpuvm_cmd_show = {
    .name = "show",
    .arguments = "NAME",
    .summary = "Show one VM and its devices",
    .description =
        "Shows the state of a VM, what was recorded when it was defined, and its devices with the drivers they\n"
        "have now; where it runs with others than its next start will have, both. In JSON what it runs with is devices,\n"
        "none when it is off, and what its next start will have next_devices.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
