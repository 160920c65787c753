/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uses.h: what the host itself does with its PCI devices
 *
 * A device is used when it is a PCI ancestor, in sysfs, of what is used: a disk behind a USB controller counts for
 * that controller. Everything is read under a root prefix ("" is this machine). What cannot be read is left out.
 */
#pragma once

#include "model/facts.h"

/** Adds every use to @facts: the three below. */
void gpuvm_uses_read(const char *root, gpuvm_facts *facts);

/** Mounted file systems and swap, through device-mapper, md, loop files, multi-device btrfs and ZFS. */
void gpuvm_uses_read_storage(const char *root, gpuvm_facts *facts);

/** Interfaces with a default route, else with an address, else up; through bonds, bridges and VLANs. */
void gpuvm_uses_read_network(const char *root, gpuvm_facts *facts);

/**
 * Processes with a device node open or mapped, judged by its device number: containers, chroots and other PID namespaces
 * have nodes of any name. Whatever /sys/dev puts below a PCI function counts, but input devices; /dev/nvidiaN, which is
 * not there, /dev/kfd and /dev/vfio/GROUP, too (not /dev/nvidiactl and /dev/nvidia-uvm, which do not belong to a single
 * GPU). Sets @facts->processes_hidden: whether there are processes that it does not see or may not look into.
 */
void gpuvm_uses_read_holders(const char *root, gpuvm_facts *facts);
