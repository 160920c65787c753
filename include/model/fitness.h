/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fitness.h: what was seen of a host besides its devices, and what is found of its fitness to pass them
 */
#pragma once

#include "model/facts.h"

typedef enum gpuvm_vfio {
    GPUVM_VFIO_UNKNOWN,
    GPUVM_VFIO_LOADED,
    GPUVM_VFIO_LOADABLE,
    GPUVM_VFIO_ABSENT
} gpuvm_vfio;

/** Whole numbers are GPUVM_UNKNOWN, and texts NULL, when they could not be seen. */
typedef struct gpuvm_observations {
    char *no_libvirt; /* why there is no connection; NULL: there is one, or none was wanted */
    /* from libvirt */
    int64_t libvirt_version;    /* of the daemon: major × 1,000,000 + minor × 1,000 + release */
    char *hypervisor;           /* "QEMU" */
    int64_t hypervisor_version; /* numbered as above */
    int efi;                    /* whether there is a UEFI firmware for guests */
    int default_network;        /* 1 active, 0 inactive or absent */
    bool session;               /* the user's own libvirt: qemu:///session */
    /* from /proc, /sys, /etc and /dev of a local host */
    char *cpu_vendor; /* "GenuineIntel", "AuthenticAMD" */
    int cpu_virtualization;
    char *kernel_arguments;
    bool grub; /* the boot loader's configuration is Debian's /etc/default/grub */
    int64_t iommu_groups;
    gpuvm_vfio vfio;
    int vfio_node; /* whether /dev/vfio/vfio exists: without it libvirt does not even load vfio-pci */
    int interrupt_remapping;
    int unsafe_interrupts; /* vfio_iommu_type1's allow_unsafe_interrupts */
    int64_t memlock;       /* bytes that may be locked by this user; INT64_MAX: no limit */
} gpuvm_observations;

gpuvm_observations *gpuvm_observations_new(void);
void gpuvm_observations_free(gpuvm_observations *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_observations, gpuvm_observations_free)

typedef enum gpuvm_verdict { GPUVM_PASS, GPUVM_WARN, GPUVM_FAIL, GPUVM_CANNOT_SEE } gpuvm_verdict;

/** "PASS", "WARN", "FAIL", "unknown", NULL. */
extern const char *const gpuvm_verdict_names[];

typedef struct gpuvm_finding {
    const char *topic; /* "IOMMU groups" */
    gpuvm_verdict verdict;
    char *evidence; /* what was seen, one line */
    char *remedy;   /* commands to type or steps to take, lines; NULL */
} gpuvm_finding;

void gpuvm_finding_free(gpuvm_finding *finding);
