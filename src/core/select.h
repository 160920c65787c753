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

#include "core/admission.h"

/** Whether @device is one that @selector asks for, whoever may have it. */
bool gpuvm_select_matches(const gpuvm_selector *selector, const gpuvm_device *device);

/**
 * Adds the cards that @selectors (gpuvm_selector) choose to the functions of @admission, which hold the devices that are
 * named; @record (NULL: none) is of the domain as it is defined now. Too few is an error (exit code 5) that says of each
 * matching card why it is not to be had.
 */
void gpuvm_select(const gpuvm_admission *admission, const GPtrArray *selectors, const gpuvm_record *record);
