/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const kind_word[] = {"policy", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_policy, kind_word),
    {GPUVM_FIELD(gpuvm_policy, allowlist), .shape = GPUVM_OBJECTS, .table = &gpuvm_rule_table,
     .doc =
         "Devices that may be passed to VMs; when absent or empty, none. The other functions of an allowed "
         "card may be passed with it."},
    {GPUVM_FIELD(gpuvm_policy, denylist), .shape = GPUVM_OBJECTS, .table = &gpuvm_rule_table,
     .doc = "Devices that may not be passed, whatever the allowlist says."},
    {GPUVM_FIELD(gpuvm_policy, allow_host_display), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc = "Whether the display that the host booted with may be passed; its console goes dark then."},
    {GPUVM_FIELD(gpuvm_policy, protect), .shape = GPUVM_STRINGS, .flags = GPUVM_FIELD_LATER,
     .doc = "What the host must not lose."},
    {GPUVM_FIELD(gpuvm_policy, require_checksum), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .flags = GPUVM_FIELD_LATER, .doc = "Whether every file that a VM boots from must have a checksum."},
    {NULL},
};

static void
check_policy(const void *object, gpuvm_diags *diags)
{
    const gpuvm_policy *policy = object;

    gpuvm_rules_check(policy->allowlist, diags);
    gpuvm_rules_check(policy->denylist, diags);
}

const gpuvm_table gpuvm_policy_table = {
    .name = "policy",
    .doc = "Which devices of a host may be passed to VMs; written by its administrator.",
    .size = sizeof(gpuvm_policy),
    .fields = fields,
    .check = check_policy,
};
