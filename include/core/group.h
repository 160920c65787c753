/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * group.h: whole cards, and whole IOMMU groups
 *
 * A request for one function means the whole card: every function at its domain:bus:slot. An SR-IOV virtual
 * function stands alone: it shares a slot with its siblings only by numbering.
 *
 * Every group that a passed function belongs to must be viable, as the kernel's VFIO defines it
 * (drivers/vfio/group.c): each member is passed, or a bridge, or has no driver, or is bound to
 * vfio-pci or pci-stub.
 */
#pragma once

#include "model/plan.h"

/**
 * Adds @device to @functions (gpuvm_plan_function, owned) and returns it; a function that is already there is
 * returned as it is. @why is taken.
 */
gpuvm_plan_function *gpuvm_group_take(GPtrArray *functions, const gpuvm_device *device, gpuvm_role role,
                                      const gpuvm_mark *mark, char *why);

/** Adds the other functions of the cards among @functions. */
void gpuvm_group_add_cards(GPtrArray *functions, const gpuvm_facts *facts);

/**
 * Makes the groups viable as @mode (enum gpuvm_group_mode) says: adds the offenders to @functions as passed
 * or detached, or adds an error for each group (exit code 5) that names them and both remedies. A member that
 * @facts does not know stands in the way; a function without any group is an error.
 */
void gpuvm_group_close(GPtrArray *functions, const gpuvm_facts *facts, int mode, gpuvm_diags *diags);
