/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uses.h: what the host itself does with its PCI devices, and with its disks
 *
 * A device is used when it is a PCI ancestor, in sysfs, of what is used: a disk behind a USB controller counts for
 * that controller. A disk, which is a block device or an image file, is used together with what is made of it: a volume, an
 * array, a loop device, a partition. Everything is read under a root prefix ("" is this machine). What cannot be read is left out.
 */
#pragma once

#include "model/facts.h"

/** Adds every use to @facts: the three below. */
void gpuvm_uses_read(const char *root, gpuvm_facts *facts);

/**
 * File systems mounted in any mount namespace that can be seen, and swap, through device-mapper, md, loop files, multi-device
 * btrfs and ZFS. Of disks also those that are a part of a block device, or shown by one, which nobody has mounted.
 */
void gpuvm_uses_read_storage(const char *root, gpuvm_facts *facts);

/** Interfaces with a default route, else with an address, else up; through bonds, bridges and VLANs. */
void gpuvm_uses_read_network(const char *root, gpuvm_facts *facts);

/**
 * Processes with a device node open or mapped, judged by its device number: containers, chroots and other PID namespaces
 * have nodes of any name. Whatever /sys/dev puts below a PCI function counts, but input devices; /dev/nvidiaN, which is
 * not there, /dev/kfd and /dev/vfio/GROUP, too (not /dev/nvidiactl and /dev/nvidia-uvm, which do not belong to a single
 * GPU). Of disks and image files, those that are open for writing. Sets @facts->processes_hidden: whether there are processes that it does not see or may not look into.
 */
void gpuvm_uses_read_holders(const char *root, gpuvm_facts *facts);
