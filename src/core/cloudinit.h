/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cloudinit.h: what cloud-init in the guest is told: the texts of a NoCloud seed
 *
 * The file names and formats are cloud-init's ("Data sources: NoCloud", "User data formats", "Instance metadata").
 */
#pragma once

#include "model/plan.h"

/**
 * Fills @plan->seed when the definition has cloud_init, verify, a topology for NCCL, or a workload that reaches the guest this way. Texts that the
 * definition names by path are in place already (ops/inline.h).
 *
 * The user's own part stays as it is, and its first line still tells cloud-init what it is; gpuvm's scripts are
 * parts beside it. cloud-init applies user data once for each instance-id: it sets up again when that differs from what
 * it was at the last boot. So the metadata made here has one that follows from all that the guest is told, and no more.
 * Metadata of the user's own is used as it is: then it is for him to change the instance-id.
 */
void gpuvm_cloudinit_plan(gpuvm_plan *plan, gpuvm_diags *diags);
