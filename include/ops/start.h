/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start.h: starting VMs, watched
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

/**
 * The same for who has the VM's lock, and the host's, of the transient domain @xml of gpuvm's, which is not there. @listed is called
 * when it is seen by others that choose devices. Of one that cannot be started, or whose start is interrupted, nothing is left.
 */
bool gpuvm_start_transient(gpuvm_session *session, const char *xml, const gpuvm_start_options *options,
                           void (*listed)(void *data), void *data);

/** How several VMs are started, and who is told of each. */
typedef struct gpuvm_start_all_options {
    const gpuvm_start_options *start;
    unsigned parallel; /* so many at once, at least one */
    const char
        *what; /* that is started, as the progress of more than that says it; NULL: it is not reported */
    /* each that is over; what went wrong is in the diagnostics, about it */
    void (*told)(void *data, const char *name, bool running, gpuvm_outcome outcome);
    void *data;
} gpuvm_start_all_options;

/**
 * Starts each of @names (char *) as gpuvm_start does; one that cannot be started does not keep the others from it. Whether all
 * run.
 */
bool gpuvm_start_all(gpuvm_session *session, const GPtrArray *names, const gpuvm_start_all_options *how);
