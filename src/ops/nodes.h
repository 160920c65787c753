/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodes.h: the libvirts of a cluster's nodes
 */
#pragma once

#include "core/clustercheck.h"
#include "ops/session.h"

/**
 * Asks the libvirt of each node, all at once and each for a limited time, what it has under the names of the cluster's VMs
 * (gpuvm_node_answer, in the order of nodes, owned by the array); @connect as in ops/clusterfit.h.
 */
GPtrArray *gpuvm_nodes_ask(gpuvm_session *session, const gpuvm_cluster *cluster, const char *connect);
