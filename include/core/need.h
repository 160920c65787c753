/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * need.h: which devices of the host must be known before a decision can be made
 *
 * However many devices a host has, only these are asked for: those named, the other functions of their
 * slots, and the members of all their IOMMU groups; the bridges above them where it counts what they share.
 * Each call looks at what is known so far; ask until nothing is missing.
 */
#pragma once

#include "model/plan.h"

typedef struct gpuvm_need {
    GHashTable *asked; /* set of gpuvm_pci_addr *: never asked for again */
    GArray *missing;   /* gpuvm_pci_addr to ask for now, in the order they were found */
    bool every_device; /* a selector chooses among all of them, or others belong to what is named */
} gpuvm_need;

gpuvm_need *gpuvm_need_new(void);
void gpuvm_need_free(gpuvm_need *need);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_need, gpuvm_need_free)

/** Adds to @need->missing what @vm needs and nobody asked for yet. */
void gpuvm_need_of_vm(gpuvm_need *need, const gpuvm_vm *vm, const gpuvm_facts *facts);

/** The same for the function at @addr, with its slot and groups. */
void gpuvm_need_of_function(gpuvm_need *need, const gpuvm_pci_addr *addr, const gpuvm_facts *facts);
