/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.h: what is known of a host, as values
 *
 * Filled by the host layer, read by the core. Only what was asked for is in it: a look-up that finds
 * nothing means that the host has no such device, or that nobody asked.
 */
#pragma once

#include "model/host.h"
#include "model/pci.h"

/** A memory BAR. */
typedef struct gpuvm_bar {
    uint64_t size;     /* bytes */
    uint64_t largest;  /* that it can be resized to; 0: not at all, or not known */
    bool wide;         /* it may be above 4 GiB */
    bool prefetchable; /* only then a bridge lets it be there */
} gpuvm_bar;

/** One PCI function. */
typedef struct gpuvm_device {
    gpuvm_pci_addr addr;
    uint32_t class_code; /* 24 bits: 0x030000 */
    uint16_t vendor_id, device_id;
    char *vendor, *product; /* names; NULL when the host does not know them */
    char *driver;           /* bound to; NULL for none */
    bool bridge;            /* header type other than 0: VFIO leaves it with the host */
    int iommu_group;        /* GPUVM_UNKNOWN: none */
    GArray *group_members;  /* gpuvm_pci_addr of all in the group, itself too, in address order; never NULL */
    int numa_node;          /* GPUVM_UNKNOWN: none given */
    bool virtual_function;  /* an SR-IOV virtual function */
    gpuvm_pci_addr physical_function; /* of a virtual function */
    GArray *virtual_functions;        /* gpuvm_pci_addr: of a physical function; never NULL */
    bool below;                       /* it is below a bridge: */
    gpuvm_pci_addr parent;            /* this one */
    char *serial;                     /* of its vital product data; NULL: unknown */
    char *path; /* as gpuvm_identity has it, of a virtual function its own place; NULL: unknown */
    double link_speed, link_max_speed; /* GT/s; 0: unknown */
    int link_width, link_max_width;    /* lanes; 0: unknown */
    /* from sysfs, local connections and host files only */
    int boot_vga;         /* 1, 0 or GPUVM_UNKNOWN */
    uint32_t subsystem;   /* vendor << 16 | device; 0: unknown */
    char *slot;           /* what the machine calls its slot; NULL */
    uint64_t memory_size; /* bytes of all memory BARs; 0: unknown */
    char *reset_method;   /* "flr bus"; "": none; NULL: unknown */
    bool silent;          /* it does not answer: its configuration space reads 0xff */
    bool reserved; /* the firmware wants memory mapped for its IOMMU group: the kernel does not pass it */
    GArray *bars;  /* gpuvm_bar: these, in their order; never NULL; empty with a memory_size: unknown */
} gpuvm_device;

gpuvm_device *gpuvm_device_new(const gpuvm_pci_addr *addr);
void gpuvm_device_free(gpuvm_device *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_device, gpuvm_device_free)

/** Adds @bar, which counts to its memory_size. */
void gpuvm_device_add_bar(gpuvm_device *device, const gpuvm_bar *bar);

/**
 * "NVIDIA Corporation GA102 [GeForce RTX 3090] (10de:2204)"; without the vendor when its name is not known,
 * with the class's name for a product without one. g_malloc.
 */
char *gpuvm_device_describe(const gpuvm_device *device);

/**
 * What people call it: of a GPU, what its product's name has in brackets ("GA102 [GeForce RTX 3090]": GeForce RTX 3090); of others
 * all of that; without one, its class. g_malloc.
 */
char *gpuvm_device_name(const gpuvm_device *device);

/** Whether @device is what people call a GPU: a display controller, an accelerator or a co-processor. */
bool gpuvm_device_is_gpu(const gpuvm_device *device);

/**
 * Whether @driver (may be NULL) is VFIO's: vfio-pci, or a driver made for the device in its place, which libvirt 10.0 and
 * newer choose by themselves. The kernel's (drivers/vfio/pci) are all called so: mlx5_vfio_pci, nvgrace_gpu_vfio_pci ...
 */
bool gpuvm_driver_is_vfio(const char *driver);

/** Whether @a and @b are functions of one card; an SR-IOV virtual function is a card of its own. */
bool gpuvm_device_same_card(const gpuvm_device *a, const gpuvm_device *b);

/** A CPU of the host that is online. */
typedef struct gpuvm_cpu {
    int id;
    int core;  /* the first CPU of its core: that of threads is the same */
    int cache; /* the first one that shares its L3 cache; GPUVM_UNKNOWN */
} gpuvm_cpu;

/** A NUMA cell of the host. */
typedef struct gpuvm_cell {
    int id;
    uint64_t memory_kib; /* 0: unknown */
    GArray *cpus;        /* gpuvm_cpu, by id */
    GArray *pages;       /* gpuvm_pages: hugepages, as libvirt's capabilities give them */
    GArray *distances;   /* gpuvm_distance, to all cells; empty: unknown */
} gpuvm_cell;

