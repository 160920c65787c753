/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes.h: what define would change, shown: by diff, define --dry-run and edit
 */
#pragma once

#include "cli/command.h"
#include "ops/define.h"

/* "update", "update, changed outside gpuvm". g_malloc. */
char *gpuvm_step_title(const gpuvm_comparison *comparison);

/*
 * Shows what gpuvm_define_all would do of @definitions (taken); @rows gets a row "name", "source", "change", "changed_outside",
 * "differences" of each VM. Whether there is anything to be done; false, too, when something stands in the way.
 */
bool gpuvm_changes_show(gpuvm_cli *cli, GPtrArray *definitions, const gpuvm_define_options *options,
                        JsonArray *rows);

/* Whether @set, an option, may be the name of a set; an error if not. NULL is fine. */
bool gpuvm_check_set(gpuvm_diags *diags, const char *set);
