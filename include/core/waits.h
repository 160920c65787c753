/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * waits.h: why a VM of a cluster does not run, node by node, which Pacemaker itself does not say
 */
#pragma once

#include "model/cluster.h"

typedef struct gpuvm_wait {
    const gpuvm_cluster_node *node; /* NULL: it is no matter of one node */
    char *reason;
} gpuvm_wait;

/** Whether it is told not to run; *@ret_why, when that is so: by what. */
bool gpuvm_is_stopped(const gpuvm_cluster_instance *instance, const char **ret_why);

/** What keeps @instance, which is active nowhere, from each node (gpuvm_wait, owned by the array); what does from all comes first. */
GPtrArray *gpuvm_waits(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance);

/** What keeps the cluster as a whole from doing what it should (gpuvm_wait likewise). */
GPtrArray *gpuvm_cluster_troubles(const gpuvm_cluster *cluster);
