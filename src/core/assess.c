/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/assess.h"

#include "core/group.h"
#include "core/protect.h"

GPtrArray *
gpuvm_assess(const gpuvm_device *device, int functions_mode, int group_mode, const gpuvm_facts *facts,
             const gpuvm_permit *permit, gpuvm_diags *diags)
{
    GPtrArray *functions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_plan_function_free);

    gpuvm_group_take(functions, device, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    if (functions_mode == GPUVM_FUNCTIONS_ALL)
        gpuvm_group_add_cards(functions, facts);
    gpuvm_group_close(functions, facts, group_mode, diags);
    gpuvm_permit_check(permit, functions, diags);
    gpuvm_protect_check(permit, functions, facts, diags);
    return functions;
}
