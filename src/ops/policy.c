/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/policy.h"

#include <string.h>

#include "ops/load.h"

static bool
add(gpuvm_policies *policies, const char *name, gpuvm_source *source, gpuvm_diags *diags)
{
    unsigned errors = diags->errors;
    g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(source, GPUVM_KIND_POLICY, diags);

    if (spec)
        gpuvm_schema_later(&gpuvm_policy_table, spec->policy, diags);
    if (diags->errors > errors)
        return false;
    gpuvm_policies_add(policies, name, g_steal_pointer(&spec));
    return true;
}

bool
gpuvm_policy_add_text(gpuvm_policies *policies, const char *name, const char *text, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new(name, g_strdup(text), strlen(text));

    return add(policies, name, source, diags);
}

bool
gpuvm_policy_add_file(gpuvm_policies *policies, const char *path, gpuvm_guard guard, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_load_guarded(path, guard, NULL, diags);

    return source && add(policies, path, source, diags);
}

bool
gpuvm_policy_add_own(gpuvm_policies *policies, const char *path, bool *ret_absent, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = NULL;

    *ret_absent = false;
    source = gpuvm_load_guarded(path, GPUVM_GUARD_SYSTEM, ret_absent, diags);
    return source ? add(policies, path, source, diags) : *ret_absent;
}

bool
gpuvm_policy_add_builtin(gpuvm_policies *policies, gpuvm_diags *diags)
{
    return gpuvm_policy_add_text(policies, GPUVM_POLICY_BUILTIN, gpuvm_policy_builtin, diags);
}
