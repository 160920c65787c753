/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bystanders.h: lines of the kernel's about cards of other VMs, or of the host
 */
#pragma once

#include "core/timeline.h"

/** What the kernel says in @events of cards that QEMU does not have is no fault, when QEMU's lines among them tell which it has. */
void gpuvm_bystanders_excuse(const GPtrArray *events);
