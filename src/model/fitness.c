/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/fitness.h"

const char *const gpuvm_verdict_names[] = {"PASS", "WARN", "FAIL", "unknown", NULL};

gpuvm_observations *
gpuvm_observations_new(void)
{
    gpuvm_observations *seen = g_new0(gpuvm_observations, 1);

    seen->libvirt_version = seen->hypervisor_version = seen->memlock = seen->iommu_groups = GPUVM_UNKNOWN;
    seen->efi = seen->default_network = seen->cpu_virtualization = GPUVM_UNKNOWN;
    seen->interrupt_remapping = seen->unsafe_interrupts = seen->vfio_node = GPUVM_UNKNOWN;
    return seen;
}

void
gpuvm_observations_free(gpuvm_observations *seen)
{
    if (!seen)
        return;
    g_free(seen->no_libvirt);
    g_free(seen->hypervisor);
    g_free(seen->cpu_vendor);
    g_free(seen->kernel_arguments);
    g_free(seen);
}

void
gpuvm_finding_free(gpuvm_finding *finding)
{
    if (!finding)
        return;
    g_free(finding->evidence);
    g_free(finding->remedy);
    g_free(finding);
}
