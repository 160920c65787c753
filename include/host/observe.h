/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * observe.h: what can be seen of a host besides its devices
 */
#pragma once

#include "host/connection.h"
#include "model/host.h"

/** What /proc, /sys, /etc and /dev under @root say ("": this machine); what is not there stays unknown. */
void gpuvm_observe_files(const char *root, gpuvm_host *host);

/** Of that, the newest kernel alone. */
void gpuvm_observe_kernel(const char *root, gpuvm_host *host);

/**
 * What libvirt says: versions, guest firmware, the default network. What it does not answer stays unknown; returns whether it
 * answered all but what some hypervisors have no answer to: the firmware.
 */
bool gpuvm_observe_libvirt(gpuvm_connection *connection, gpuvm_host *host);
