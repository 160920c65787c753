/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.h: the commands of "gpuvm plugin"
 */
#pragma once

#include "cli/command.h"

extern const gpuvm_command gpuvm_cmd_plugin, gpuvm_cmd_plugin_install, gpuvm_cmd_plugin_list,
    gpuvm_cmd_plugin_show;
extern const gpuvm_command gpuvm_cmd_plugin_enable, gpuvm_cmd_plugin_disable, gpuvm_cmd_plugin_remove;
