/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspect.h: what can be said of a device before anybody asks for it
 */
#pragma once

#include "core/topology.h"
#include "ops/session.h"

/**
 * What cannot be seen of the host's use of devices, for which a start would be refused, whatever is seen: it is among the session's
 * diagnostics then; else NULL.
 */
const char *gpuvm_inspect_unseen(gpuvm_session *session);

/** Why @device, with its card, could not be started in a VM of its own now; NULL when it could, as far as is seen. g_malloc. */
char *gpuvm_inspect_why_not(gpuvm_session *session, const gpuvm_device *device);

/**
 * The host's devices as gpuvm_topology_host has them, and, unless @vm is NULL, the guest of that domain, as it runs or will run, or of
 * the one that the definition in that @file would be, in *@ret_guest. Both go before the session. NULL: see the diagnostics.
 */
gpuvm_branch *
gpuvm_inspect_topology(gpuvm_session *session, char *vm, bool file, bool all, gpuvm_branch **ret_guest);
