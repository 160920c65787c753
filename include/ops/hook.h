/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hook.h: may a domain that libvirt is about to start have its devices and disks? Asked by libvirt, so without asking it
 *
 * libvirtd waits for the answer, before it touches a device: libvirt.org/hooks.html, "prepare begin". What libvirt knows of
 * other domains, pools and networks is read from the files that it keeps for itself (host/state.h).
 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"

/**
 * Judges the domain whose XML libvirt hands over, as gpuvm_start would (core/judge.h), when the policy of the host says that it
 * is to be judged. Everything else of the host is read under @root ("": this machine). An error in @diags: it may not start.
 */
void gpuvm_hook_judge(const char *root, const char *xml, gpuvm_diags *diags);
