/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outline.h: what a planned VM has besides PCI functions
 */
#pragma once

#include "cli/output.h"
#include "model/plan.h"

/** Adds firmware, kernel, disks and network to @row. */
void gpuvm_outline_add(JsonObject *row, const gpuvm_plan *plan);

/** A line for each of them. */
void gpuvm_outline_show(const gpuvm_output *output, JsonObject *row);
