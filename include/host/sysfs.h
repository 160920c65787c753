/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sysfs.h: what /sys says of a PCI function, without libvirt or beyond what that says; every read is under a root prefix
 */
#pragma once

#include "model/facts.h"

/**
 * The function at @addr as the files under @root alone tell it: what libvirt's node devices and gpuvm_sysfs_fill give, but for
 * names and links. NULL: there is none, or it cannot be looked at.
 */
gpuvm_device *gpuvm_sysfs_device(const char *root, const gpuvm_pci_addr *addr);

/**
 * Fills subsystem, boot_vga, memory_size, reset_method, silent and reserved of @device, whose driver is known, from @root
 * "/sys/bus/pci/devices/…"
 * (@root "" is this machine). What cannot be read stays unknown: only display controllers have boot_vga, and kernels
 * before 5.15 no reset_method. Kernel: Documentation/ABI/testing/sysfs-bus-pci.
 */
void gpuvm_sysfs_fill(const char *root, gpuvm_device *device);

/** Fills slot of the devices of @facts that are in one that the machine has a name for. Kernel: /sys/bus/pci/slots. */
void gpuvm_sysfs_slots(const char *root, gpuvm_facts *facts);

/**
 * Of a function without a driver, the module that is loaded and is made for it, of which it may be; NULL: there is none, or somebody wants it
 * otherwise (driver_override). g_malloc. Kernel: modules.alias, as modprobe reads it.
 */
char *gpuvm_sysfs_module(const char *root, const gpuvm_pci_addr *addr);

/**
 * Whether the function at @addr has a driver because somebody said so for now, as libvirt does it (driver_override): not by its ids
 * (vfio-pci.ids), nor by driverctl, which says so at each boot.
 */
bool gpuvm_sysfs_lent(const char *root, const gpuvm_pci_addr *addr);

/** The driver that the function at @addr is bound to; NULL: none, or there is no such function. g_malloc. */
char *gpuvm_sysfs_driver(const char *root, const gpuvm_pci_addr *addr);
