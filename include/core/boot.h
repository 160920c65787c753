/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boot.h: the kernel of a VM that boots one directly, without firmware and boot loader looking for it on a disk
 */
#pragma once

#include "model/plan.h"

/**
 * Whether the VM of @definition, its root node, is to boot a kernel that it does not have: it is an initramfs, or a file system
 * without a boot loader, alone.
 */
bool gpuvm_boot_needs_kernel(const gpuvm_node *definition);

/**
 * Where @plan, which has the definition's own, needs a kernel for an initramfs: @host's newest, with a note that says which.
 * Errors are that this is not known, or that there is no initramfs by whose drivers it would find its root (exit code 5); a
 * command line without a kernel (3); a container image that nothing to boot was made of (3).
 */
void gpuvm_boot_kernel(gpuvm_plan *plan, const gpuvm_host *host, gpuvm_diags *diags);

/**
 * The command line of @plan's kernel, if it has one: the definition's, with a console that `gpuvm console` shows and the root of
 * a bare file system, unless that names them (Linux's Documentation/admin-guide/kernel-parameters.txt), and what tells an init of
 * its plugin. To be called when the disks are planned.
 */
void gpuvm_boot_cmdline(gpuvm_plan *plan);
