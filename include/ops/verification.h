/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verification.h: a running VM is looked at from inside, through its guest's agent
 */
#pragma once

#include "core/verify.h"
#include "ops/lifecycle.h"

typedef struct gpuvm_verify_options {
    const char *command; /* that the guest's shell runs besides; NULL: none */
    unsigned seconds;    /* that the guest may take for its answer, and again for the command */
    unsigned patience;   /* seconds that are waited for an agent, and for what a boot does late; 0: none */
    bool (*stop)(void);  /* ends the waiting; NULL: never */
} gpuvm_verify_options;

#define GPUVM_VERIFY_SECONDS 120 /* when nobody says another */

typedef struct gpuvm_verification {
    GPtrArray *promises;  /* gpuvm_promise, owned */
    unsigned differences; /* so many of them */
    char **output;        /* the last lines that the command printed; NULL: there was none */
} gpuvm_verification;

void gpuvm_verification_free(gpuvm_verification *verification);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_verification, gpuvm_verification_free)

/**
 * Compares what the VM @name runs with to what its guest shows. Differences are an error (GPUVM_EXIT_UNHEALTHY), too, as is a
 * guest that cannot be asked. NULL: see the diagnostics.
 */
gpuvm_verification *
gpuvm_verify(gpuvm_session *session, const char *name, const gpuvm_verify_options *options);
