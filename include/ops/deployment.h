/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * deployment.h: the replicas of a deployment become what its definition says
 *
 * Nothing remembers a deployment but its replicas (ops/fleet.h), so whatever was begun and not finished is gone on with by doing
 * it again. What went wrong is in the session's diagnostics; false then.
 */
#pragma once

#include "ops/define.h"
#include "ops/stop.h"

/** How it is done, and who is told of each replica. */
typedef struct gpuvm_deployment_options {
    const gpuvm_start_options *start; /* NULL: none is started or stopped, but for those that are too many */
    gpuvm_stop_options stop;
    unsigned parallel;    /* so many are started at once; at least 1, as the next */
    unsigned unavailable; /* so many are stopped at once to be started with another definition */
    bool update;          /* that is done; else they are left as they are, and a note says so */
    bool storage;         /* when one is removed, so are its volumes and UEFI variables */
    void (*defined)(void *data, const char *name, gpuvm_change change);
    void (*started)(void *data, const char *name, bool running, gpuvm_outcome outcome);
    void (*stopped)(void *data, const char *name, bool off);
    void (*healthy)(void *data, const char *name, bool healthy);
    void (*removed)(void *data, const char *name);
    void *data;
} gpuvm_deployment_options;

/**
 * Plans all replicas of @definition (taken), a deployment; when nothing stands in the way of any, defines those that are new,
 * off or as they should be, removes those that are too many, has those that run with another definition stopped, defined,
 * started and healthy again, some at a time, and at last starts those that are off. That stops at the first that fails; of
 * those that are off, one that cannot be started does not keep the others from it.
 */
bool gpuvm_deployment_apply(gpuvm_session *session, gpuvm_definition *definition,
                            const gpuvm_deployment_options *options);

/** The same with the definition that deployment @name has, with @replicas, as text. */
bool gpuvm_deployment_scale(gpuvm_session *session, const char *name, const char *replicas,
                            const gpuvm_deployment_options *options);

/** Stops and starts all replicas of @name as apply does, with the definitions they have. */
bool
gpuvm_deployment_restart(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options);

/** Stops and removes all replicas of @name, the highest first. */
bool
gpuvm_deployment_delete(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options);
