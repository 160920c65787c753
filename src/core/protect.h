/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protect.h: never the host's own devices
 *
 * libvirt takes the disk of a mounted file system, the NIC of the default route, a GPU that a process has open and the
 * boot display from the host without a word. These are refused, also when an IOMMU group draws them in, and what the
 * host would lose is named. A policy may give up each kind but the root file system.
 */
#pragma once

#include "core/admission.h"

/** An error for each function that the host needs: exit code 4, of holders 5. */
void gpuvm_protect_rule(const gpuvm_admission *admission);

/**
 * What of that cannot be seen, once for all functions: an error (exit code 4), but a warning when only planned, and a note
 * when the policies give it up.
 */
void gpuvm_protect_unseen_rule(const gpuvm_admission *admission);

/** The same of whatever is asked for. Returns what was added; NULL: all is seen. */
const gpuvm_diag *gpuvm_protect_unseen(const gpuvm_policies *policies, gpuvm_occasion occasion,
                                       const gpuvm_facts *facts, gpuvm_diags *diags);

/** Whether one of @policies protects what @word of gpuvm_protect_names means. */
bool gpuvm_protects(const gpuvm_policies *policies, const char *word);

/**
 * An error (exit code 5) for each that a process has open, whatever a policy says. One that does not answer is to be reset: then
 * whatever the host does with the card is an error, and that it is the boot display, unless the policies give that up.
 */
void gpuvm_protect_holder_rule(const gpuvm_admission *admission);
