/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk.h: which file is which disk of the guest
 *
 * Relative paths start from the definition's directory. A format that is not given follows the file's name:
 * ".qcow2" is qcow2, anything else raw; an ".iso" is a CD-ROM. Disks without a target get the next free vda,
 * vdb … (CD-ROMs sda, sdb …) in the order of the definition. The cloud-init seed is a CD-ROM behind them.
 */
#pragma once

#include "model/plan.h"

/** Whether the guest writes to the file that @disk names itself, and not to an overlay of its own. */
bool gpuvm_disk_is_written(const gpuvm_disk *disk);

/** Fills @plan->disks from its VM, and from its seed and pool_path. */
void gpuvm_disk_plan(gpuvm_plan *plan);
