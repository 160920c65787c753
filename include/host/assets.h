/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * assets.h: what the host has of what a domain names besides PCI devices
 *
 * Files and interfaces are seen on local connections only; networks and volumes are libvirt's.
 */
#pragma once

#include "host/connection.h"
#include "model/facts.h"
#include "model/guest.h"

/** Fills in what is known of each of @assets (gpuvm_asset) from the @first on. What libvirt does not tell stays unknown. */
void gpuvm_assets_look(gpuvm_connection *connection, const GPtrArray *assets, guint first);

/** The same of what the files of a host tell, below @root ("": this machine). */
void gpuvm_assets_look_at_files(const char *root, const GPtrArray *assets, guint first);

/** Where volume @name, "POOL/VOLUME", is; NULL: it is not known. g_malloc. */
typedef char *gpuvm_assets_finder(void *data, const char *name);

/** Tells the disks that running domains have by what they are, too: who names them otherwise has the same. */
void gpuvm_assets_identify(const char *root, gpuvm_facts *facts, gpuvm_assets_finder *find, void *data);

/** The same, on local connections, with what libvirt says of volumes. */
void gpuvm_assets_identify_running(gpuvm_connection *connection, gpuvm_facts *facts);

/**
 * Starts each network among @assets that was seen to be inactive: the domain could not start otherwise. Calls @started with
 * the name of each.
 */
bool gpuvm_assets_start_networks(gpuvm_connection *connection, const GPtrArray *assets,
                                 void (*started)(void *data, const char *name), void *data, GError **error);
