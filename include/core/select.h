/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * select.h: which cards a selector gets
 *
 * Among the cards of the host that match, may be passed, are viable and that no other domain names: first
 * those the VM had when it was last defined, then those of one NUMA node that has enough of them (the node of
 * the VM's other cards, else the lowest), then by address. The order of the definition's selectors counts,
 * the order of anything else does not.
 */
#pragma once

#include "core/permit.h"

typedef struct gpuvm_select_input {
    const gpuvm_vm *vm;
    const gpuvm_facts *facts;
    const gpuvm_permit *permit;
    const gpuvm_record *record; /* of the domain as it is defined now; NULL */
} gpuvm_select_input;

/**
 * Adds the cards that the selectors of @input->vm choose to @functions, which holds the devices it names. Too
 * few is an error (exit code 5) that says of each matching card why it is not to be had.
 */
void gpuvm_select(const gpuvm_select_input *input, GPtrArray *functions, gpuvm_diags *diags);
