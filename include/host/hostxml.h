/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostxml.h: a connection's host → a host file (host/hostfile.h)
 */
#pragma once

#include "host/connection.h"

/**
 * The text of a host file with everything that a plan may depend on: capabilities, every PCI device with its sysfs
 * additions, the claims of every domain, its policy and defaults. @facts has everything but the devices, which are added. Serial numbers and the host's UUID are left out unless @full.
 */
char *gpuvm_capture(gpuvm_connection *connection, gpuvm_facts *facts, bool full, GError **error);
