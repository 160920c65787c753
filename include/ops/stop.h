/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stop.h: stopping guests
 */
#pragma once

#include "ops/lifecycle.h"

/** How a guest is stopped. */
typedef struct gpuvm_stop_options {
    unsigned seconds; /* that it may take to shut down, when it is asked to */
    bool force;       /* it is stopped at once instead */
} gpuvm_stop_options;

/**
 * Stops the guest of @name. One that is off is nothing to do. A guest that is asked is asked again every 10 s, by its power button
 * (ACPI): while it boots nobody listens to that, and one that shuts down already takes no notice (systemd-logind, acpid). One that is
 * on when the time is over is GPUVM_EXIT_UNHEALTHY.
 */
bool gpuvm_stop(gpuvm_session *session, const char *name, const gpuvm_stop_options *options,
                gpuvm_outcome *ret_outcome);

/**
 * Stops the guests of those of @names (char *) that run, all together; @told is called with each that is off then, or was asked
 * to and is not. Whether all are off.
 */
bool gpuvm_stop_all(gpuvm_session *session, const GPtrArray *names, const gpuvm_stop_options *options,
                    void (*told)(void *data, const char *name, bool off), void *data);
