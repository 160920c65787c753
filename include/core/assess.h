/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * assess.h: what passing one device would mean, without asking for it
 */
#pragma once

#include "core/permit.h"

/**
 * The functions (gpuvm_plan_function, owned) that would be passed or detached with @device. @functions_mode
 * and
 * @group_mode are those of a definition's devices. What stands in the way is added to @diags.
 */
GPtrArray *gpuvm_assess(const gpuvm_device *device, int functions_mode, int group_mode,
                        const gpuvm_facts *facts, const gpuvm_permit *permit, gpuvm_diags *diags);
