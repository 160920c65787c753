/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diskcheck.h: the host's own disks are not the guest's
 *
 * libvirt gives a guest whatever block device or image file a domain names, mounted or not: both would write to one file
 * system. What the host uses is refused, as PCI functions are (core/protect.h), and a policy may narrow which block devices
 * there are to give at all.
 */
#pragma once

#include "core/guestcheck.h"

/** An error for @asset, a disk, when the host uses it (exit code 4, of holders 5), or no policy lets it be one (4). */
void gpuvm_disk_check(const gpuvm_guest_question *question, const gpuvm_asset *asset);

/** What of that cannot be seen of block devices, once for all, unless it is said of devices that are passed. */
void gpuvm_disk_check_unseen(const gpuvm_guest_question *question);
