/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim.h: no device for two VMs, nor two devices of one IOMMU group
 *
 * A function, or a member of its IOMMU group, that an active domain holds cannot be had: an error at start,
 * a note before. One that another domain only names is a note: the two cannot run together.
 */
#pragma once

#include "model/plan.h"

/**
 * Adds what other domains than @name hold of @functions (gpuvm_plan_function) or of their groups. @starting:
 * the VM is about to start, so what an active domain holds is an error (exit code 5).
 */
void gpuvm_claim_check(const GPtrArray *functions, const char *name, bool starting, const gpuvm_facts *facts,
                       gpuvm_diags *diags);
