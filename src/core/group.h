/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * group.h: whole cards, and whole IOMMU groups
 *
 * A request for one function means the whole card: every function at its domain:bus:slot. An SR-IOV virtual
 * function stands alone: it shares a slot with its siblings only by numbering.
 *
 * Every group that a passed function belongs to must be viable, as the kernel's VFIO defines it
 * (drivers/vfio/group.c): each member is passed, or a bridge, or has no driver, or is bound to
 * a driver of VFIO's or pci-stub.
 */
#pragma once

#include "core/admission.h"

/** What to do about a group that is reserved. */
#define GPUVM_GROUP_FREE                                                                                              \
    "switch it off in the firmware's set-up (HPE: Shared Memory Features of the slot), update the firmware, or move " \
    "the card to another slot"

/** Unless only what is requested is to be passed: the other functions of the cards are, too. */
void gpuvm_card_rule(const gpuvm_admission *admission);

/**
 * Makes the groups viable as the admission's group_mode says: the offenders are passed or detached, too, or there is
 * an error for each group (exit code 5) that names them and both remedies. A member that the facts do not know stands in
 * the way; a function without any group is an error, and so is a group that is reserved.
 */
void gpuvm_group_rule(const gpuvm_admission *admission);
