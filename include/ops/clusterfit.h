/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clusterfit.h: is the cluster fit to run GPU VMs?
 */
#pragma once

#include "core/clustercheck.h"
#include "ops/session.h"

/**
 * The findings (gpuvm_finding, owned by the array), of which a FAIL is an error in the diagnostics, too (exit code 5). @cib: a file,
 * as gpuvm_cluster_load has it. @connect: the URI of a node's libvirt, with "{node}" where its name is to be; NULL: by ssh, and not
 * at all when the CIB is in a file. NULL: there is no cluster to be asked, see there.
 */
GPtrArray *gpuvm_check_cluster(gpuvm_session *session, const char *cib, const char *connect);
