/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * observe.h: what can be seen of a host besides its devices
 */
#pragma once

#include "host/connection.h"
#include "model/fitness.h"

/** What /proc, /sys, /etc and /dev under @root say ("": this machine); what is not there stays unknown. */
void gpuvm_observe_files(const char *root, gpuvm_observations *seen);

/** MemAvailable of /proc/meminfo under @root, in KiB; 0 when it cannot be read. */
uint64_t gpuvm_observe_available(const char *root);

/** What libvirt says: versions, guest firmware, the default network. What it does not answer stays unknown. */
void gpuvm_observe_libvirt(gpuvm_connection *connection, gpuvm_observations *seen);
