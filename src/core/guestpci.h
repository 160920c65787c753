/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestpci.h: where the guest sees each function
 *
 * One pcie-root-port a card, in the order of host addresses. Functions keep their numbers in guest slot 0. A
 * PCI slot without a function 0 is not enumerated (PCI Local Bus Specification 3.0, 3.2.2.3.4), so the lowest
 * takes its place; function 0 of several has multifunction='on'. A virtual function is a card of its own.
 */
#pragma once

#include "model/plan.h"

/** Sorts @functions (detached ones last), fills their guest, and returns the number of root ports.
 */
unsigned gpuvm_guestpci_layout(GPtrArray *functions);
