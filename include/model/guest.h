/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.h: what a domain's XML names of the host besides PCI devices
 *
 * Read from a definition, whether gpuvm made it or somebody edited it, and from what other domains run with.
 */
#pragma once

#include "base/diag.h"
#include "base/xml.h"

typedef enum gpuvm_asset_kind {
    GPUVM_ASSET_FILE,      /* a file, block device or directory, by its path */
    GPUVM_ASSET_INTERFACE, /* a network interface of the host's, such as a bridge */
    GPUVM_ASSET_NETWORK,   /* of libvirt's */
    GPUVM_ASSET_VOLUME,    /* of a storage pool of libvirt's: "POOL/VOLUME" */
    GPUVM_ASSET_DOMAIN, /* another domain, whose log a log would be, too, by its name: there should be none */
} gpuvm_asset_kind;

typedef struct gpuvm_asset {
    gpuvm_asset_kind kind;
    char *what;      /* it is to the guest: "kernel", "disk vda", "bridge" */
    char *name;      /* what it is called on the host */
    char *path;      /* where a disk really is, without links; NULL: not seen */
    gpuvm_mark mark; /* what asked for it; no place when a domain's XML did */
    bool disk, readonly, shareable;
    bool block;     /* a block device, as far as the domain's XML tells, or as it is seen to be */
    bool optional;  /* the domain starts without it, too */
    bool at_define; /* it is needed already then */
    bool unseen;    /* a volume that is somewhere on the host, but where, only libvirt could tell */
    /* of the host: 1, 0 or GPUVM_UNKNOWN */
    int exists;
    int active;         /* a network, or the pool of a volume */
    int passes_devices; /* a network that gives each guest a PCI function, or a whole interface, of the host's */
    bool passes_pci;    /* such a function */
    int claimed;        /* a block device: the kernel has given it, or a part of it, to one user alone */
    /*
     * What a disk is, whatever it is called: a block device by the kernel's name, "sda1", or its number where that is not
     * known, "8:1"; a file by device and inode, "file/8:1/1234". NULL: it is not seen.
     */
    char *identity;
    GPtrArray *below; /* char *, owned: the identities of what it is a part of, or made of; NULL */
    GPtrArray *paths; /* char *, owned: those of a block device in /dev; NULL */
    /* a disk that is an image */
    char *format;   /* that its users are told: "raw", "qcow2" …; NULL: none */
    bool guessed;   /* by its name: the definition does not say it */
    GBytes *head;   /* what it begins with; NULL: not seen, or not looked at */
    int failed;     /* the errno of reading that; 0: it was read, or may not be */
    char *above;    /* the path of the image that names it as a part of itself; NULL: a domain names it */
    char *image;    /* the identity of that image; NULL */
    char *beside;   /* the directory that this one really is in */
    unsigned level; /* how many images are above it */
} gpuvm_asset;

/** Bytes of an image that are looked at: the names in its header are there, unless somebody made it by hand. */
#define GPUVM_ASSET_HEAD (64 * 1024)

/** Nothing is known of it. @what is taken. */
gpuvm_asset *gpuvm_asset_new(gpuvm_asset_kind kind, char *what, const char *name);
void gpuvm_asset_free(gpuvm_asset *asset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_asset, gpuvm_asset_free)

typedef struct gpuvm_guest {
    uint64_t memory_kib; /* 0: unknown */
    bool emulated;       /* its processors are QEMU's, without KVM */
    bool boots;          /* a kernel, a disk or a network is there to boot from, passed devices aside */
    GPtrArray *assets;   /* gpuvm_asset, owned, in the order of the XML */
    xmlDoc *doc;         /* what it was read from, when that was a whole document; else NULL */
} gpuvm_guest;

void gpuvm_guest_free(gpuvm_guest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_guest, gpuvm_guest_free)

bool gpuvm_guest_has_disks(const gpuvm_guest *guest);

/** What was seen of its assets is not known any more; those that only images name are gone. */
void gpuvm_guest_forget(gpuvm_guest *guest);

/** How many CPUs the <domain> @element has; 0: it does not say. */
uint64_t gpuvm_guest_cpus(const xmlNode *element);

/** The memory of the <domain> @element alone; left as it is when it says none. Errors are as base/xml.h says. */
bool gpuvm_guest_memory(const xmlNode *element, uint64_t *ret_kib, GError **error);

/** The <target> of the virtio port @name of the <domain> @element; NULL: it has none. */
const xmlNode *gpuvm_guest_port(const xmlNode *element, const char *name);

/** Reads the <domain> @element; errors are as base/xml.h says. */
gpuvm_guest *gpuvm_guest_from_element(const xmlNode *element, GError **error);

/** The same of a whole document. */
gpuvm_guest *gpuvm_guest_parse(const char *xml, GError **error);

/**
 * Fills in whether the network @asset, whose XML is @network, gives each guest a PCI function of the host's (<forward
 * mode='hostdev'>) or a whole interface (mode='passthrough'): one that no plan has seen. NULL: it cannot be read, and may.
 */
void gpuvm_asset_learn_network(gpuvm_asset *asset, const xmlNode *network);
