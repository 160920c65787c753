/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan: what would be decided, and why */
#include <config.h>

#include "base/text.h"
#include "cli/changes.h"
#include "cli/fits.h"
#include "cli/outline.h"
#include "core/image.h"
#include "core/merge.h"
#include "model/cpuset.h"
#include "ops/define.h"

static char *hosts;
static gboolean pack;

static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "NAME", .key = "name", .cut = 2, .narrow = true},
    {.header = "ID", .key = "id", .wide = true},
    {.header = "PRODUCT", .key = "product", .wide = true},
    {.header = "ROLE", .key = "role"},
    {.header = "GROUP", .key = "iommu_group", .right = true, .wide = true},
    {.header = "NUMA", .key = "numa_node", .right = true},
    {.header = "GUEST", .key = "guest_address"},
    {.header = "WHY", .key = "why", .cut = 1, .whole = true},
    {0},
};

static const gpuvm_column value_columns[] = {
    {.header = "FIELD", .key = "field"},
    {.header = "VALUE", .key = "value", .cut = 1, .whole = true},
    {.header = "FROM", .key = "from", .cut = 2, .whole = true},
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
            : g_strdup_printf("0000:%02x:00.%u", function->guest.number, function->guest.function);

    g_autofree char *name = gpuvm_device_name(device);

    json_object_set_string_member(row, "address", GPUVM_PCI(&device->addr));
    json_object_set_string_member(row, "id", id);
    json_object_set_string_member(row, "name", name);
    gpuvm_json_set_string(row, "product", device->product);
    json_object_set_string_member(row, "role", gpuvm_role_names[function->role]);
    gpuvm_json_set_known(row, "iommu_group", device->iommu_group);
    gpuvm_json_set_known(row, "numa_node", device->numa_node);
    gpuvm_json_set_string(row, "guest_address", guest);
    json_object_set_string_member(row, "why", function->why);
    return row;
}

/* The CPUs that run the guest's: all of them, and of each of its own where it has some for itself. */
static void
set_placement(JsonObject *row, const gpuvm_placement *place)
{
    g_autofree char *cpus = place->cpus ? gpuvm_cpuset_format(place->cpus) : NULL;
    g_autofree char *emulator = place->emulator ? gpuvm_cpuset_format(place->emulator) : NULL;
    JsonArray *pins = json_array_new(), *cells = json_array_new();

    for (guint i = 0; place->pins && i < place->pins->len; i++) {
        g_autofree char *pin = gpuvm_cpuset_format(place->pins->pdata[i]);
        json_array_add_string_element(pins, pin);
    }
    for (guint i = 0; place->cells && i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "numa_node", cell->node);
        json_object_set_int_member(object, "cpu_cores", (gint64)cell->cpus);
        json_object_set_int_member(object, "memory_mb", (gint64)cell->memory_mb);
        json_array_add_object_element(cells, object);
    }
    gpuvm_json_set_known(row, "numa_node", place->numa_node);
    json_object_set_boolean_member(row, "numa_strict", place->strict);
    json_object_set_string_member(row, "placement", place->why);
    json_object_set_array_member(row, "cells", cells);
    json_object_set_int_member(row, "hugepage_kib", (gint64)place->page_kib);
    gpuvm_json_set_string(row, "cpus", cpus);
    gpuvm_json_set_string(row, "emulator_cpus", emulator);
    gpuvm_json_set_string(row, "cpu_placement", place->cpus_why);
    json_object_set_array_member(row, "pins", pins);
}

static JsonArray *
decision_rows(const gpuvm_plan *plan)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < plan->decisions->len; i++) {
        const gpuvm_decision *decision = plan->decisions->pdata[i];
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "what", decision->what);
        json_object_set_string_member(row, "why", decision->why);
        json_array_add_object_element(rows, row);
    }
    return rows;
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
    gpuvm_outline_add(row, plan);
    set_placement(row, &plan->place);
    json_object_set_array_member(row, "decisions", decision_rows(plan));
    json_object_set_boolean_member(row, "refused", draft->xml == NULL);
    gpuvm_json_set_string(row, "change", comparison ? gpuvm_step_names[comparison->step] : NULL);
    json_object_set_array_member(row, "functions", functions);
    json_object_set_array_member(row, "values", value_rows(draft->definition->spec));
    return row;
}

/* "NUMA node 0 while it has room", "16 GiB of NUMA node 0, 16 GiB of NUMA node 1". */
static char *
describe_memory(const gpuvm_placement *place)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; place->cells && i < place->cells->len; i++) {
        const gpuvm_guest_cell *cell = &g_array_index(place->cells, gpuvm_guest_cell, i);

        g_string_append_printf(text, "%sNUMA node %d (%" G_GUINT64_FORMAT " MiB)", i > 0 ? ", " : "",
                               cell->node, cell->memory_mb);
    }
    if (place->numa_node != GPUVM_UNKNOWN)
        g_string_append_printf(text, "NUMA node %d", place->numa_node);
    if (text->len == 0)
        g_string_append(text, "any NUMA node");
    else if (!place->strict)
        g_string_append(text, " while it has room");
    if (place->page_kib > 0)
        g_string_append_printf(text, ", in hugepages of %" G_GUINT64_FORMAT " MiB", place->page_kib / 1024);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* For people: where the memory comes from, and which CPUs run the guest's. */
