/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/usage.h"

bool
gpuvm_domain_usage(gpuvm_domain *domain, gpuvm_usage *ret_usage, GError **error)
{
    virDomainInfo info;

    if (gpuvm_virt.DomainGetInfo(domain->dom, &info) < 0)
        return gpuvm_virt_failed(error, "cannot read what domain '%s' uses", domain->name);
    *ret_usage = (gpuvm_usage){.id = domain->active ? (int)gpuvm_virt.DomainGetID(domain->dom) : -1,
                               .max_kib = info.maxMem,
                               .used_kib = domain->active ? info.memory : 0,
                               .cpu_ns = info.cpuTime};
    return true;
}

bool
gpuvm_domain_disk_size(gpuvm_domain *domain, const char *target, uint64_t *ret_capacity,
                       uint64_t *ret_allocation)
{
    virDomainBlockInfo info;

    if (gpuvm_virt.DomainGetBlockInfo(domain->dom, target, &info, 0) < 0)
        return false;
    *ret_capacity = info.capacity;
    *ret_allocation = info.allocation;
    return true;
}
