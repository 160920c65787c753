/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: what was decided for one VM, complete: making XML of it takes no further decision
 *
 * A gpuvm_record is the part of it that is remembered in the domain's metadata, and checked again at start.
 */
#pragma once

#include "model/facts.h"
#include "model/identity.h"
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
    unsigned bus;    /* the index of its port's controller; slot is always 0 */
    unsigned number; /* that the guest's firmware gives this bus */
    unsigned function;
    bool multifunction;
} gpuvm_guest_addr;

/** A PCI controller of the guest's, as libvirt calls its models. */
typedef struct gpuvm_guest_controller {
    const char *model; /* a literal */
    unsigned index;    /* in gpuvm_plan.controllers, from 1; behind that of its parent */
    unsigned parent;   /* the index of what it is on; 0: pcie.0, where libvirt gives it a place */
    unsigned slot, function;
    unsigned bus_number; /* of a pcie-expander-bus, 1 … 254; 0: another model */
    unsigned cell;       /* of a pcie-expander-bus: the guest's cell that it is in */
} gpuvm_guest_controller;

/** Something that was decided for the VM as a whole, and the reason, in words. */
typedef struct gpuvm_decision {
    char *what, *why;
} gpuvm_decision;

typedef struct gpuvm_plan_function {
    const gpuvm_device *device; /* borrowed from the facts */
    gpuvm_role role;
    gpuvm_guest_addr guest; /* bus 0 for GPUVM_ROLE_DETACHED */
    int clique;             /* of NVIDIA's GPUDirect, 0 … 15; GPUVM_UNKNOWN: none */
    const char *rom_file;   /* borrowed from the vm */
    bool rom_bar;
    gpuvm_mark mark;        /* what asked for it; no place when a domain's XML did */
    char *why;              /* the reason, in words */
    gpuvm_identity *locked; /* what it is, when a lock says so of what the definition names; NULL */
} gpuvm_plan_function;

/** A list of gpuvm_plan_function, which it owns. */
GPtrArray *gpuvm_functions_new(void);

/** The one of @functions that is at @addr; NULL. */
gpuvm_plan_function *gpuvm_functions_find(const GPtrArray *functions, const gpuvm_pci_addr *addr);

/**
 * Adds @device to @functions and returns it; a function that is already there is returned as it is. @why is taken, and
 * may be NULL.
 */
gpuvm_plan_function *gpuvm_functions_add(GPtrArray *functions, const gpuvm_device *device, gpuvm_role role,
                                         const gpuvm_mark *mark, char *why);

/** A disk of the guest. */
typedef struct gpuvm_plan_disk {
    const char *name; /* the guest sees it as the disk's serial; NULL; borrowed from the vm */
    char *source;     /* absolute */
    char *target;     /* "vda": virtio, "sda": SATA */
    bool block, cdrom, qcow2, readonly;
    bool guessed;    /* the format, by the name of the file */
    bool seed;       /* for cloud-init: nothing to boot from */
    gpuvm_mark mark; /* what asked for it */
} gpuvm_plan_disk;

void gpuvm_plan_disk_free(gpuvm_plan_disk *disk);

/**
 * A file that no guest writes to. From a URL it is fetched into the storage pool, where it is a volume named by its
 * digest: until it was fetched, that is known only if the definition has it. By a path it is used where it is, below
 * an overlay. A blank disk has no such file, only the volume of the VM's own.
 */
typedef struct gpuvm_plan_image {
    const char *what;      /* "kernel", "initramfs", "rootfs", or a disk's target; borrowed */
    gpuvm_plan_disk *disk; /* of the plan that shows it; NULL: kernel or initramfs */
    char *path;            /* absolute, on the host; NULL: url, or the disk is blank */
    char *url;             /* http, https or file; NULL: path, or the disk is blank */
    int format;            /* as the definition says: gpuvm_disk_format */
    const char *checksum;  /* that it must have; NULL: any; borrowed from the vm */
    gpuvm_mark mark;       /* what asked for it */
    char *volume;          /* "sha256-" and the digest; NULL: not known yet */
    char *overlay; /* the volume of the VM's own: qcow2 on top of it, or blank; NULL: it is used as it is */
    uint64_t size; /* bytes that this shows; 0: as many as the image */
} gpuvm_plan_image;

