/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* health: ask VMs whether their workload answers */
#include <config.h>

#include "cli/command.h"
#include "core/health.h"
#include "ops/ask.h"

static char *
reason(JsonObject *row)
{
    return g_strdup(json_object_get_null_member(row, "reason")
                        ? "it has no health_check"
                        : json_object_get_string_member(row, "reason"));
}

static char *
taken(JsonObject *row)
{
    return json_object_get_null_member(row, "milliseconds")
               ? g_strdup("-")
               : g_strdup_printf("%" G_GINT64_FORMAT " ms", json_object_get_int_member(row, "milliseconds"));
}

static const gpuvm_column columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "HEALTH", .key = "health"},
    {.header = "REASON", .format = reason, .cut = 2, .whole = true},
    {.header = "URL", .key = "url", .cut = 1, .whole = true},
    {.header = "TIME", .format = taken, .right = true},
    {0},
    /* clang-format on */
};

static JsonObject *
make_row(const gpuvm_health *health)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", health->name);
    json_object_set_string_member(row, "health", gpuvm_health_names[health->state]);
    gpuvm_json_set_string(row, "reason", health->reason);
    gpuvm_json_set_string(row, "url", health->url);
    gpuvm_json_set_known(row, "milliseconds", health->taken_ms);
    return row;
}

/* Those of @names that there are; gpuvm_instance. */
static GPtrArray *
find(gpuvm_cli *cli, char **names)
{
    GPtrArray *vms = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);

    for (char **name = names; gpuvm_session_connect(cli->session) && *name; name++) {
        gpuvm_instance *vm;

        gpuvm_diags_set_subject(cli->session->diags, *name);
        vm = gpuvm_instance_find(cli->session, *name);
        gpuvm_diags_set_subject(cli->session->diags, NULL);
        if (vm)
            g_ptr_array_add(vms, vm);
    }
    return vms;
}

/* Every VM that runs and has a health check. */
static GPtrArray *
find_all(gpuvm_cli *cli)
{
    GPtrArray *vms = gpuvm_list_managed(cli->session);

    for (guint i = vms ? vms->len : 0; i-- > 0;) {
        const gpuvm_instance *vm = vms->pdata[i];

        if (!vm->domain->active || !vm->record->health_url)
            g_ptr_array_remove_index(vms, i);
    }
    return vms;
}

/* What may help those of @vms, whose @healths are in their order, that are not healthy; each remedy once. */
static void
hint(gpuvm_diag *diag, const GPtrArray *vms, const GPtrArray *healths)
{
    g_autoptr(GPtrArray) hints = g_ptr_array_new();

    for (guint i = 0; i < healths->len; i++) {
        const gpuvm_instance *vm = vms->pdata[i];
        const gpuvm_health *health = healths->pdata[i];
        const char *text = health->reason ? gpuvm_health_hint(vm->record->health_from, health->reason) : NULL;

        if (!text || g_ptr_array_find(hints, text, NULL))
            continue;
        g_ptr_array_add(hints, (gpointer)text);
        gpuvm_diag_hint(diag, "%s", text);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) vms = argc > 0 ? find(cli, argv) : find_all(cli);
    g_autoptr(GPtrArray) healths = vms ? gpuvm_health_ask(cli->session, vms) : NULL;
    JsonArray *rows = json_array_new();
    unsigned unhealthy = 0;

    for (guint i = 0; healths && i < healths->len; i++) {
        const gpuvm_health *health = healths->pdata[i];

        unhealthy += health->state == GPUVM_HEALTH_UNHEALTHY || health->state == GPUVM_HEALTH_OFF;
        json_array_add_object_element(rows, make_row(health));
    }
    if (healths && healths->len == 0 && argc == 0)
        gpuvm_output_line(cli->output, "no VM that runs has a health_check");
    gpuvm_output_table(cli->output, "vms", rows, columns, NULL);
    if (unhealthy > 0)
        hint(gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "%u of %u VMs %s not healthy",
                               unhealthy, healths->len, unhealthy == 1 ? "is" : "are"),
             vms, healths);
}

const gpuvm_command gpuvm_cmd_health = {
    .name = "health",
    .arguments = "[NAME…]",
    .summary = "Ask VMs whether their workload answers",
    .description =
        "Asks each VM once, as the health_check of its definition says, or every VM that runs and has one; all at the\n"
        "same time. An answer of 2xx is healthy. One that is not, or is off, is exit code 6.",
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DOMAIN_RUNNING,
    .run = run,
};
