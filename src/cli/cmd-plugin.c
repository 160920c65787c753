/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plugin: what the VMs that name it have in common, installed for all of them */
#include <config.h>

#include "cli/plugin.h"

static const gpuvm_command *const commands[] = {
    &gpuvm_cmd_plugin_install,
    &gpuvm_cmd_plugin_list,
    &gpuvm_cmd_plugin_show,
    &gpuvm_cmd_plugin_enable,
    &gpuvm_cmd_plugin_disable,
    &gpuvm_cmd_plugin_remove,
    NULL,
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