static void
show_placement(const gpuvm_output *output, const gpuvm_placement *place)
{
    g_autofree char *memory = describe_memory(place);
    g_autofree char *cpus = place->cpus ? gpuvm_cpuset_format(place->cpus) : NULL;
    g_autofree char *emulator = place->emulator ? gpuvm_cpuset_format(place->emulator) : NULL;

    g_autofree char *from = g_strdup_printf("%s: %s", memory, place->why);
    g_autofree char *on = g_strdup_printf("%s: %s%s%s", cpus, place->cpus_why,
                                          emulator ? "; QEMU itself on " : "", emulator ? emulator : "");

    gpuvm_output_paragraph(output, "memory from ", from);
    if (cpus)
        gpuvm_output_paragraph(output, "CPUs ", on);
}

static void
show_heading(const gpuvm_output *output, const gpuvm_comparison *comparison, JsonObject *row)
{
    g_autofree char *step = comparison ? gpuvm_step_title(comparison) : NULL;
    g_autofree char *cpus = gpuvm_text_count((uint64_t)json_object_get_int_member(row, "cpu_cores"), "CPU");
    g_autofree char *text = g_strdup_printf(
        "%s (%s): %s%s%s, %" G_GINT64_FORMAT " MiB%s", json_object_get_string_member(row, "name"),
        json_object_get_string_member(row, "source"), step ? step : "", step ? ", " : "", cpus,
        json_object_get_int_member(row, "memory_mb"),
        json_object_get_boolean_member(row, "refused") ? " - REFUSED, see below" : "");

    gpuvm_output_paragraph(output, "", text);
}

/* For people: a heading, the values when others give some, what it has, the devices, where memory and CPUs are, the rest. */
static void
show(const gpuvm_output *output, const gpuvm_draft *draft, const gpuvm_comparison *comparison,
     JsonObject *row)
{
    JsonArray *functions = json_object_get_array_member(row, "functions");

    show_heading(output, comparison, row);
    if (gpuvm_spec_is_merged(draft->definition->spec))
        gpuvm_output_print_table(output, json_object_get_array_member(row, "values"), value_columns, NULL);
    gpuvm_outline_show(output, row);
    gpuvm_output_print_table(output, functions, columns, NULL);
    if (json_array_get_length(functions) > 0 || draft->plan->place.cpus)
        show_placement(output, &draft->plan->place);
    for (guint i = 0; i < draft->plan->decisions->len; i++) {
        const gpuvm_decision *decision = draft->plan->decisions->pdata[i];
        g_autofree char *text = g_strdup_printf("%s: %s", decision->what, decision->why);

        gpuvm_output_paragraph(output, "", text);
    }
}

static void
run_here(gpuvm_cli *cli, char **argv)
{
    const gpuvm_define_options how = {0};
    g_autoptr(GPtrArray) drafts = gpuvm_plan_files(cli->session, argv);
    JsonArray *rows = json_array_new();

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
        if (cli->output->json)
            continue;
        if (json_array_get_length(rows) > 1)
            puts("");
        show(cli->output, vm, comparison, row);
    }
    gpuvm_output_rows(cli->output, "vms", rows);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const char *wrong = pack && !hosts                     ? "--pack is of use with --hosts only"
                        : hosts && cli->session->host_file ? "--hosts and --host exclude each other"
                        : hosts && cli->session->uri       ? "--hosts and --connect exclude each other"
                                                           : NULL;

    (void)argc;
    if (wrong)
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "%s", wrong);
    else if (hosts)
        gpuvm_fits_show(cli, hosts, argv, pack);
    else
        run_here(cli, argv);
}

static const GOptionEntry options[] = {
    {"hosts", 0, 0, G_OPTION_ARG_FILENAME, &hosts,
     "show on which of the hosts whose files (*.xml) are in DIR each VM fits, and why not on the others",
     "DIR"},
    {"pack", 0, 0, G_OPTION_ARG_NONE, &pack,
     "with --hosts, put all of the VMs on the hosts, to run at once, and show which is left over", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_plan = {
    .name = "plan",
    .arguments = "FILE|DIR|-…",
    .summary = "Show what would be decided, and why",
    .description =
        "Shows for each VM every PCI function that would be passed or detached, where the guest sees it, and the\n"
        "reason; of a VM with a plugin, or on a host with defaults, also where each value comes from; then notes and\n"
        "refusals. Changes nothing.\n"
        "With --host FILE it needs no libvirt; without, it also says whether define would create or update the VM.\n"
        "With --hosts DIR it shows of each VM on which of many hosts it fits by itself, the replicas of a deployment\n"
        "together, and the first reason why not on the others; -v adds what to do about it. It fails when one fits\n"
        "nowhere.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
