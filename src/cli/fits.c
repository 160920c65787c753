/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/fits.h"

#include <string.h>

#include "ops/fit.h"

static char *
count_hosts(JsonObject *row)
{
    return g_strdup_printf("%u", json_array_get_length(json_object_get_array_member(row, "hosts")));
}

static char *
format_verdict(JsonObject *row)
{
    return g_strdup(
        json_object_get_boolean_member(row, "fits") ? "fits" : json_object_get_string_member(row, "reason"));
}

/* "trainer on node1, node2: no room" */
static char *
format_whole(JsonObject *row)
{
    g_autofree char *verdict = format_verdict(row), *joined = gpuvm_json_join(row, "hosts");
    g_auto(GStrv) hosts = g_strsplit(joined, ",", -1);
    g_autofree char *list = g_strjoinv(", ", hosts);

    return g_strdup_printf("%s on %s: %s", json_object_get_string_member(row, "name"), list, verdict);
}

static char *
format_reason(JsonObject *row)
{
    bool placed = !json_object_get_null_member(row, "host");
    bool tried = !json_object_get_null_member(row, "tried");

    return placed   ? g_strdup("-")
           : !tried ? g_strdup("it fits on none by itself")
                    : g_strdup_printf("%s: %s", json_object_get_string_member(row, "tried"),
                                      json_object_get_string_member(row, "reason"));
}

static const gpuvm_column columns[] = {
    {.header = "VM", .key = "name"},
    {.header = "SOURCE", .key = "source", .wide = true},
    {.header = "HOSTS", .format = count_hosts, .right = true},
    {.header = "VERDICT", .format = format_verdict, .cut = 2, .rest = format_whole},
    {.header = "ON", .key = "hosts", .cut = 1, .rest = format_whole},
    {.header = "HINT", .key = "hints", .wide = true},
    {0},
};

static const gpuvm_column pack_columns[] = {
    {.header = "VM", .key = "name"},
    {.header = "SOURCE", .key = "source", .wide = true},
    {.header = "HOST", .key = "host"},
    {.header = "DEVICES", .key = "devices", .cut = 1, .whole = true},
    {.header = "WHY NOT", .format = format_reason, .cut = 2, .whole = true},
    {.header = "HINT", .key = "hints", .wide = true},
    {0},
};

static JsonObject *
new_row(const gpuvm_fit_vm *vm, const gpuvm_fit_reason *reason)
{
    static const char *const codes[] = {
        [GPUVM_EXIT_FAILED] = "failed",   [GPUVM_EXIT_USAGE] = "usage", [GPUVM_EXIT_INVALID] = "invalid",
        [GPUVM_EXIT_REFUSED] = "refused", [GPUVM_EXIT_HOST] = "host",   [GPUVM_EXIT_UNHEALTHY] = "unhealthy"};
    g_auto(GStrv) hints = g_strsplit(reason && reason->hint ? reason->hint : "", "\n", -1);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", vm->name);
    json_object_set_string_member(row, "source", vm->first->definition->source);
    gpuvm_json_set_known(row, "replicas", vm->replicas > 0 ? (gint64)vm->replicas : -1);
    gpuvm_json_set_string(row, "reason", reason ? reason->message : NULL);
    gpuvm_json_set_string(row, "code", reason ? codes[reason->exit] : NULL);
    json_object_set_array_member(row, "hints", gpuvm_json_lines(hints));
    return row;
}

/* A row for what the hosts have in common that say the same of @vm: those that it fits on first, then as they come. */
static void
add_verdicts(JsonArray *rows, const gpuvm_fit *fit, const gpuvm_fit_vm *vm)
{
    g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint turn = 0; turn < 2; turn++) {
        for (guint i = 0; i < fit->hosts->len; i++) {
            const gpuvm_fit_host *host = fit->hosts->pdata[i];
            const gpuvm_fit_reason *reason = vm->reasons->pdata[i];
            const char *verdict = reason ? reason->message : "fits";
            JsonArray *hosts = g_hash_table_lookup(said, verdict);
            JsonObject *row;

            if ((reason != NULL) != turn)
                continue;
            if (!hosts) {
                hosts = json_array_new();
                row = new_row(vm, reason);
                json_object_set_boolean_member(row, "fits", !reason);
                json_object_set_array_member(row, "hosts", hosts);
                json_array_add_object_element(rows, row);
                g_hash_table_insert(said, (gpointer)verdict, hosts);
            }
            json_array_add_string_element(hosts, host->name);
        }
    }
}

static void
add_placement(JsonArray *rows, const gpuvm_fit_vm *vm)
{
    const gpuvm_fit_reason *reason = vm->host || !vm->last ? NULL : vm->reasons->pdata[vm->last->index];
    JsonObject *row = new_row(vm, reason);

    gpuvm_json_set_string(row, "host", vm->host ? vm->host->name : NULL);
    json_object_set_array_member(row, "devices", gpuvm_json_texts(vm->devices));
    gpuvm_json_set_string(row, "tried", reason ? vm->last->name : NULL);
    json_array_add_object_element(rows, row);
}

void
gpuvm_fits_show(gpuvm_cli *cli, const char *directory, char **paths, bool pack)
{
    g_autoptr(gpuvm_fit) fit = pack ? gpuvm_fit_pack(cli->session, directory, paths)
                                    : gpuvm_fit_each(cli->session, directory, paths);
    JsonArray *rows = json_array_new();

    if (cli->verbose) {
        cli->output->wide = true;
        cli->output->columns = 0;
    }
    for (guint i = 0; i < fit->vms->len; i++) {
        if (pack)
            add_placement(rows, fit->vms->pdata[i]);
        else
            add_verdicts(rows, fit, fit->vms->pdata[i]);
    }
    gpuvm_output_table(cli->output, pack ? "placements" : "fits", rows, pack ? pack_columns : columns, NULL);
}
