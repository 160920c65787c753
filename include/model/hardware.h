/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hardware.h: what a domain's XML says of its CPUs, memory, disks and network interfaces, to be shown
 */
#pragma once

#include "base/xml.h"

/** A disk; all are NULL where the XML says nothing. */
typedef struct gpuvm_hardware_disk {
    char *target; /* "vda" */
    char *source; /* a path, or "POOL/VOLUME" */
    bool readonly;
} gpuvm_hardware_disk;

/** An interface, likewise. */
typedef struct gpuvm_hardware_nic {
    char *mac;
    char *type;   /* "network", "bridge" … */
    char *source; /* what of that sort it is on */
} gpuvm_hardware_nic;

typedef struct gpuvm_hardware {
    uint64_t cpus, memory_kib; /* 0: unknown */
    GPtrArray *disks, *nics;   /* owned */
} gpuvm_hardware;

/** Of the <domain> @element; what is not as libvirt writes it counts as unknown. */
gpuvm_hardware *gpuvm_hardware_read(const xmlNode *element);
void gpuvm_hardware_free(gpuvm_hardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_hardware, gpuvm_hardware_free)
