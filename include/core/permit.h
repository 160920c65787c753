/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * permit.h: may this device be passed at all?
 *
 * Lists only narrow: a device must pass every policy and, where the VM and its plugin have one, their allowlists. The
 * functions of an allowed card ride along with it; every other member of its IOMMU group, and every SR-IOV
 * virtual function, must be allowed by itself. Bridges are never passed, nor are
 * host and ISA bridges.
 */
#pragma once

#include "model/plan.h"

/** A policy, and what messages call it: "/etc/gpuvm/policy.yaml", "the built-in policy". */
typedef struct gpuvm_named_policy {
    const char *name;
    const gpuvm_policy *policy;
} gpuvm_named_policy;

/** Everything that must agree before a device of one VM is passed. All borrowed. */
typedef struct gpuvm_permit {
    const gpuvm_named_policy *policies;
    size_t n_policies;                 /* 0: nothing is allowed */
    const GPtrArray *vm_allowlist;     /* gpuvm_rule; NULL or empty: the VM has no list */
    const GPtrArray *plugin_allowlist; /* the same of its plugin */
} gpuvm_permit;

/** The policy of a host that has none, as YAML: it allows what a policy without an allowlist does. */
extern const char gpuvm_permit_builtin[];

/** What messages call it. */
#define GPUVM_PERMIT_BUILTIN "the built-in policy"

/** Whether @rule says anything about @device: every part that the rule gives must match. */
bool gpuvm_rule_match(const gpuvm_rule *rule, const gpuvm_device *device);

/** "10de:*", "class 0302", "10de:* at 0000:01:00.0". g_malloc. */
char *gpuvm_rule_describe(const gpuvm_rule *rule);

/** Whether @device by itself passes every list, bridges aside. */
bool gpuvm_permit_device(const gpuvm_permit *permit, const gpuvm_device *device);

/** Adds an error (exit code 4) for everything among @functions (gpuvm_plan_function) that may not be passed.
 */
void gpuvm_permit_check(const gpuvm_permit *permit, const GPtrArray *functions, gpuvm_diags *diags);
