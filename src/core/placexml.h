/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * placexml.h: the parts of a domain's XML that say where its CPUs and memory are
 *
 * https://libvirt.org/formatdomain.html: "CPU Tuning", "NUMA Node Tuning", "CPU model and topology".
 */
#pragma once

#include <libxml/tree.h>

#include "model/plan.h"

/** Fills in <numatune>, for a numa_node or cells. */
void gpuvm_placexml_numatune(const gpuvm_placement *place, xmlNode *tune);

/** Fills in <cputune>, for pins, in place of what it says of any thread. */
void gpuvm_placexml_cputune(const gpuvm_placement *place, xmlNode *tune);

/** Fills in what of <cpu> is the guest's topology. */
void gpuvm_placexml_cpu(const gpuvm_placement *place, xmlNode *cpu);
