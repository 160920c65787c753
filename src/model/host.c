/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/host.h"

#include <glib.h>

#define VERSION_MAX 999999999 /* 999.999.999 */
#define NUMBER(member, max) #member, offsetof(gpuvm_host, member), false, max
#define TEXT(member) #member, offsetof(gpuvm_host, member), true

const gpuvm_host_fact gpuvm_host_facts[] = {
    {NUMBER(libvirt_version, VERSION_MAX)},
    {TEXT(hypervisor)},
    {NUMBER(hypervisor_version, VERSION_MAX)},
    {NUMBER(session, 1)},
    {NUMBER(efi, 1)},
    {NUMBER(default_network, 1)},
    {TEXT(cpu_vendor)},
    {NUMBER(cpu_virtualization, 1)},
    {TEXT(kernel_arguments)},
    {TEXT(isolated_cpus)},
    {TEXT(kernel_image)},
    {NUMBER(grub, 1)},
    {NUMBER(iommu_groups, INT64_MAX)},
    {NUMBER(vfio, GPUVM_VFIO_ABSENT)},
    {NUMBER(vfio_node, 1)},
    {NUMBER(interrupt_remapping, 1)},
    {NUMBER(unsafe_interrupts, 1)},
    {NUMBER(dma_entries, INT64_MAX)},
    {TEXT(framebuffer)},
    {NUMBER(memlock, INT64_MAX)},
    {NUMBER(available_kib, INT64_MAX)},
    {TEXT(hugetlbfs)},
    {NUMBER(hook, GPUVM_HOOK_FOREIGN)},
    {NULL},
};

void *
gpuvm_host_member(gpuvm_host *host, const gpuvm_host_fact *fact)
{
    return (char *)host + fact->offset;
}

bool
gpuvm_host_knows(gpuvm_host *host, const gpuvm_host_fact *fact)
{
    const void *member = gpuvm_host_member(host, fact);

    return fact->text ? *(char *const *)member != NULL : *(const int64_t *)member != GPUVM_UNKNOWN;
}

void
gpuvm_host_init(gpuvm_host *host)
{
    *host = (gpuvm_host){0};
    for (const gpuvm_host_fact *fact = gpuvm_host_facts; fact->name; fact++) {
        if (!fact->text)
            *(int64_t *)gpuvm_host_member(host, fact) = GPUVM_UNKNOWN;
    }
}

void
gpuvm_host_clear(gpuvm_host *host)
{
    for (const gpuvm_host_fact *fact = gpuvm_host_facts; fact->name; fact++) {
        if (fact->text)
            g_clear_pointer((char **)gpuvm_host_member(host, fact), g_free);
    }
}
