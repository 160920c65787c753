/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clusterfleet.h: the deployments that Pacemaker runs: globally unique clones, whose instances are the replicas
 *
 * What went wrong is in the session's diagnostics; false then.
 */
#pragma once

#include "ops/clusterload.h"

/** Makes @replicas, a number as text, the clone-max of deployment @name; *@ret_was: what that was, -1: it was not given. */
bool gpuvm_cluster_scale(gpuvm_session *session, const char *name, const char *replicas, gint64 *ret_was);

/** Who is told of each replica: it runs again, on @node; NULL: it waits, as another one does not any more. */
typedef void (*gpuvm_restarted)(void *data, const char *replica, const char *node);

/**
 * Has the replicas of deployment @name that run started anew, one after the other: each is reported to Pacemaker as failed, which
 * stops it and starts it again, there or on another node, with the definition that is there now. That ends at the first that does
 * not come to run; those that are left are remembered in the CIB, as the clone's meta attribute gpuvm-restart, and whoever repeats
 * it goes on with them.
 */
bool gpuvm_cluster_restart(gpuvm_session *session, const char *name, gpuvm_restarted told, void *data);
