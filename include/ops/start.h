/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start.h: starting a VM, watched
 *
 * libvirt's call comes back when the guest runs, which takes as long as pinning its memory does, or never, when a
 * driver does not let go of a device. So it runs in a thread of its own while this one watches the drivers.
 */
#pragma once

#include "ops/lifecycle.h"

typedef struct gpuvm_start_options {
    int wait_free; /* seconds to wait for processes that have a device open */
    bool planned;  /* just now: warnings and notes were given */
    int timeout;   /* seconds after which a start is given up; 0: by the VM's memory and its devices' */
} gpuvm_start_options;

/**
 * Checks everything again (ops/startcheck.h), then starts domain @name. One that runs is nothing to do. When libvirt
 * fails, or does not come back in time, functions that it left behind go back to their drivers, as far as that can be
 * done, and the driver that each has is said.
 */
bool gpuvm_start(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
                 gpuvm_outcome *ret_outcome);

/* The same for who has the VM's lock. */
bool gpuvm_start_locked(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
                        gpuvm_outcome *ret_outcome);