typedef struct gpuvm_pages {
    uint64_t size_kib;
    uint64_t total;
    uint64_t free; /* GPUVM_PAGES_UNKNOWN: not known */
} gpuvm_pages;

#define GPUVM_PAGES_UNKNOWN UINT64_MAX

/** How far the cell @id is, as ACPI's SLIT counts: 10 for the cell itself. */
typedef struct gpuvm_distance {
    int id;
    unsigned value;
} gpuvm_distance;

gpuvm_cell *gpuvm_cell_new(int id);
void gpuvm_cell_free(gpuvm_cell *cell);

/** A domain of the host, as far as devices go. */
typedef struct gpuvm_claim {
    char *domain;
    char *uuid;
    bool active;
    uint64_t memory_kib;      /* of the guest, at its next start; 0: unknown */
    uint64_t memory_now_kib;  /* that it runs with; 0: it does not, or it has reserved hugepages */
    bool hugepages;           /* the former comes from those that the host has reserved */
    uint64_t memory_live_kib; /* that it runs with, whatever pages; 0: it does not */
    uint64_t cpus_now;        /* that it runs with; 0: it does not */
    bool
        left; /* it is off, and gpuvm run made it: a power cut left its definition, by which it claims nothing */
    char *metadata;   /* gpuvm's element of its metadata, as XML; NULL: gpuvm does not manage it */
    char *deployment; /* whose replica it is planned to be in this run; NULL */
    /* gpuvm_pci_addr of its PCI hostdevs, in address order, no duplicates: */
    GArray *now;  /* what it runs with; of a domain that is off, none */
    GArray *next; /* what its definition names, for its next start */
    /* int, ascending: the host's CPUs that a CPU of its own is pinned to, by itself */
    GArray *pins_now;  /* as it runs; of a domain that is off, none */
    GArray *pins;      /* at its next start */
    GArray *nodes;     /* int, ascending: the host's cells that its memory is taken from; empty: any */
    GPtrArray *writes; /* char *, owned: the disks that it alone writes to now, as gpuvm_asset names them */
    GPtrArray *shares; /* the same of the others that it has now: it reads them only, or shares them */
} gpuvm_claim;

gpuvm_claim *gpuvm_claim_new(const char *domain, const char *uuid);
void gpuvm_claim_free(gpuvm_claim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_claim, gpuvm_claim_free)

/** Whether the domain runs with the function at @addr now. */
bool gpuvm_claim_has(const gpuvm_claim *claim, const gpuvm_pci_addr *addr);

/** Whether it runs, and its next start will have other devices than it has now. */
bool gpuvm_claim_waits(const gpuvm_claim *claim);

/** What the host itself does with a device or a disk: in the order of gpuvm_use_names. */
typedef enum gpuvm_use_kind {
    GPUVM_USE_STORAGE, /* a mounted file system or swap is on it, a volume group or an array is made of it */
    GPUVM_USE_NETWORK, /* it carries a default route */
    GPUVM_USE_ADDRESS, /* a network interface of it has an address */
    GPUVM_USE_HOLDER,  /* a process has it open, or its interface is up */
} gpuvm_use_kind;

/** "storage", "network", "addresses", "holders", NULL: as a policy's protect writes them. */
extern const char *const gpuvm_use_names[];

typedef struct gpuvm_use {
    gpuvm_use_kind kind;
    bool root;     /* the root file system */
    bool readonly; /* of a disk: it is only read */
    char *what;    /* "holds the file system mounted at /srv" */
    char *remedy;  /* the command that frees it; NULL */
    char *disk;    /* of a disk: the one that is in use itself, maybe a part, or the whole, of it; NULL */
} gpuvm_use;

/** What a running domain has of the host, besides devices. */
typedef struct gpuvm_load {
    uint64_t memory_kib, cpus;
} gpuvm_load;

typedef struct gpuvm_facts {
    GHashTable *devices; /* gpuvm_pci_addr * → gpuvm_device *, which it owns */
    GPtrArray *sorted;   /* the same in address order; empty: not asked for since one was added */
    GPtrArray *claims;   /* gpuvm_claim, by domain name */
    GHashTable *claimed; /* gpuvm_pci_addr * → GPtrArray of gpuvm_claim, by domain name, borrowed */
    GHashTable *pinned;  /* a CPU's number → the same of its pins */
    /* char *, a disk by name and by identity (gpuvm_asset) → char *, a domain that runs with it: */
    GHashTable *writers;   /* the one that alone writes to it */
    GHashTable *sharers;   /* one of those that read it only, or share it */
    GHashTable *strangers; /* char *, a running domain that gpuvm does not manage → gpuvm_load */
    GPtrArray *cells;      /* gpuvm_cell, by id */
    gpuvm_host host;
    uint64_t memory_kib;   /* of the host; 0: unknown */
    unsigned cpus;         /* online; 0: unknown */
    uint64_t address_bits; /* of physical addresses, as its CPUs have them; 0: unknown */
    char *uuid;            /* the host's; NULL: unknown */
    char *arch;            /* "x86_64"; NULL: unknown */
    char *domain_type;     /* "kvm", "qemu", "test" */
    char *emulator;        /* path; NULL: libvirt's choice */
    bool local;            /* sysfs additions could be read */
    bool iommu;            /* some device has an IOMMU group, or capabilities say so */
    bool processes_hidden; /* some processes could not be looked into, so holders may be missing from uses */
    GHashTable *uses;      /* gpuvm_pci_addr * → GPtrArray of gpuvm_use; NULL: nobody could look */
    GHashTable *disk_uses; /* char *, a disk's identity (gpuvm_asset) → the same */
    char *policy;          /* a host file's copy of the host's policy, as text; NULL */
    char *defaults;        /* the same of its defaults */
} gpuvm_facts;

