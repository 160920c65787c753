/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policies.h: the policies of a host, as one value
 */
#pragma once

#include "model/spec.h"

/** The policies that must all agree: the host's own and, where one narrows it, that. None: nothing is allowed. */
typedef struct gpuvm_policies {
    struct {
        const char
            *name; /* what messages call it: "/etc/gpuvm/policy.yaml", "the built-in policy"; borrowed */
        gpuvm_spec *spec; /* a reference */
    } of[2];
    unsigned n;
} gpuvm_policies;

/** The policy of a host that has none, as YAML: it allows what a policy without an allowlist does. */
extern const char gpuvm_policy_builtin[];

/** What messages call it. */
#define GPUVM_POLICY_BUILTIN "the built-in policy"

/** Adds the policy of @spec, whose reference is taken. */
void gpuvm_policies_add(gpuvm_policies *policies, const char *name, gpuvm_spec *spec);

/** Leaves none. */
void gpuvm_policies_clear(gpuvm_policies *policies);

/** The most MiB of the host's memory that one of them leaves to it. */
uint64_t gpuvm_policies_reserved_mib(const gpuvm_policies *policies);

/** The name of the first that wants everything from a URL to have a checksum; NULL: none does. */
const char *gpuvm_policies_want_checksum(const gpuvm_policies *policies);
