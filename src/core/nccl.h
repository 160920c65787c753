/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nccl.h: what NCCL, NVIDIA's library for GPUs that work together, and AMD's RCCL are told of the guest's GPUs
 *
 * They look for themselves at what sysfs tells of links and switches, and an emulated switch tells less than the host's is able to.
 * A file that NCCL_TOPO_FILE names comes first: XML of NCCL's own (src/graph/xml.cc and topo.cc there), of which
 * what is left out is looked for as without it. For all processes the variable is in /etc/nccl.conf (NCCL's documentation,
 * "Environment Variables").
 */
#pragma once

#include "model/plan.h"

/**
 * Sets @plan's nccl_topology when its topology is nccl, and it has several GPUs of NVIDIA's or AMD's; after
 * gpuvm_guestpci_layout.
 */
void gpuvm_nccl_plan(gpuvm_plan *plan, const gpuvm_facts *facts);

/** The shell script that puts @plan's nccl_topology into the guest. g_malloc. */
char *gpuvm_nccl_setup(const gpuvm_plan *plan);
