/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h: what is active on a host, as libvirt's daemons keep it for themselves in files, for root to read: known without
 * asking them
 *
 * The files are under @root ("": this machine).
 */
#pragma once

#include "model/facts.h"
#include "model/guest.h"

/**
 * Adds to @facts what the running domains of the QEMU driver have, their disks by what they are, too. One that cannot be read,
 * or is wrong, is an error (GPUVM_EXIT_FAILED, GPUVM_EXIT_INVALID).
 */
bool gpuvm_state_domains(const char *root, gpuvm_facts *facts, GError **error);

/** Fills in, of @assets (gpuvm_asset) from the @first on, where volumes are and which networks pass devices. */
void gpuvm_state_look(const char *root, const GPtrArray *assets, guint first);

/** Whether a domain of the QEMU driver is called @name, or may be. */
bool gpuvm_state_has_domain(const char *root, const char *name);

/**
 * Adds to @addrs (gpuvm_pci_addr) the functions that libvirt has taken from the host for the running domain @name, and will give back:
 * not those that were on a driver of VFIO's before. False when that cannot be seen, as by others than root.
 */
bool gpuvm_state_taken(const char *root, const char *name, GArray *addrs);

/** The directory of storage pool @name; NULL: it is not known. g_malloc. */
char *gpuvm_state_pool_path(const char *root, const char *name);

/**
 * Where volume @name, "POOL/VOLUME", is; NULL: it is not known, and *@ret_unseen (may be NULL) says whether it is somewhere on
 * the host all the same, or may be. g_malloc.
 */
char *gpuvm_state_volume_path(const char *root, const char *name, bool *ret_unseen);
