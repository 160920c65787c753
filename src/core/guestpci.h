/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestpci.h: the guest's PCI buses, and where on them it sees each function
 *
 * Each card is behind a port of its own, cards in the order of host addresses. Functions keep their numbers in guest slot 0. A
 * PCI slot without a function 0 is not enumerated (PCI Local Bus Specification 3.0, 3.2.2.3.4), so the lowest
 * takes its place; function 0 of several has multifunction='on'. A virtual function is a card of its own.
 *
 * Where the guest has several NUMA cells, the cards of each are below a pcie-expander-bus of it, by which the guest knows the
 * cell; other cards are on pcie.0, and come first. With topology: mirror or nccl, cards of one place that share a switch on the host
 * are below one.
 *
 * Buses are numbered by the guest's firmware, depth first: so are controllers, and the bus number of an expander leaves
 * room for what is below it. Between two expanders one number more is free: where they touch, QEMU 7.2 starts a guest
 * that does not see the first one's cards.
 */
#pragma once

#include "model/plan.h"

/** The bus numbers that a PCI domain has; QEMU takes those of expanders up to the one before the last. */
#define GPUVM_BUS_END 255

/** Bus numbers that are left for the ports that libvirt adds to pcie.0: for disks, NICs and others. */
#define GPUVM_BUS_OTHERS 64

/**
 * Sorts @plan's functions (detached ones last), fills their guest, and the plan's controllers, by its place.cells. An error
 * when there are more of them than bus numbers.
 */
void gpuvm_guestpci_layout(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags);

/** The number that the guest's firmware gives the bus of the controller with @index, of a layout's @controllers. */
unsigned gpuvm_guestpci_number(const GPtrArray *controllers, unsigned index);
