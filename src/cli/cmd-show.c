/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show: one VM: its state, what was recorded at define, its devices as they are now */
#include <config.h>

#include "base/size.h"
#include "base/url.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/vmrow.h"
#include "host/usage.h"
#include "ops/ask.h"
#include "ops/survey.h"

static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "NAME", .key = "name", .cut = 1, .narrow = true},
    {.header = "ID", .format = gpuvm_device_row_id},
    {.header = "PRODUCT", .key = "product", .wide = true},
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
        absent->vendor_id = recorded ? recorded->identity.vendor_id : 0;
        absent->device_id = recorded ? recorded->identity.device_id : 0;
        absent->product = g_strdup("not found on this host"); /* in place of a name */
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

static JsonArray *
disk_rows(const gpuvm_instance *instance)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < instance->hardware->disks->len; i++) {
        const gpuvm_hardware_disk *disk = instance->hardware->disks->pdata[i];
        JsonObject *row = json_object_new();
        uint64_t capacity, allocation;
        bool known = disk->target && disk->source &&
                     gpuvm_domain_disk_size(instance->domain, disk->target, &capacity, &allocation);

        gpuvm_json_set_string(row, "target", disk->target);
        gpuvm_json_set_string(row, "source", disk->source);
        json_object_set_boolean_member(row, "readonly", disk->readonly);
        gpuvm_json_set_known(row, "capacity", known ? (gint64)capacity : -1);
        gpuvm_json_set_known(row, "allocation", known ? (gint64)allocation : -1);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static JsonArray *
interface_rows(const gpuvm_hardware *hardware)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < hardware->nics->len; i++) {
        const gpuvm_hardware_nic *nic = hardware->nics->pdata[i];
        JsonObject *row = json_object_new();

        gpuvm_json_set_string(row, "mac", nic->mac);
        gpuvm_json_set_string(row, "type", nic->type);
        gpuvm_json_set_string(row, "source", nic->source);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

/* What libvirt counts; null where it does not say. */
static void
add_usage(gpuvm_session *session, JsonObject *vm, gpuvm_domain *domain)
{
    gpuvm_usage usage = {.id = -1};
    GError *error = NULL;

    if (!gpuvm_domain_usage(domain, &usage, &error))
        gpuvm_session_fail(session, error);
    gpuvm_json_set_known(vm, "id", usage.id);
    gpuvm_json_set_known(vm, "max_memory_kib", usage.max_kib > 0 ? (gint64)usage.max_kib : -1);
    gpuvm_json_set_known(vm, "used_memory_kib", domain->active ? (gint64)usage.used_kib : -1);
    gpuvm_json_set_known(vm, "cpu_time_ns", domain->active ? (gint64)usage.cpu_ns : -1);
}

/* Of one that runs and has a health check. */
static void
add_health(gpuvm_session *session, JsonObject *vm, gpuvm_instance *instance)
{
    bool asks = instance->domain->active && instance->record->health_url;
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_autoptr(GPtrArray) healths = NULL;

    g_ptr_array_add(one, instance);
    healths = asks ? gpuvm_health_ask(session, one) : NULL;
    const gpuvm_health *health = healths ? healths->pdata[0] : NULL;
    gpuvm_json_set_string(vm, "health", health ? gpuvm_health_names[health->state] : NULL);
    gpuvm_json_set_string(vm, "health_reason", health ? health->reason : NULL);
}

static void
say(const gpuvm_output *output, const char *what, const char *text)
{
    g_autofree char *lead = g_strdup_printf("%-12s ", what);

    gpuvm_output_paragraph(output, lead, text);
}

/* Those of @members, texts, that there are. */
static void
say_texts(const gpuvm_output *output, JsonObject *vm, const char *const *members)
{
    for (; *members; members++) {
        if (!json_object_get_null_member(vm, *members))
            say(output, *members, json_object_get_string_member(vm, *members));
    }
}

static void
say_memory(const gpuvm_output *output, JsonObject *vm)
{
    static const struct {
        const char *member, *what;
    } kinds[] = {{"max_memory_kib", "max memory"}, {"used_memory_kib", "used memory"}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (json_object_get_null_member(vm, kinds[i].member))
            continue;
        g_autofree char *text =
            gpuvm_vm_format_memory((uint64_t)json_object_get_int_member(vm, kinds[i].member));
        say(output, kinds[i].what, text);
    }
}

/* What it has of the host, and what it does with it. */
static void
say_resources(const gpuvm_output *output, JsonObject *vm)
{
    g_autofree char *cpus = g_strdup_printf("%" G_GINT64_FORMAT, json_object_get_int_member(vm, "cpus"));

    say(output, "cpus", cpus);
    say_memory(output, vm);
    if (!json_object_get_null_member(vm, "cpu_time_ns")) {
        g_autofree char *time =
            g_strdup_printf("%.1f s", (double)json_object_get_int_member(vm, "cpu_time_ns") / 1e9);
        say(output, "CPU time", time);
    }
    say(output, "autostart", json_object_get_boolean_member(vm, "autostart") ? "yes" : "no");
    say(output, "persistent", json_object_get_boolean_member(vm, "persistent") ? "yes" : "no");
}

/* "vda /pool/a.qcow2, 40.0 GiB, 1.2 GiB on the host, read-only" */
static void
say_disk(const gpuvm_output *output, JsonObject *disk)
{
    g_autoptr(GString) text = g_string_new(json_object_get_string_member_with_default(disk, "target", "-"));

    g_string_append_printf(text, " %s", json_object_get_string_member_with_default(disk, "source", "empty"));
    if (!json_object_get_null_member(disk, "capacity")) {
        g_autofree char *sees = gpuvm_size_format((uint64_t)json_object_get_int_member(disk, "capacity"));
        g_autofree char *takes = gpuvm_size_format((uint64_t)json_object_get_int_member(disk, "allocation"));
        g_string_append_printf(text, ", %s, %s on the host", sees, takes);
    } else if (!json_object_get_null_member(disk, "source")) {
        g_string_append(text, ", size unknown");
    }
    if (json_object_get_boolean_member(disk, "readonly"))
        g_string_append(text, ", read-only");
    say(output, "disk", text->str);
}

/* "52:54:00:12:34:56, network default"; the addresses are those of the VM, which nearly always has one interface. */
static void
say_interface(const gpuvm_output *output, JsonObject *nic)
{
    g_autofree char *text =
        g_strdup_printf("%s, %s %s", json_object_get_string_member_with_default(nic, "mac", "-"),
                        json_object_get_string_member_with_default(nic, "type", "-"),
                        json_object_get_string_member_with_default(nic, "source", ""));

    say(output, "interface", g_strchomp(text));
}

static void
say_each(const gpuvm_output *output, JsonArray *rows, void (*one)(const gpuvm_output *, JsonObject *))
{
    for (guint i = 0; i < json_array_get_length(rows); i++)
        one(output, json_array_get_object_element(rows, i));
}

static void
show(const gpuvm_output *output, JsonObject *vm)
{
    static const char *const identity[] = {"name", "uuid", "state", "health", "health_reason", NULL};
    static const char *const origin[] = {"source",    "plugin",      "deployment", "set",         "digest",
                                         "functions", "iommu_group", "health_url", "health_from", NULL};
    JsonArray *volumes = json_object_get_array_member(vm, "volumes");
    JsonArray *addresses = json_object_get_array_member(vm, "addresses");

    say_texts(output, vm, identity);
    if (!json_object_get_null_member(vm, "id")) {
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, json_object_get_int_member(vm, "id"));
        say(output, "id", id);
    }
    if (json_object_get_boolean_member_with_default(vm, "changed_outside", FALSE))
        say(output, "changed", "outside gpuvm, since it was defined");
    if (json_object_get_boolean_member(vm, "pending"))
        say(output, "pending", "its next start will be by another definition, or with other devices");
    say_resources(output, vm);
    say_texts(output, vm, origin);
    say_each(output, json_object_get_array_member(vm, "disks"), say_disk);
    for (guint i = 0; i < json_array_get_length(volumes); i++)
        say(output, "volume", json_array_get_string_element(volumes, i));
    say_each(output, json_object_get_array_member(vm, "interfaces"), say_interface);
    for (guint i = 0; i < json_array_get_length(addresses); i++)
        say(output, "address", json_array_get_string_element(addresses, i));
    if (json_object_get_boolean_member(vm, "waits")) {
        gpuvm_output_print_table(output, json_object_get_array_member(vm, "devices"), columns, NULL);
        gpuvm_output_paragraph(output, "", "waits for its next start:");
    }
    gpuvm_output_print_table(output, json_object_get_array_member(vm, "next_devices"), columns, NULL);
}

