/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage.h: what a domain has of the host's CPUs, memory and storage, as libvirt counts
 */
#pragma once

#include "host/domain.h"

/** What it uses of the host, or would. */
typedef struct gpuvm_usage {
    int id;                     /* of the domain while it runs; -1 */
    uint64_t max_kib, used_kib; /* of memory */
    uint64_t cpu_ns;            /* that its CPUs were busy since it started */
} gpuvm_usage;

bool gpuvm_domain_usage(gpuvm_domain *domain, gpuvm_usage *ret_usage, GError **error);

/** Bytes that the guest sees of its disk @target, and that it takes on the host; false when libvirt does not know. */
bool gpuvm_domain_disk_size(gpuvm_domain *domain, const char *target, uint64_t *ret_capacity,
                            uint64_t *ret_allocation);
