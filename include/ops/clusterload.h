/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clusterload.h: the Pacemaker cluster that this machine is a node of, or one in a file
 */
#pragma once

#include "model/cluster.h"
#include "ops/session.h"

/** The cluster, asked, or read from the CIB in @file (NULL: none); NULL: see the diagnostics. */
gpuvm_cluster *gpuvm_cluster_load(gpuvm_session *session, const char *file);

/** The VMs of @names, which may be deployments', too, and of all when there are none (gpuvm_cluster_instance, borrowed); NULL: see there. */
GPtrArray *gpuvm_cluster_vms(gpuvm_session *session, const gpuvm_cluster *cluster, char **names);
