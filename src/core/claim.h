/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim.h: no device for two VMs, nor two devices of one IOMMU group
 *
 * A function, or a member of its IOMMU group, that a running domain has now cannot be had: an error (exit code 5). A plan
 * only notes what another domain has or names: the two cannot run together. What a selector chooses no other domain names.
 */
#pragma once

#include "core/admission.h"

void gpuvm_claim_rule(const gpuvm_admission *admission);
