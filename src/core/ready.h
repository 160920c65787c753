/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ready.h: what libvirt would find out only after the devices were detached
 *
 * An error (exit code 5) when the VM is about to start, a warning before.
 */
#pragma once

#include "core/admission.h"

/** The kernel passes devices at all: VFIO is there, and interrupts are remapped. */
void gpuvm_ready_rule(const gpuvm_admission *admission);

/** The memory is there, and may be locked: a guest with passed devices has all of it at once, and the kernel may kill anything for it. */
void gpuvm_ready_memory_rule(const gpuvm_admission *admission);
