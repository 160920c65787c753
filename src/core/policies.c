/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/policies.h"

const char gpuvm_policy_builtin[] = "kind: policy\n";

void
gpuvm_policies_add(gpuvm_policies *policies, const char *name, gpuvm_spec *spec)
{
    g_assert(policies->n < G_N_ELEMENTS(policies->of));
    policies->of[policies->n].name = name;
    policies->of[policies->n++].spec = spec;
}

void
gpuvm_policies_clear(gpuvm_policies *policies)
{
    while (policies->n > 0)
        gpuvm_spec_free(policies->of[--policies->n].spec);
}

const char *
gpuvm_policies_want_checksum(const gpuvm_policies *policies)
{
    for (unsigned i = 0; i < policies->n; i++) {
        if (policies->of[i].spec->policy->require_checksum)
            return policies->of[i].name;
    }
    return NULL;
}

uint64_t
gpuvm_policies_reserved_mib(const gpuvm_policies *policies)
{
    uint64_t mib = 0;

    for (unsigned i = 0; i < policies->n; i++)
        mib = MAX(mib, policies->of[i].spec->policy->reserved_memory_mb);
    return mib;
}
