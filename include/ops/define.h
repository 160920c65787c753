/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define.h: definitions → defined domains
 */
#pragma once

#include "ops/compare.h"
#include "ops/start.h"

/** How VMs are defined, and who is told of each. */
typedef struct gpuvm_define_options {
    bool create;          /* a domain of a VM's name must not be there */
    bool check;           /* none is defined when one of them may not start */
    bool adopt;           /* take over a domain that gpuvm does not manage */
    const char *expected; /* the persistent XML that the domain must have still; NULL: any */
    bool autostart;       /* start it with the host, whatever the definition says */
    const char *set;      /* the set that the VMs belong to from now on; NULL: they stay where they are */
    bool prune;           /* remove the VMs of the set that the definitions do not have */
    bool stop, storage;   /* … and stop them first; … and the volumes of their own */
    const gpuvm_start_options *start; /* how each is started when all are defined; NULL: they are not */
    bool restarts;                    /* the caller does it with those that run and were changed */
    /* all were planned, and nothing is in their way so far: takes those out of @now that are not defined now; NULL */
    void (*planned)(void *data, GPtrArray *now);
    /* each VM that is going to be removed; that was defined or removed; that was started, or could not be */
    void (*removing)(void *data, const char *name);
    void (*defined)(void *data, const char *name, gpuvm_change change);
    void (*started)(void *data, const char *name, bool running, gpuvm_outcome outcome);
    void *data;
} gpuvm_define_options;

/** Whether @draft, which is planned, may be defined in place of the domain that is there under its name, if any. */
bool
gpuvm_define_check(gpuvm_session *session, const gpuvm_draft *draft, const gpuvm_define_options *options);

/**
 * Plans the VMs of @definitions (gpuvm_definition, taken), as if those that are to be removed were gone, and when nothing
 * stands in the way of any, makes what they need of the storage pool, defines them in their order, removes those that are to
 * be removed, and starts the former. An existing domain keeps its UUID and MAC.
 * After one that cannot be defined nothing more is, and what was made for the rest is removed; one that cannot be
 * started does not keep the others from it. Whether all of it was done.
 */
bool gpuvm_define_all(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options);

/**
 * What gpuvm_define_all would do (gpuvm_comparison, owned by the array), in the order of @definitions (taken), when nothing
 * stands in the way of any VM; NULL: see the diagnostics. Nothing is changed, fetched or waited for.
 */
GPtrArray *
gpuvm_define_compare(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options);

/** The same for @drafts (gpuvm_draft), which may have been planned before, and are planned anew. */
bool
gpuvm_define_drafts(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options);
