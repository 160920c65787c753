/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boot.h: the kernel of a VM that boots one directly, without firmware and boot loader looking for it on a disk
 */
#pragma once

#include "model/plan.h"

/** Whether the VM of @definition, its root node, is to boot a kernel that it does not have: it is an initramfs alone. */
bool gpuvm_boot_needs_kernel(const gpuvm_node *definition);

/**
 * Where @plan, which has the definition's own, needs a kernel: @host's newest, with a note that says which; when that is not
 * known, an error (exit code 5). A command line without a kernel is an error, too (3).
 */
void gpuvm_boot_kernel(gpuvm_plan *plan, const gpuvm_host *host, gpuvm_diags *diags);

/**
 * The command line of @plan's kernel, if it has one: the definition's, with a console that `gpuvm console` shows unless
 * that names one (Linux's Documentation/admin-guide/serial-console.rst), and what tells an init of its plugin.
 */
void gpuvm_boot_cmdline(gpuvm_plan *plan);
