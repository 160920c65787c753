/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reset.h: bring a PCI function back that does not answer, by what the kernel has for it in sysfs
 *
 * Each returns when the kernel is done, which may take a minute; whether the function answers then is gpuvm_sysfs_device's to say.
 * False, with @error: it was not possible, and nothing was done. @root is "" for this machine. Kernel:
 * Documentation/ABI/testing/sysfs-bus-pci.
 */
#pragma once

#include "model/facts.h"

/** Resets the function alone, by the first of its methods that is not of its bus. */
bool gpuvm_reset_function(const char *root, const gpuvm_pci_addr *addr, GError **error);

/** Resets its bus; not with a function on it that is of another card and that has a driver. */
bool gpuvm_reset_bus(const char *root, const gpuvm_pci_addr *addr, GError **error);

/** Removes all of @addrs (gpuvm_pci_addr), functions of one card, and has the kernel look for them again; false: one is gone. */
bool gpuvm_reset_rescan(const char *root, const GArray *addrs, GError **error);
