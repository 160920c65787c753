/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * workload.h: how a guest learns what it is to run
 *
 * One that boots a kernel directly reads a manifest from QEMU's firmware configuration device (Linux shows it as
 * /sys/firmware/qemu_fw_cfg/by_name/opt/gpuvm/manifest/raw), and its plugin's name from the kernel's command line.
 * Any other has cloud-init (core/cloudinit.h) run a script that sets up a systemd service.
 */
#pragma once

#include "model/plan.h"

/** The name of the manifest in the guest's firmware configuration. */
#define GPUVM_WORKLOAD_MANIFEST "opt/gpuvm/manifest"

/**
 * Fills @plan's manifest and manifest_volume, if the VM boots a kernel directly. The manifest is a file of the
 * host, since libvirt 9.0 gives a text to QEMU as XML would write it, without doubling commas: JSON does not survive
 * that.
 */
void gpuvm_workload_plan(gpuvm_plan *plan);

/** The runtime that @plan's guest is told of; NULL: none. Borrowed. */
const char *gpuvm_workload_runtime(const gpuvm_plan *plan);

/** Whether @plan's workload reaches the guest by cloud-init: there is something to run, and no kernel. */
bool gpuvm_workload_by_cloud_init(const gpuvm_plan *plan);

/**
 * The shell script that writes gpuvm-workload.service for @plan's workload, which has an entrypoint, and starts it now
 * and at each boot. What systemd would not take is an error in @diags: a program that is neither an absolute path nor
 * a name to be looked up, a directory that is not absolute, a variable's name. g_malloc.
 */
char *gpuvm_workload_script(const gpuvm_plan *plan, gpuvm_diags *diags);
