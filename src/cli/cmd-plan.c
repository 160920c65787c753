/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan: what would be decided, and why */
#include <config.h>

#include "cli/changes.h"
#include "core/image.h"
#include "core/merge.h"
#include "ops/define.h"

static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "ID", .key = "id"},
    {.header = "PRODUCT", .key = "product"},
    {.header = "ROLE", .key = "role"},
    {.header = "GROUP", .key = "iommu_group", .right = true},
    {.header = "NUMA", .key = "numa_node", .right = true},
    {.header = "GUEST", .key = "guest_address"},
    {.header = "WHY", .key = "why"},
    {0},
};

static const gpuvm_column value_columns[] = {
    {.header = "FIELD", .key = "field"},
    {.header = "VALUE", .key = "value"},
    {.header = "FROM", .key = "from"},
    {0},
};

/* What the definition says, and where: of interest when a plugin or the host says some of it. */
static JsonArray *
value_rows(const gpuvm_spec *spec)
{
    g_autoptr(GPtrArray) origins = gpuvm_merge_origins(spec);
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < origins->len; i++) {
        const gpuvm_origin *origin = origins->pdata[i];
        g_autofree char *from = gpuvm_origin_place(origin);
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "field", origin->key);
        json_object_set_string_member(row, "value", origin->value);
        json_object_set_string_member(row, "from", from);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static JsonObject *
function_row(const gpuvm_plan_function *function)
{
    const gpuvm_device *device = function->device;
    JsonObject *row = json_object_new();
    g_autofree char *id = g_strdup_printf("%04x:%04x", device->vendor_id, device->device_id);
    g_autofree char *guest =
        function->role == GPUVM_ROLE_DETACHED
            ? NULL
            : g_strdup_printf("0000:%02x:00.%u", function->guest.bus, function->guest.function);

    json_object_set_string_member(row, "address", GPUVM_PCI(&device->addr));
    json_object_set_string_member(row, "id", id);
    gpuvm_json_set_string(row, "product", device->product);
    json_object_set_string_member(row, "role", gpuvm_role_names[function->role]);
    gpuvm_json_set_known(row, "iommu_group", device->iommu_group);
    gpuvm_json_set_known(row, "numa_node", device->numa_node);
    gpuvm_json_set_string(row, "guest_address", guest);
    json_object_set_string_member(row, "why", function->why);
    return row;
}

static JsonObject *
vm_row(const gpuvm_draft *draft, const gpuvm_comparison *comparison)
{
    const gpuvm_plan *plan = draft->plan;
    const gpuvm_resources *resources = plan->vm->body.resources;
    JsonObject *row = json_object_new();
    JsonArray *functions = json_array_new();

    for (guint i = 0; i < plan->functions->len; i++)
        json_array_add_object_element(functions, function_row(plan->functions->pdata[i]));
    json_object_set_string_member(row, "name", plan->vm->name);
    json_object_set_string_member(row, "source", plan->source);
    json_object_set_int_member(row, "cpu_cores", (gint64)resources->cpu_cores);
    json_object_set_int_member(row, "memory_mb", (gint64)resources->memory_mb);
    gpuvm_json_set_known(row, "numa_node", plan->place.numa_node);
    json_object_set_string_member(row, "placement", plan->place.why);
    json_object_set_boolean_member(row, "refused", draft->xml == NULL);
    gpuvm_json_set_string(row, "change", comparison ? gpuvm_step_names[comparison->step] : NULL);
    json_object_set_array_member(row, "functions", functions);
    json_object_set_array_member(row, "values", value_rows(draft->definition->spec));
    return row;
}

/* For people: a heading, the values when others give some, the devices, where the memory goes. */
static void
show(gpuvm_output *output, const gpuvm_draft *draft, const gpuvm_comparison *comparison, JsonObject *row)
{
    g_autofree char *step = comparison ? gpuvm_step_title(comparison) : NULL;
    JsonArray *functions = json_object_get_array_member(row, "functions");
    g_autofree char *node = json_object_get_null_member(row, "numa_node")
                                ? g_strdup("any NUMA node")
                                : g_strdup_printf("NUMA node %" G_GINT64_FORMAT " while it has room",
                                                  json_object_get_int_member(row, "numa_node"));

    gpuvm_output_line(output, "%s (%s): %s%s%" G_GINT64_FORMAT " CPUs, %" G_GINT64_FORMAT " MiB%s",
                      json_object_get_string_member(row, "name"),
                      json_object_get_string_member(row, "source"), step ? step : "", step ? ", " : "",
                      json_object_get_int_member(row, "cpu_cores"),
                      json_object_get_int_member(row, "memory_mb"),
                      json_object_get_boolean_member(row, "refused") ? " - REFUSED, see below" : "");
    if (gpuvm_spec_is_merged(draft->definition->spec))
        gpuvm_output_print_table(json_object_get_array_member(row, "values"), value_columns, NULL);
    gpuvm_output_print_table(functions, columns, NULL);
    if (json_array_get_length(functions) > 0)
        gpuvm_output_line(output, "memory from %s: %s", node,
                          json_object_get_string_member(row, "placement"));
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const gpuvm_define_options how = {0};
    g_autoptr(GPtrArray) drafts = gpuvm_plan_files(cli->session, argv);
    JsonArray *rows = json_array_new();

    (void)argc;
    for (guint i = 0; drafts && i < drafts->len; i++) {
        gpuvm_draft *vm = drafts->pdata[i];
        g_autoptr(gpuvm_comparison) comparison = NULL;

        if (!vm->plan)
            continue;
        if (vm->xml)
            gpuvm_image_note_unknown(vm->plan, cli->session->diags);
        if (vm->xml && !gpuvm_define_check(cli->session, vm, &how))
            g_clear_pointer(&vm->xml, g_free);
        if (vm->xml && cli->session->connection)
            comparison = gpuvm_compare(cli->session, vm);
        JsonObject *row = vm_row(vm, comparison);
        json_array_add_object_element(rows, row);
        if (!cli->output->json)
            show(cli->output, vm, comparison, row);
    }
    gpuvm_output_rows(cli->output, "vms", rows);
}

const gpuvm_command gpuvm_cmd_plan = {
    .name = "plan",
    .arguments = "FILE|DIR|-…",
    .summary = "Show what would be decided, and why",
    .description =
        "Shows for each VM every PCI function that would be passed or detached, where the guest sees it, and the\n"
        "reason; of a VM with a plugin, or on a host with defaults, also where each value comes from; then notes and\n"
        "refusals. Changes nothing.\n"
        "With --host FILE it needs no libvirt; without, it also says whether define would create or update the VM.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_FILE,
    .run = run,
};