void gpuvm_plan_image_free(gpuvm_plan_image *image);

/** A NUMA cell of the guest, which stands for one of the host's. */
typedef struct gpuvm_guest_cell {
    int node;      /* the host's */
    uint64_t cpus; /* how many of the guest's, which follow those of the cells before */
    uint64_t memory_mb;
} gpuvm_guest_cell;

/** Where the guest's CPUs and memory go. */
typedef struct gpuvm_placement {
    int numa_node;     /* memory comes from this cell; GPUVM_UNKNOWN: from anywhere, or as cells say */
    bool strict;       /* from there only; else while there is room */
    GArray *cells;     /* gpuvm_guest_cell: the guest's own; NULL: one, of which it is not told */
    GArray *distances; /* unsigned, of each of cells to each: as gpuvm_distance; NULL: not known */
    GArray *cpus;      /* int: the host's CPUs that run the guest's; NULL: any */
    GPtrArray
        *pins; /* GArray of int, for each of the guest's CPUs: which of cpus run it; NULL: any of them */
    GArray *emulator; /* int: the host's CPUs that run QEMU's own threads; NULL: any of cpus */
    unsigned sockets, cores, threads; /* that the guest sees */
    bool topoext;      /* the processor is AMD\'s, and tells by this flag that it has threads */
    uint64_t page_kib; /* hugepage size; 0: ordinary pages */
    char *why;         /* of the memory */
    char *cpus_why;    /* of cpus; NULL: they are any */
} gpuvm_placement;

/** The three texts of a cloud-init seed, and the volume that it becomes: an ISO 9660 disk labelled CIDATA. */
typedef struct gpuvm_plan_seed {
    char *user_data, *meta_data;
    char *network_config; /* NULL: the guest's own default */
    char *volume;
} gpuvm_plan_seed;

void gpuvm_plan_seed_free(gpuvm_plan_seed *seed);

typedef struct gpuvm_plan {
    const gpuvm_vm *vm;                /* borrowed; what its plugin gives is in it */
    const gpuvm_plugin *plugin;        /* borrowed; NULL: it has none */
    const struct gpuvm_record *former; /* of the domain that is redefined; borrowed; NULL */
    const gpuvm_deployed *deployed;    /* borrowed; NULL: it is of no deployment */
    unsigned replica;
    bool transient;   /* gpuvm run makes it: libvirt keeps no definition of it, and its disks end with it */
    bool secrets;     /* there are some in the definition */
    GBytes *key;      /* that digests of them are sealed with; borrowed; NULL */
    char *key_id;     /* which key that is, for everybody to see; NULL: there is none, or nothing to seal */
    char *digest;     /* of the definition, with sealed digests in place of its secrets */
    char *definition; /* as YAML, with what its plugin gives, without its secrets */
    const char *set;  /* that it belongs to: see gpuvm_record; borrowed; NULL: to none */
    GPtrArray *functions;   /* gpuvm_plan_function: by address, detached ones last */
    GPtrArray *controllers; /* gpuvm_guest_controller: their index is their place, from 1 */
    uint64_t window_mb;     /* MiB that OVMF is told to keep for 64-bit BARs; 0: it decides */
    bool address_bits;      /* the guest has as many as the host's CPUs */
    GPtrArray *decisions;   /* gpuvm_decision */
    GPtrArray *disks;       /* gpuvm_plan_disk: rootfs, those of the definition in its order, the seed */
    GPtrArray *images;      /* gpuvm_plan_image */
    char *kernel, *initrd, *cmdline; /* of a direct boot: absolute paths, and the command line; NULL */
    char *manifest; /* JSON for the guest's firmware configuration device, opt/gpuvm/manifest; NULL: none */
    char *manifest_volume; /* what it is stored as */
    char *nccl_topology;   /* XML for NCCL in the guest; NULL: none */
    gpuvm_plan_seed *seed; /* NULL: none */
    char *health_url; /* base_url and endpoint, with the host as the guest sees it; NULL: no health check */
    uint64_t health_timeout_ms;
    char *pool, *pool_path; /* the storage pool for images, and its directory on the host */
    gpuvm_placement place;
    char *uuid, *mac;  /* of the domain that is redefined; NULL: libvirt makes them */
    char *directory;   /* absolute: what relative paths of the definition start from */
    char *source;      /* the file it came from, as given */
    char *domain_type; /* "kvm" */
    char *emulator;    /* NULL: libvirt's choice */
    char *arch;
} gpuvm_plan;

