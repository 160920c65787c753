/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clusterfence.h: whose power a cluster can cut
 */
#pragma once

#include "model/cluster.h"

/* The nodes (char *, borrowed) that none of the fence devices is for that are not told to stop. */
GPtrArray *gpuvm_clusterfence_open(const gpuvm_cluster *cluster);
