/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h: a definition → a VM that runs here and now, and leaves nothing
 *
 * Its domain is transient: libvirt keeps no definition of it, and gpuvm marks it as such in its metadata. Devices are chosen under the
 * host's lock. Whatever fails, and whoever interrupts it, nothing stays: no domain, no volume that was made for it, no device that is
 * not on its driver; what a process that was killed left, the next run removes.
 */
#pragma once

#include "ops/start.h"

typedef struct gpuvm_run_options {
    const char *name;    /* the VM's, or, of several definitions, the one that is meant; NULL */
    const char *replica; /* its number, as text; NULL: it is none */
    gpuvm_start_options start;
} gpuvm_run_options;

/** A VM that was run. */
typedef struct gpuvm_ran {
    char *name;
    char *uuid, *xml;      /* of its domain; what that was made of */
    gpuvm_outcome outcome; /* GPUVM_NOTHING_TO_DO: it ran already, by the same definition */
} gpuvm_ran;

void gpuvm_ran_free(gpuvm_ran *ran);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_ran, gpuvm_ran_free)

/** Runs the VM of @file ("-": standard input); NULL: see the diagnostics. */
gpuvm_ran *gpuvm_run(gpuvm_session *session, const char *file, const gpuvm_run_options *options);

/**
 * Waits until @ran is healthy; one that was started by this run, and is not, is stopped, and nothing of it stays. False: see the
 * diagnostics.
 */
bool gpuvm_run_await(gpuvm_session *session, const gpuvm_ran *ran);
