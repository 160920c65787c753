/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verified.h: what VMs show from inside, as a table
 */
#pragma once

#include "cli/command.h"
#include "ops/verification.h"

/*
 * Looks at each of @names (char *), shows what was compared, as "checks" in JSON, and puts "verified" into the row of @vms that is
 * about it.
 */
void gpuvm_verify_and_say(gpuvm_cli *cli, const GPtrArray *names, const gpuvm_verify_options *options,
                          JsonArray *vms);
