/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/changes.h"

#include "base/text.h"
#include "model/scalars.h"

#define MOST_CHARACTERS 40 /* of a value that a table shows */

static char *
shorten(JsonObject *row, const char *key)
{
    return gpuvm_text_begin(json_object_get_null_member(row, key) ? "-"
                                                                  : json_object_get_string_member(row, key),
                            MOST_CHARACTERS);
}

static char *
format_now(JsonObject *row)
{
    g_autofree char *now = shorten(row, "now");

    return json_object_get_boolean_member(row, "outside") ? g_strconcat(now, " (changed outside gpuvm)", NULL)
                                                          : g_steal_pointer(&now);
}

/* Two long texts may begin alike. */
static char *
format_then(JsonObject *row)
{
    g_autofree char *now = shorten(row, "now"), *then = shorten(row, "then");

    return g_str_equal(now, then) ? g_strdup("another that begins so") : g_steal_pointer(&then);
}

static const gpuvm_column columns[] = {
    {.header = "FIELD", .key = "field"},
    {.header = "NOW", .format = format_now, .cut = 1},
    {.header = "THEN", .format = format_then, .cut = 2},
    {.header = "WHEN", .key = "when"},
    {0},
};

static JsonObject *
make_row(const gpuvm_comparison *comparison)
{
    JsonObject *row = json_object_new();
    JsonArray *differences = json_array_new();

    for (guint i = 0; i < comparison->differences->len; i++) {
        const gpuvm_difference *difference = comparison->differences->pdata[i];
        JsonObject *member = json_object_new();

        json_object_set_string_member(member, "field", difference->field);
        gpuvm_json_set_string(member, "now", difference->now);
        gpuvm_json_set_string(member, "then", difference->then);
        json_object_set_string_member(member, "when", gpuvm_when_names[difference->when]);
        json_object_set_boolean_member(member, "outside", difference->outside);
        json_array_add_object_element(differences, member);
    }
    json_object_set_string_member(row, "name", comparison->name);
    gpuvm_json_set_string(row, "source", comparison->source);
    json_object_set_string_member(row, "change", gpuvm_step_names[comparison->step]);
    gpuvm_json_set_truth(row, "changed_outside", comparison->drifted);
    json_object_set_array_member(row, "differences", differences);
    return row;
}

char *
gpuvm_step_title(const gpuvm_comparison *comparison)
{
    return g_strconcat(gpuvm_step_names[comparison->step],
                       comparison->drifted == 1 ? ", changed outside gpuvm" : "", NULL);
}

bool
gpuvm_check_set(gpuvm_diags *diags, const char *set)
{
    g_autofree char *name = NULL, *why = NULL, *hint = NULL;

    if (!set || gpuvm_scalar_name.parse(set, &name, &why, &hint))
        return true;
    gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--set: %s", why), "%s", hint);
    return false;
}

bool
gpuvm_changes_show(gpuvm_cli *cli, GPtrArray *definitions, const gpuvm_define_options *options,
                   JsonArray *rows)
{
    g_autoptr(GPtrArray) comparisons = gpuvm_define_compare(cli->session, definitions, options);
    bool any = false;

    for (guint i = 0; comparisons && i < comparisons->len; i++) {
        const gpuvm_comparison *comparison = comparisons->pdata[i];
        JsonObject *row = make_row(comparison);
        g_autofree char *title = gpuvm_step_title(comparison);

        any |= comparison->step != GPUVM_STEP_UNCHANGED;
        json_array_add_object_element(rows, row);
        gpuvm_output_line(cli->output, "%s (%s): %s", comparison->name,
                          comparison->source ? comparison->source : "-", title);
        if (comparison->differences->len > 0)
            gpuvm_output_print_table(cli->output, json_object_get_array_member(row, "differences"), columns,
                                     NULL);
    }
    return any;
}
