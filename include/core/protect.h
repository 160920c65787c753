/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protect.h: never the host's own devices
 *
 * libvirt takes the disk of a mounted file system, the NIC of the default route, a GPU that a process has open and the
 * boot display from the host without a word. These are refused, also when an IOMMU group draws them in, and what the
 * host would lose is named. A policy may give up each kind but the root file system.
 */
#pragma once

#include "core/permit.h"

/** Adds an error for each of @functions (gpuvm_plan_function) that the host needs: exit code 4, of holders 5. */
void gpuvm_protect_check(const gpuvm_permit *permit, const GPtrArray *functions, const gpuvm_facts *facts,
                         gpuvm_diags *diags);
