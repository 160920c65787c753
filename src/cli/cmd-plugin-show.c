/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plugin list, show: the installed plugins */
#include <config.h>

#include "cli/plugin.h"
#include "doc/emit.h"
#include "ops/plugin.h"

static const gpuvm_column columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "VERSION", .key = "version"},
    {.header = "RUNTIME", .key = "runtime"},
    {.header = "ENABLED", .key = "enabled"},
    {.header = "FILE", .key = "file"},
    {0},
    /* clang-format on */
};

static JsonObject *
make_row(const gpuvm_session *session, const gpuvm_plugin *plugin)
{
    g_autofree char *file = gpuvm_plugin_file(session, plugin->name);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", plugin->name);
    gpuvm_json_set_string(row, "version", plugin->version);
    json_object_set_string_member(row, "runtime", gpuvm_plugin_runtime(plugin));
    json_object_set_boolean_member(row, "enabled", plugin->enabled);
    gpuvm_json_set_string(row, "file", file);
    return row;
}

static void
list(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) names = gpuvm_plugin_names(cli->session);
    JsonArray *rows = json_array_new();

    (void)argc, (void)argv;
    for (guint i = 0; names && i < names->len; i++) {
        g_autoptr(gpuvm_spec) spec = gpuvm_plugin_get(cli->session, names->pdata[i], NULL);

        if (spec)
            json_array_add_object_element(rows, make_row(cli->session, spec->plugin));
    }
    if (names && names->len == 0)
        gpuvm_output_line(cli->output, "no plugin is installed; see gpuvm plugin install --help");
    gpuvm_output_table(cli->output, "plugins", rows, columns, NULL);
}

const gpuvm_command gpuvm_cmd_plugin_list = {
    .name = "list",
    .parent = &gpuvm_cmd_plugin,
    .summary = "List the installed plugins",
    .description = "Lists the plugins that are installed, those that are disabled too.",
    .run = list,
};

/* The value that JSON has for @node: a number or a word of JSON's that stood without quotes is one. */
static JsonNode *
to_json(const gpuvm_node *node)
{
    JsonNode *json = json_node_new(JSON_NODE_VALUE);

    if (node->type == GPUVM_NODE_MAPPING) {
        json_node_init(json, JSON_NODE_OBJECT);
        json_node_take_object(json, json_object_new());
        for (unsigned i = 0; i < node->n; i++)
            json_object_set_member(json_node_get_object(json), node->keys[i]->text, to_json(node->values[i]));
    } else if (node->type == GPUVM_NODE_SEQUENCE) {
        json_node_init(json, JSON_NODE_ARRAY);
        json_node_take_array(json, json_array_new());
        for (unsigned i = 0; i < node->n; i++)
            json_array_add_element(json_node_get_array(json), to_json(node->values[i]));
    } else if (gpuvm_node_is_null(node)) {
        json_node_init_null(json);
    } else if (node->plain && (g_str_equal(node->text, "true") || g_str_equal(node->text, "false"))) {
        json_node_set_boolean(json, g_str_equal(node->text, "true"));
    } else if (node->plain &&
               g_regex_match_simple("^-?(0|[1-9][0-9]{0,17})$", node->text, G_REGEX_DOLLAR_ENDONLY, 0)) {
        json_node_set_int(json, g_ascii_strtoll(node->text, NULL, 10));
    } else {
        json_node_set_string(json, node->text);
    }
    return json;
}

static void
show(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_spec) spec = gpuvm_plugin_get(cli->session, argv[0], NULL);
    g_autofree char *text = spec ? gpuvm_emit_yaml(spec->doc->root) : NULL;

    (void)argc;
    if (!spec)
        return;
    if (cli->output->json)
        json_object_set_member(cli->output->result, "plugin", to_json(spec->doc->root));
    else
        gpuvm_output_text(cli->output, "plugin", text);
}

const gpuvm_command gpuvm_cmd_plugin_show = {
    .name = "show",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "NAME",
    .summary = "Show the manifest of a plugin",
    .description = "Shows the manifest of a plugin as it is installed, in YAML; with -o json, as JSON.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_PLUGIN,
    .run = show,
};
