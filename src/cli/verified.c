/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/verified.h"

#include "cli/domains.h"

static char *
seen(JsonObject *row)
{
    return g_strdup(json_object_get_null_member(row, "seen") ? "none"
                                                             : json_object_get_string_member(row, "seen"));
}

static char *
verdict(JsonObject *row)
{
    return g_strdup(json_object_get_boolean_member(row, "equal") ? "ok" : "differs");
}

static const gpuvm_column columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "DEVICE", .key = "device"},
    {.header = "IN GUEST", .key = "guest"},
    {.header = "WHAT", .key = "what"},
    {.header = "PLANNED", .key = "planned", .cut = 2, .whole = true},
    {.header = "SEEN", .format = seen, .cut = 1, .whole = true},
    {.header = "VERDICT", .format = verdict},
    {0},
    /* clang-format on */
};

static JsonObject *
make_row(const char *name, const gpuvm_promise *promise)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", name);
    gpuvm_json_set_string(row, "device", promise->device);
    gpuvm_json_set_string(row, "guest", promise->guest);
    json_object_set_string_member(row, "what", promise->what);
    json_object_set_string_member(row, "planned", promise->planned);
    gpuvm_json_set_string(row, "seen", promise->seen);
    json_object_set_boolean_member(row, "equal", promise->equal);
    return row;
}

/* Whether it is as planned. @row: about the VM. */
static bool
verify_one(gpuvm_cli *cli, const char *name, const gpuvm_verify_options *options, JsonObject *row,
           JsonArray *checks)
{
    g_autoptr(gpuvm_verification) verification = NULL;

    gpuvm_diags_set_subject(cli->session->diags, name);
    verification = gpuvm_verify(cli->session, name, options);
    gpuvm_diags_set_subject(cli->session->diags, NULL);
    for (guint i = 0; verification && i < verification->promises->len; i++)
        json_array_add_object_element(checks, make_row(name, verification->promises->pdata[i]));
    if (verification && verification->output)
        json_object_set_array_member(row, "output", gpuvm_json_lines(verification->output));
    return verification && verification->differences == 0;
}

/* What the command printed in the VM that @row is about. */
static void
say_output(gpuvm_output *output, JsonObject *row)
{
    JsonArray *lines =
        json_object_has_member(row, "output") ? json_object_get_array_member(row, "output") : NULL;

    for (guint i = 0; lines && i < json_array_get_length(lines); i++)
        gpuvm_output_line(output, "%s: %s", json_object_get_string_member(row, "name"),
                          json_array_get_string_element(lines, i));
}

void
gpuvm_verify_and_say(gpuvm_cli *cli, const GPtrArray *names, const gpuvm_verify_options *options,
                     JsonArray *vms)
{
    JsonArray *checks = json_array_new();

    for (guint i = 0; i < names->len; i++) {
        JsonObject *row = gpuvm_row_of(vms, names->pdata[i]);

        json_object_set_boolean_member(row, "verified",
                                       verify_one(cli, names->pdata[i], options, row, checks));
    }
    gpuvm_output_table(cli->output, "checks", checks, columns, NULL);
    for (guint i = 0; i < names->len; i++)
        say_output(cli->output, gpuvm_row_of(vms, names->pdata[i]));
}
