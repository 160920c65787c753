/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes.h: what define would change, shown: by diff, define --dry-run and edit
 */
#pragma once

#include "cli/command.h"
#include "ops/compare.h"

/* "update", "update, changed outside gpuvm". g_malloc. */
char *gpuvm_step_title(const gpuvm_comparison *comparison);

/*
 * Shows @comparisons (gpuvm_comparison); @rows gets a row "name", "source", "change", "changed_outside", "differences" of
 * each. Whether there is anything to be done.
 */
bool gpuvm_changes_show(gpuvm_cli *cli, const GPtrArray *comparisons, JsonArray *rows);
