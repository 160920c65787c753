/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * await.h: waiting until a VM is in a state, whoever brings it there
 */
#pragma once

#include "ops/session.h"

typedef enum gpuvm_goal { GPUVM_GOAL_RUNNING, GPUVM_GOAL_HEALTHY, GPUVM_GOAL_STOPPED } gpuvm_goal;

/** "running", "healthy", "stopped", NULL. */
extern const char *const gpuvm_goal_names[];

/**
 * Waits until VM @name is as @goal says, for @seconds since @begun (of g_get_monotonic_time); not to be then is
 * GPUVM_EXIT_UNHEALTHY, to be healthy without a health check GPUVM_EXIT_INVALID. False: see the diagnostics.
 */
bool gpuvm_await(gpuvm_session *session, const char *name, gpuvm_goal goal, gint64 begun, unsigned seconds);
