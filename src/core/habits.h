/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * habits.h: what is known of how cards behave that are passed: a table, a row for each habit
 *
 * What stands in the way of a card is core/admit's; a habit is a note with what to do, and only where it is certain to apply: what
 * is not known of a device says nothing.
 */
#pragma once

#include "model/plan.h"

/** The first habit that @device has in any VM, as what is said of it, with what to do about it in *@ret_hint; NULL: none. */
const char *gpuvm_habits_of(const gpuvm_device *device, const gpuvm_facts *facts, const char **ret_hint);

/** Notes the habits of @functions (gpuvm_plan_function), which @vm is to have, once for each card. */
void gpuvm_habits_note(const GPtrArray *functions, const gpuvm_vm *vm, const gpuvm_facts *facts,
                       gpuvm_diags *diags);
