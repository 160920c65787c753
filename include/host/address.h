/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address.h: the addresses that a running guest has, as far as somebody knows them
 */
#pragma once

#include "host/domain.h"

/** Who knows, the quickest first. */
typedef enum gpuvm_address_source {
    GPUVM_ADDRESS_LEASES, /* of libvirt's own networks */
    GPUVM_ADDRESS_ARP,    /* the host's neighbours, by the MAC addresses of the guest's NICs */
    GPUVM_ADDRESS_AGENT,  /* the guest itself: may take seconds; asked only when its agent is connected */
    GPUVM_ADDRESS_SOURCES,
} gpuvm_address_source;

/**
 * What @source knows of @domain (char *, owned by the array; may be empty), in its order. The guest agent also tells of
 * networks inside the guest: these are left out when a NIC of the domain's has an address. @root: where this machine's
 * files are, "" but for tests; NULL when the domain is on another machine. @apart: ask an agent, which may hang, on a
 * connection of its own where that can be had, so that calls of other threads do not wait for it.
 */
GPtrArray *gpuvm_address_list(gpuvm_domain *domain, gpuvm_address_source source, const char *root, bool apart,
                              GError **error);

/** The addresses of this machine's network interfaces, and those that reach all of a network (char *, owned by the array). */
GPtrArray *gpuvm_address_own(GError **error);
