/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: libvirt's virtual networks, as far as domains need them
 */
#pragma once

#include "host/connection.h"

/**
 * Starts each of libvirt's networks that the domain of @xml is on and that is defined but not active: the domain
 * could not start otherwise. Calls @started, which may be NULL, with the name of each. One that passes PCI functions is
 * refused (exit code 4); one that is not defined is left for libvirt to name.
 */
bool gpuvm_networks_start(gpuvm_connection *connection, const char *xml,
                          void (*started)(void *data, const char *name), void *data, GError **error);
