/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recheck.h: may this domain start, as things are now?
 *
 * Everything may have changed since define: cards were moved, a driver was bound, the policy was tightened,
 * somebody edited the domain. What counts is what libvirt would pass now: the domain's own hostdevs.
 */
#pragma once

#include "core/permit.h"
#include "model/fitness.h"

typedef struct gpuvm_recheck_input {
    const char *name;           /* of the domain */
    const gpuvm_record *record; /* what was recorded at define */
    uint64_t pinned_kib;    /* memory that its start takes from the host; 0: none, or reserved hugepages */
    const GArray *hostdevs; /* gpuvm_pci_addr of the domain's PCI hostdevs now */
    const gpuvm_observations *seen; /* of the host; NULL: it cannot be seen from here */
    const gpuvm_facts *facts;
    const gpuvm_named_policy *policies;
    size_t n_policies;
} gpuvm_recheck_input;

/** Adds an error for each device that is absent, changed, no longer permitted, not viable or not free. */
void gpuvm_recheck(const gpuvm_recheck_input *input, gpuvm_diags *diags);
