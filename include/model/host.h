/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host.h: what is known of a host itself, besides its devices, cells and domains
 *
 * Numbers are GPUVM_UNKNOWN, and texts NULL, when they could not be seen. Host files hold what is in the table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Not known: a remote connection cannot tell, or the host has no such thing. */
#define GPUVM_UNKNOWN (-1)

/** Where libvirt looks for a hook of its QEMU driver. */
#define GPUVM_HOOK_FILE "/etc/libvirt/hooks/qemu.d/gpuvm"

/** Values of gpuvm_host.hook: there is none; this version's; one that is broken or another version's; not gpuvm's. */
enum gpuvm_hook { GPUVM_HOOK_ABSENT, GPUVM_HOOK_INSTALLED, GPUVM_HOOK_STALE, GPUVM_HOOK_FOREIGN };

/** Values of gpuvm_host.vfio. */
enum gpuvm_vfio { GPUVM_VFIO_LOADED, GPUVM_VFIO_LOADABLE, GPUVM_VFIO_ABSENT };

typedef struct gpuvm_host {
    /* from libvirt */
    int64_t libvirt_version;    /* of the daemon: major × 1,000,000 + minor × 1,000 + release */
    char *hypervisor;           /* "QEMU" */
    int64_t hypervisor_version; /* numbered as above */
    int64_t session;            /* whether it is the user's own libvirt: qemu:///session */
    int64_t efi;                /* whether there is a UEFI firmware for guests */
    int64_t default_network;    /* 1 active, 0 inactive or absent */
    /* from /proc, /sys, /etc and /dev of a local host */
    char *cpu_vendor; /* "GenuineIntel", "AuthenticAMD" */
    int64_t cpu_virtualization;
    char *kernel_arguments;
    char *isolated_cpus; /* that the kernel runs nothing on by itself (isolcpus), as it lists them */
    char *kernel_image;  /* the path of the newest kernel, by its version */
    int64_t grub;        /* whether the boot loader's configuration is Debian's /etc/default/grub */
    int64_t iommu_groups;
    int64_t vfio;      /* enum gpuvm_vfio */
    int64_t vfio_node; /* whether /dev/vfio/vfio exists: without it libvirt does not even load vfio-pci */
    int64_t interrupt_remapping;
    int64_t unsafe_interrupts; /* vfio_iommu_type1's allow_unsafe_interrupts */
    int64_t dma_entries;       /* vfio_iommu_type1's dma_entry_limit: mappings that a VM may have */
    char *framebuffer;         /* the address of the function that has the boot framebuffer in a BAR */
    int64_t memlock;           /* bytes that may be locked by this user; INT64_MAX: no limit */
    int64_t available_kib;     /* of memory, for a new VM */
    char *hugetlbfs;           /* the sizes of hugepages that are mounted, KiB: "2048 1048576" */
    int64_t hook;              /* enum gpuvm_hook: what libvirt runs before it starts a domain */
} gpuvm_host;

/** A member of gpuvm_host: its name in host files, and where it is. The last row has no name. */
typedef struct gpuvm_host_fact {
    const char *name;
    size_t offset;
    bool text;   /* char *; else int64_t */
    int64_t max; /* of a number */
} gpuvm_host_fact;

extern const gpuvm_host_fact gpuvm_host_facts[];

/** @host's member that @fact is about; the caller knows from @fact->text what it points to. */
void *gpuvm_host_member(gpuvm_host *host, const gpuvm_host_fact *fact);

/** Whether it is known. */
bool gpuvm_host_knows(gpuvm_host *host, const gpuvm_host_fact *fact);

/** Nothing is known. */
void gpuvm_host_init(gpuvm_host *host);
void gpuvm_host_clear(gpuvm_host *host);
