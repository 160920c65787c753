/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: what was decided for one VM, complete: making XML of it takes no further decision
 *
 * A gpuvm_record is the part of it that is remembered in the domain's metadata, and checked again at start.
 */
#pragma once

#include "model/facts.h"
#include "model/vm.h"

typedef enum gpuvm_role {
    GPUVM_ROLE_REQUESTED, /* the definition names it, or a selector chose it */
    GPUVM_ROLE_CARD,      /* another function of such a card */
    GPUVM_ROLE_GROUP,     /* a member of its IOMMU group, passed along (iommu_group: include) */
    GPUVM_ROLE_DETACHED,  /* a member of its IOMMU group, bound to vfio-pci but not shown to the guest */
} gpuvm_role;

/** "requested", "same-card", "group-member", "detached", NULL. */
extern const char *const gpuvm_role_names[];

/** Where a function appears in the guest. */
typedef struct gpuvm_guest_addr {
    unsigned bus; /* the index of its root port's controller; slot is always 0 */
    unsigned function;
    bool multifunction;
} gpuvm_guest_addr;

typedef struct gpuvm_plan_function {
    const gpuvm_device *device; /* borrowed from the facts */
    gpuvm_role role;
    gpuvm_guest_addr guest; /* bus 0 for GPUVM_ROLE_DETACHED */
    unsigned card;          /* which card of the guest it is part of, from 0; for the alias */
    const char *rom_file;   /* borrowed from the vm */
    bool rom_bar;
    gpuvm_mark mark; /* what asked for it; no place when a domain's XML did */
    char *why;       /* the reason, in words */
} gpuvm_plan_function;

void gpuvm_plan_function_free(gpuvm_plan_function *function);

/** A disk of the guest. */
typedef struct gpuvm_plan_disk {
    const char *name; /* the guest sees it as the disk's serial; NULL; borrowed from the vm */
    char *source;     /* absolute */
    char *target;     /* "vda": virtio, "sda": SATA */
    bool block, cdrom, qcow2, readonly;
} gpuvm_plan_disk;

void gpuvm_plan_disk_free(gpuvm_plan_disk *disk);

/** Where the guest's CPUs and memory go. */
typedef struct gpuvm_placement {
    int numa_node;     /* memory comes from this cell while it has room; GPUVM_UNKNOWN: from anywhere */
    GArray *cpus;      /* int: the cell's CPUs that run the guest's; NULL: any */
    uint64_t page_kib; /* hugepage size; 0: ordinary pages */
    char *why;
} gpuvm_placement;

typedef struct gpuvm_plan {
    const gpuvm_vm *vm;   /* borrowed */
    char *digest;         /* of the definition */
    GPtrArray *functions; /* gpuvm_plan_function: by guest bus and function, detached ones last, by address */
    unsigned root_ports;  /* one for each card: controllers 1 … root_ports */
    GPtrArray *disks;     /* gpuvm_plan_disk, in the order of the definition */
    gpuvm_placement place;
    char *uuid, *mac;  /* of the domain that is redefined; NULL: libvirt makes them */
    char *directory;   /* absolute: what relative paths of the definition start from */
    char *source;      /* the file it came from, as given */
    char *domain_type; /* "kvm" */
    char *emulator;    /* NULL: libvirt's choice */
    char *arch;
} gpuvm_plan;

/** An empty plan for @vm: no functions, no NUMA node. plan->functions frees the gpuvm_plan_function it is
 * given. */
gpuvm_plan *gpuvm_plan_new(const gpuvm_vm *vm);
void gpuvm_plan_free(gpuvm_plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_plan, gpuvm_plan_free)

/** The namespace of gpuvm's element in a domain's <metadata>, and its prefix. */
#define GPUVM_METADATA_NS "urn:gpuvm:domain:1"
#define GPUVM_METADATA_PREFIX "gpuvm"

/** A function as it was when the domain was defined. */
typedef struct gpuvm_recorded {
    gpuvm_pci_addr addr;
    uint16_t vendor_id, device_id;
    gpuvm_role role;
} gpuvm_recorded;

/** What a domain's metadata remembers of its definition. */
typedef struct gpuvm_record {
    char *digest;
    char *source; /* the file it came from, as given; NULL */
    char *plugin; /* NULL */
    int functions, iommu_group;
    GPtrArray *allowlist; /* gpuvm_rule, owned: the VM's list; empty: it has none */
    GPtrArray *labels;    /* gpuvm_pair, owned */
    GArray *devices;      /* gpuvm_recorded, in address order */
} gpuvm_record;

gpuvm_record *gpuvm_record_new(void);
void gpuvm_record_free(gpuvm_record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_record, gpuvm_record_free)
