/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * identity.h: what tells a PCI function from others, wherever it is: addresses shift when cards are added or moved
 */
#pragma once

#include <stdint.h>

#include <glib.h>

typedef struct gpuvm_identity {
    uint16_t vendor_id, device_id;
    uint32_t subsystem; /* vendor << 16 | device; 0: not known */
    char *serial;       /* of its card's vital product data; NULL: not known, or not of this card alone */
    /*
     * The ports above it, as lspci -PP writes them: numbers of devices, which stay when buses are numbered otherwise
     * ("0000:00:01.0/00.0"); of the third virtual function of that, "0000:00:01.0/00.0/vf2". NULL: not known.
     */
    char *path;
} gpuvm_identity;

/** Frees what @identity owns. */
void gpuvm_identity_clear(gpuvm_identity *identity);

/** Such a path, of what is at @sysfs ("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0", or a link there); NULL. g_malloc. */
char *gpuvm_identity_path(const char *sysfs);

/** NULL is fine. */
void gpuvm_identity_free(gpuvm_identity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_identity, gpuvm_identity_free)
