/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hookfile.h: the link by which libvirt finds gpuvm's hook
 *
 * A link, and not a copy: libvirtd's AppArmor profile lets it run what is in /usr/sbin with a profile of its own, and what is
 * in the directory of the hooks with libvirtd's. libvirtd looks for hooks when it starts and when it reloads its configuration.
 */
#pragma once

#include "ops/lifecycle.h"

/** What is at GPUVM_HOOK_FILE on this machine: enum gpuvm_hook, or GPUVM_UNKNOWN. Runs it, if it is a link to gpuvm-hook. */
int64_t gpuvm_hook_look(void);

/** Makes the link. What is there and is not gpuvm's stays, and is an error. */
bool gpuvm_hook_install(gpuvm_session *session, gpuvm_outcome *ret_outcome);

/** Removes it, likewise. */
bool gpuvm_hook_remove(gpuvm_session *session, gpuvm_outcome *ret_outcome);