/** An empty plan for @vm: no functions, no NUMA node. */
gpuvm_plan *gpuvm_plan_new(const gpuvm_vm *vm);
void gpuvm_plan_free(gpuvm_plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_plan, gpuvm_plan_free)

/** Adds that @what was decided, because of @why; both are taken. */
void gpuvm_plan_decide(gpuvm_plan *plan, char *what, char *why);

/** The namespace of gpuvm's element in a domain's <metadata>, and its prefix. */
#define GPUVM_METADATA_NS "urn:gpuvm:domain:1"
#define GPUVM_METADATA_PREFIX "gpuvm"

/** A function as it was when the domain was defined. */
typedef struct gpuvm_record_device {
    gpuvm_pci_addr addr;
    gpuvm_identity identity; /* serial and path NULL: it was not locked */
    gpuvm_role role;
} gpuvm_record_device;

/** An image as it was then. */
typedef struct gpuvm_record_image {
    char *what;   /* as in gpuvm_plan_image */
    char *volume; /* "sha256-…" */
    bool qcow2;
} gpuvm_record_image;

/** What a domain's metadata remembers of its definition. */
typedef struct gpuvm_record {
    char *digest;
    char *key;        /* which digests of secrets are sealed with, as key_id of gpuvm_plan; NULL: none are */
    char *definition; /* as in gpuvm_plan; NULL: by gpuvm 0.1 */
    char *made;       /* the digest of the domain XML that was made of it (core/drift.h); NULL likewise */
    char *seen;       /* of what libvirt had of that right afterwards; NULL: not known */
    uint64_t seen_by; /* that libvirt's version, as libvirt counts */
    char *source;     /* the file it came from, as given; NULL */
    char *set;        /* the name of the VMs that are defined together: define --set; NULL */
    bool transient;   /* as in gpuvm_plan; that one is defined all the same, a power cut did */
    char *plugin;     /* NULL */
    gpuvm_deployed *deployed;   /* owned; NULL: it is of no deployment */
    unsigned replica;           /* which one of it */
    int functions, iommu_group; /* enum gpuvm_functions, gpuvm_group_mode */
    GPtrArray *allowlist,
        *plugin_allowlist; /* gpuvm_rule, owned: the VM's list and its plugin's; empty: no list */
    GPtrArray *labels;     /* gpuvm_pair, owned */
    char *health_url;      /* as in gpuvm_plan, without secrets */
    bool health_secret;    /* it had some: see ops/healthurl.h */
    int health_from;       /* enum gpuvm_health_from */
    uint64_t health_timeout_ms;
    char *pool;         /* where volumes is; NULL: it has none */
    GPtrArray *volumes; /* char *, owned: the volumes of the VM's own: overlays and seed */
    GPtrArray *images;  /* gpuvm_record_image, owned: those that are volumes */
    GArray *devices;    /* gpuvm_record_device, in address order */
} gpuvm_record;

gpuvm_record *gpuvm_record_new(void);
void gpuvm_record_free(gpuvm_record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_record, gpuvm_record_free)

/** What @record says of the function at @addr; NULL: nothing, or there is no record. */
const gpuvm_record_device *gpuvm_record_find(const gpuvm_record *record, const gpuvm_pci_addr *addr);

/** What @record says of the image @what; NULL: nothing, or there is no record. */
const gpuvm_record_image *gpuvm_record_find_image(const gpuvm_record *record, const char *what);
