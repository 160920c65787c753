/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.h: policies from files and texts
 *
 * One that is wrong in any way is not added; why, is in the diagnostics. Names are borrowed.
 */
#pragma once

#include "core/policies.h"
#include "host/guard.h"

#define GPUVM_POLICY_FILE "/etc/gpuvm/policy.yaml"

/** Adds the policy that the YAML @text is, called @name. */
bool gpuvm_policy_add_text(gpuvm_policies *policies, const char *name, const char *text, gpuvm_diags *diags);

/** Adds that of the file at @path, which somebody gives, as far as @guard trusts it. */
bool gpuvm_policy_add_file(gpuvm_policies *policies, const char *path, gpuvm_guard guard, gpuvm_diags *diags);

/** Adds that of the host's own file at @path; *@ret_absent: there is none. */
bool gpuvm_policy_add_own(gpuvm_policies *policies, const char *path, bool *ret_absent, gpuvm_diags *diags);

/** Adds the built-in policy. */
bool gpuvm_policy_add_builtin(gpuvm_policies *policies, gpuvm_diags *diags);
