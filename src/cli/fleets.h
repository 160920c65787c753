/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fleets.h: the commands that show deployments
 */
#pragma once

#include "cli/command.h"

extern const gpuvm_command gpuvm_cmd_deployment, gpuvm_cmd_deployment_list, gpuvm_cmd_deployment_show;
