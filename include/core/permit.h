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

#include "core/admission.h"

/** Whether @rule says anything about @device: every part that the rule gives must match. */
bool gpuvm_rule_match(const gpuvm_rule *rule, const gpuvm_device *device);

/** "10de:*", "class 0302", "10de:* at 0000:01:00.0". g_malloc. */
char *gpuvm_rule_describe(const gpuvm_rule *rule);

/** Whether @device by itself passes every list, bridges aside. */
bool gpuvm_permit_device(const gpuvm_admission *admission, const gpuvm_device *device);

/** An error (exit code 4) for everything that may not be passed. */
void gpuvm_permit_rule(const gpuvm_admission *admission);
