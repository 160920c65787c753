/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exports.h: the commands that print definitions in the language of another program
 */
#pragma once

#include "cli/command.h"

extern const gpuvm_command gpuvm_cmd_export, gpuvm_cmd_export_pacemaker, gpuvm_cmd_export_kubevirt;
