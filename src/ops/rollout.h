/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rollout.h: replicas that run are started anew, some at a time
 */
#pragma once

#include "ops/deployment.h"

/*
 * Checks that all of @names (char *) may start. Then it checks that again of how->unavailable of them, while the others run, stops
 * them, starts them and waits until they are healthy, before the next ones. @drafts (gpuvm_draft, one for each; NULL: none) are
 * defined in between. Stops at the first that fails; what went wrong is in the diagnostics.
 */
bool gpuvm_rollout(gpuvm_session *session, const GPtrArray *names, const GPtrArray *drafts,
                   const gpuvm_deployment_options *how);

/* Waits until all of @names, which run, are healthy, those that have a health check. */
bool gpuvm_rollout_await(gpuvm_session *session, const GPtrArray *names, const gpuvm_deployment_options *how);