gpuvm_facts *gpuvm_facts_new(void);
void gpuvm_facts_free(gpuvm_facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_facts, gpuvm_facts_free)

/** Takes ownership of @device; replaces an older one with the same address. */
void gpuvm_facts_add_device(gpuvm_facts *facts, gpuvm_device *device);
const gpuvm_device *gpuvm_facts_device(const gpuvm_facts *facts, const gpuvm_pci_addr *addr);

/** All devices in address order: a reference of an array that is @facts' own, and good until a device is added. */
GPtrArray *gpuvm_facts_devices(const gpuvm_facts *facts);

/** The known functions at @addr's slot, in order (free the array only). */
GPtrArray *gpuvm_facts_slot(const gpuvm_facts *facts, const gpuvm_pci_addr *addr);

/** The same without virtual functions of a physical one there: each of these is a card of its own. */
GPtrArray *gpuvm_facts_card(const gpuvm_facts *facts, const gpuvm_pci_addr *addr);

/**
 * Takes ownership of @claim; replaces an older one of the same domain. One without devices, pins, and memory that it runs
 * with is not kept, nor one that is left, but for its disks, and what it takes when gpuvm does not manage it.
 */
void gpuvm_facts_add_claim(gpuvm_facts *facts, gpuvm_claim *claim);

/** Takes the claim of the domain @name out of @facts, to be changed and added again, or freed; NULL: there is none. */
gpuvm_claim *gpuvm_facts_take_claim(gpuvm_facts *facts, const char *name);

/** As if the domain @name was in nobody's way: it claims nothing, and writes to no disk alone; its emulator may have some open. */
void gpuvm_facts_forget_domain(gpuvm_facts *facts, const char *name);

/** The claim of the domain @name; NULL. */
const gpuvm_claim *gpuvm_facts_claim(const gpuvm_facts *facts, const char *name);

/**
 * The claims on @addr, for now or for the next start, by domains other than @except (NULL: by all), those of running
 * domains first (free the array only).
 */
GPtrArray *gpuvm_facts_claims(const gpuvm_facts *facts, const gpuvm_pci_addr *addr, const char *except);

/** A domain other than @except (NULL: any) that pins one of its own to the host's CPU @cpu: one that runs so, else one that
 * will, at its next start; NULL. */
const gpuvm_claim *gpuvm_facts_pinner(const gpuvm_facts *facts, int cpu, const char *except);

/** The running domain, other than @except, that alone writes to the disk @name; NULL: none. */
const char *gpuvm_facts_writer(const gpuvm_facts *facts, const char *name, const char *except);

/** Whether a running domain has the disk @name, in whatever way. */
bool gpuvm_facts_runs_with(const gpuvm_facts *facts, const char *name);

/** The disk @name, which domains may run with, is also called @identity. */
void gpuvm_facts_identify(gpuvm_facts *facts, const char *name, const char *identity);

const gpuvm_cell *gpuvm_facts_cell(const gpuvm_facts *facts, int id);

/** Says that the uses of devices were looked for, though none was found yet. */
void gpuvm_facts_looked_for_uses(gpuvm_facts *facts);

/** Adds a use of the function at @addr; @what and @remedy are copied. One that is there already is not added. */
void gpuvm_facts_add_use(gpuvm_facts *facts, const gpuvm_pci_addr *addr, gpuvm_use_kind kind, bool root,
                         const char *what, const char *remedy);

/** What the host does with the function at @addr (gpuvm_use); NULL: nothing that is known. */
const GPtrArray *gpuvm_facts_uses(const gpuvm_facts *facts, const gpuvm_pci_addr *addr);

/** The same of disks, by identity. @use is copied. */
void gpuvm_facts_looked_at_disks(gpuvm_facts *facts);
void gpuvm_facts_add_disk_use(gpuvm_facts *facts, const char *identity, const gpuvm_use *use);
const GPtrArray *gpuvm_facts_disk_uses(const gpuvm_facts *facts, const char *identity);

/** As if nobody had looked for uses, of devices or of disks. */
void gpuvm_facts_forget_uses(gpuvm_facts *facts);
