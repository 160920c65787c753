/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nvidia.h: what NVIDIA's driver in the guest must be told, or will miss
 *
 * Cliques: GPUs with the same number may reach each other directly, as the driver cannot see for itself in a guest: QEMU's
 * property x-nv-gpudirect-clique (hw/vfio/pci-quirks.c), which takes display controllers and 0 … 15.
 *
 * NVSwitches: NVIDIA Fabric Manager User Guide, "NVSwitch and NVLink Initialization" and "Virtualization Models".
 */
#pragma once

#include "model/plan.h"

/** Whether @device is a GPU whose NVLinks end at NVSwitches that are PCI functions of the host. */
bool gpuvm_nvidia_needs_switches(const gpuvm_device *device);

/** Numbers the GPUs that share a switch of the host, when p2p is auto; after gpuvm_guestpci_layout. */
void gpuvm_nvidia_cliques(gpuvm_plan *plan, const gpuvm_facts *facts);

/** Adds a note when CUDA will not initialise in the guest, since it does not have the NVSwitches of its GPUs. */
void gpuvm_nvidia_check(const gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags);
