/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plugin: what the VMs that name it have in common, installed for all of them */
#include <config.h>

#include "cli/command.h"
#include "core/secret.h"
#include "doc/emit.h"
#include "ops/origin.h"
#include "ops/plugin.h"
#include "ops/plugin_store.h"

static char *checksum;
static gboolean trusted;

extern const gpuvm_command gpuvm_cmd_plugin;

static void
install(gpuvm_cli *cli, int argc, char **argv)
{
    static const char *const words[] = {"installed", "updated", "unchanged"};
    JsonArray *rows = json_array_new();
    g_autofree char *name = NULL;
    gpuvm_change change;

    (void)argc;
    if (gpuvm_plugin_install(cli->session, argv[0], checksum, trusted, &name, &change)) {
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "name", name);
        json_object_set_string_member(row, "change", words[change]);
        json_array_add_object_element(rows, row);
        gpuvm_output_line(cli->output, "%s: %s", name, words[change]);
    }
    gpuvm_output_rows(cli->output, "plugins", rows);
}

static const GOptionEntry install_options[] = {
    {"checksum", 0, 0, G_OPTION_ARG_STRING, &checksum, "what the manifest must have: sha256:… or sha512:…",
     "SUM"},
    {"trust", 0, 0, G_OPTION_ARG_NONE, &trusted, "let a manifest from a URL name files of this host", NULL},
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command install_command = {
    .name = "install",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "FILE|URL",
    .summary = "Install a plugin",
    .description =
        "Installs the plugin whose manifest, in YAML or JSON, is in FILE ('-' is standard input) or at URL, in place of\n"
        "the one of the same name. Relative paths of a file start from its directory, and files for cloud-init become part of\n"
        "what is installed; a manifest from a URL may name no file of this host, unless you trust its author with all of\n"
        "them (--trust). A plugin that is disabled stays so. Domains that use it keep what they took from it until they are\n"
        "defined again. Says what the plugin's VMs lack on the host as it is now, such as a kernel, a network or a card, if\n"
        "libvirt can be asked.",
    .options = install_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = install,
};

/* Does @action to each plugin named, and goes on after a failure. */
static void
for_each(gpuvm_cli *cli, char **names, const char *(*action)(gpuvm_session *session, const char *name))
{
    JsonArray *rows = json_array_new();

    for (char **name = names; *name; name++) {
        const char *said = action(cli->session, *name);
        JsonObject *row = json_object_new();

        gpuvm_json_set_string(row, "name", *name);
        json_object_set_boolean_member(row, "done", said != NULL);
        json_array_add_object_element(rows, row);
        if (said)
            gpuvm_output_line(cli->output, "%s: %s", *name, said);
    }
    gpuvm_output_rows(cli->output, "plugins", rows);
}

static const char *
enable_one(gpuvm_session *session, const char *name)
{
    gpuvm_outcome outcome;

    if (!gpuvm_plugin_set_enabled(session, name, true, &outcome))
        return NULL;
    return outcome == GPUVM_DONE ? "enabled" : "already enabled";
}

static const char *
disable_one(gpuvm_session *session, const char *name)
{
    gpuvm_outcome outcome;

    if (!gpuvm_plugin_set_enabled(session, name, false, &outcome))
        return NULL;
    return outcome == GPUVM_DONE ? "disabled" : "already disabled";
}

static const char *
remove_one(gpuvm_session *session, const char *name)
{
    return gpuvm_plugin_remove(session, name) ? "removed" : NULL;
}

static void
enable_all(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    for_each(cli, argv, enable_one);
}

static const gpuvm_command enable_command = {
    .name = "enable",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "NAME…",
    .summary = "Let plugins be used",
    .description = "Lets plugins be used that were disabled.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_PLUGIN,
    .run = enable_all,
};

static void
disable_all(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    for_each(cli, argv, disable_one);
}

static const gpuvm_command disable_command = {
    .name = "disable",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "NAME…",
    .summary = "Keep plugins from being used",
    .description =
        "Keeps plugins from being used: a VM that names one cannot be defined. Domains that were go on.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_PLUGIN,
    .run = disable_all,
};

static void
remove_all(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    for_each(cli, argv, remove_one);
}

static const gpuvm_command remove_command = {
    .name = "remove",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "NAME…",
    .summary = "Remove plugins",
    .description =
        "Removes plugins, and says which domains use them: those go on, but need the plugin to be defined again.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_PLUGIN,
    .run = remove_all,
};

static char *
format_digest(JsonObject *row)
{
    return gpuvm_output_digest(json_object_get_string_member_with_default(row, "digest", NULL));
}

static const gpuvm_column columns[] = {
    /* clang-format off */
    {.header = "NAME", .key = "name"},
    {.header = "VERSION", .key = "version"},
    {.header = "RUNTIME", .key = "runtime"},
    {.header = "ENABLED", .key = "enabled"},
    {.header = "ORIGIN", .key = "origin", .cut = 2, .whole = true},
    {.header = "DIGEST", .format = format_digest},
    {.header = "FILE", .key = "file", .cut = 1, .whole = true},
    {0},
    /* clang-format on */
};

static JsonObject *
make_row(const gpuvm_session *session, const gpuvm_spec *spec)
{
    const gpuvm_plugin *plugin = spec->plugin;
    g_auto(gpuvm_origin) origin = gpuvm_origin_of(spec);
    g_autofree char *file = gpuvm_plugin_file(session, plugin->name);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", plugin->name);
    gpuvm_json_set_string(row, "version", plugin->version);
    json_object_set_string_member(row, "runtime", gpuvm_plugin_runtime(plugin));
    json_object_set_boolean_member(row, "enabled", plugin->enabled);
    gpuvm_json_set_string(row, "origin", origin.from);
    gpuvm_json_set_string(row, "digest", origin.digest);
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
            json_array_add_object_element(rows, make_row(cli->session, spec));
    }
    if (names && names->len == 0)
        gpuvm_output_line(cli->output, "no plugin is installed; see gpuvm plugin install --help");
    gpuvm_output_table(cli->output, "plugins", rows, columns, NULL);
}

