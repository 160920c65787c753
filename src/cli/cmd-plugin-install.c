/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plugin install, enable, disable, remove: what changes the installed plugins */
#include <config.h>

#include "cli/plugin.h"
#include "ops/plugin_store.h"

static char *checksum;

static void
install(gpuvm_cli *cli, int argc, char **argv)
{
    static const char *const words[] = {"installed", "updated", "unchanged"};
    JsonArray *rows = json_array_new();
    g_autofree char *name = NULL;
    gpuvm_change change;

    (void)argc;
    if (gpuvm_plugin_install(cli->session, argv[0], checksum, &name, &change)) {
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
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_plugin_install = {
    .name = "install",
    .parent = &gpuvm_cmd_plugin,
    .arguments = "FILE|URL",
    .summary = "Install a plugin",
    .description =
        "Installs the plugin whose manifest, in YAML or JSON, is in FILE ('-' is standard input) or at URL, in place of\n"
        "the one of the same name. Relative paths of a file start from its directory, and files for cloud-init become part of\n"
        "what is installed; a manifest from a URL may have neither. A plugin that is disabled stays so. Domains that use it\n"
        "keep what they took from it until they are defined again.",
    .options = install_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_FILE,
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

const gpuvm_command gpuvm_cmd_plugin_enable = {
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

const gpuvm_command gpuvm_cmd_plugin_disable = {
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

const gpuvm_command gpuvm_cmd_plugin_remove = {
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