/* What was recorded when it was defined, beside what every row of a VM has. */
static void
add_record(JsonObject *vm, const gpuvm_record *record)
{
    g_autofree char *health_url = record->health_url ? gpuvm_url_shown(record->health_url) : NULL;

    json_object_set_string_member(vm, "digest", record->digest);
    json_object_set_string_member(vm, "functions", gpuvm_functions_names[record->functions]);
    json_object_set_string_member(vm, "iommu_group", gpuvm_group_mode_names[record->iommu_group]);
    gpuvm_json_set_string(vm, "health_url", health_url);
    gpuvm_json_set_string(vm, "health_from",
                          health_url ? gpuvm_health_from_names[record->health_from] : NULL);
    json_object_set_array_member(vm, "volumes", volumes_array(record));
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_session *session = cli->session;
    g_autoptr(gpuvm_instance) instance = gpuvm_instance_find(session, argv[0]);
    g_autoptr(GPtrArray) addresses = NULL;
    JsonArray *devices, *next_devices;
    JsonObject *vm;

    (void)argc;
    if (!instance || !gpuvm_instance_look(session, instance))
        return;
    devices = device_rows(session, instance->claim->now, instance->record);
    next_devices = device_rows(session, instance->claim->next, instance->record);
    addresses = gpuvm_survey_addresses(session, instance);
    vm = gpuvm_vm_row(instance, session->facts, addresses);
    add_usage(session, vm, instance->domain);
    add_record(vm, instance->record);
    add_health(session, vm, instance);
    json_object_set_array_member(vm, "disks", disk_rows(instance));
    json_object_set_array_member(vm, "interfaces", interface_rows(instance->hardware));
    json_object_set_array_member(vm, "devices", devices);
    json_object_set_array_member(vm, "next_devices", next_devices);
    if (!cli->output->json)
        show(cli->output, vm);
    json_object_set_object_member(cli->output->result, "vm", vm);
}

const gpuvm_command gpuvm_cmd_show = {
    .name = "show",
    .arguments = "NAME",
    .summary = "Show one VM and its devices",
    .description =
        "Shows the state of a VM, what it uses, what was recorded when it was defined, its disks, interfaces and\n"
        "addresses, its health if it runs and has a health_check, and its devices with the drivers they\n"
        "have now; where it runs with others than its next start will have, both. In JSON what it runs with is devices,\n"
        "none when it is off, and what its next start will have next_devices.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