static const gpuvm_command list_command = {
    .name = "list",
    .parent = &gpuvm_cmd_plugin,
    .summary = "List the installed plugins",
    .description = "Lists the plugins that are installed, those that are disabled too.",
    .run = list,
};

static void
show(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_spec) spec = gpuvm_plugin_get(cli->session, argv[0], NULL);
    g_autoptr(gpuvm_doc) open =
        spec ? gpuvm_secret_hide(gpuvm_kind_table(GPUVM_KIND_PLUGIN), spec->doc, NULL) : NULL;
    g_auto(gpuvm_origin) origin = {0};

    (void)argc;
    if (!spec)
        return;
    gpuvm_schema_arrange(gpuvm_kind_table(GPUVM_KIND_PLUGIN), open->root);
    origin = gpuvm_origin_of(spec);
    if (cli->output->json) {
        json_object_set_member(cli->output->result, "plugin", gpuvm_emit_json(open->root));
        gpuvm_json_set_string(cli->output->result, "origin", origin.from);
        gpuvm_json_set_string(cli->output->result, "digest", origin.digest);
    } else {
        g_autofree char *comment = gpuvm_origin_comment(&origin), *text = gpuvm_emit_yaml(open->root);
        g_autofree char *shown = g_strconcat(comment, text, NULL);

        gpuvm_output_text(cli->output, "plugin", shown);
    }
}

static const gpuvm_command show_command = {
    .name = "show",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "NAME",
    .summary = "Show the manifest of a plugin",
    .description =
        "Shows the manifest of a plugin as it is installed, in YAML, below where it came from; with -o json, as JSON.\n"
        "Passwords in URLs, values of environment variables and cloud-init's texts are hidden: the plugin's file has them.",
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_PLUGIN,
    .run = show,
};

static const gpuvm_command *const commands[] = {
    &install_command, &list_command, &show_command, &enable_command, &disable_command, &remove_command, NULL,
};

const gpuvm_command gpuvm_cmd_plugin = {
    .name = "plugin",
    .alias = "plugins",
    .commands = commands,
    .summary = "Install and manage plugins",
    .description =
        "A plugin says once what its VMs have in common: boot media, resources, workload, health check. A VM names\n"
        "it with 'plugin: NAME' and takes its fields where it has none of its own.",
};
