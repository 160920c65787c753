/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * window.h: whether the cards' BARs fit into the guest's physical address space
 *
 * What is 64 bits wide and prefetchable lies above the memory, in a window of each port, the windows in one of the firmware's: a
 * BAR or window begins at a multiple of the largest BAR in it (PCI Local Bus Specification 3.0, 6.2.5.1; PCI-to-PCI Bridge
 * Architecture 1.2, 3.2.5). Up to 32 GiB any firmware has room for.
 *
 * SeaBIOS takes as much as it needs. OVMF (OvmfPkg/Library/PlatformInitLib/MemDetect.c) has a window of an eighth of the
 * address space, of at most 46 bits, if it believes the CPU's number of bits, which it does of 41 and more; else 32 GiB; or
 * what opt/ovmf/X-PciMmio64Mb says, up to 16 TiB, above the memory at a multiple of the largest power of two in it.
 *
 * Of another architecture, of an emulated CPU, and where bits or BARs are not known, nothing is said.
 */
#pragma once

#include "model/plan.h"

/** Fills @plan's window_mb and address_bits, after gpuvm_guestpci_layout; an error when it does not fit. */
void gpuvm_window_plan(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags);
