/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * planner.h: a definition, policies and facts → a plan
 *
 * The one road: select → admit → place → guest PCI. Same input, same plan, whatever the order of the definition's devices or of the facts.
 */
#pragma once

#include "core/admission.h"
#include "model/lockfile.h"

/** Everything a plan is made from. All borrowed. */
typedef struct gpuvm_plan_input {
    const gpuvm_vm *vm;             /* with what its plugin gives */
    const gpuvm_plugin *plugin;     /* NULL: it has none */
    const gpuvm_deployed *deployed; /* NULL: it is of no deployment */
    unsigned replica;
    const char *source;    /* the file it came from, as given */
    const char *directory; /* absolute: what its relative paths start from */
    const gpuvm_facts *facts;
    const gpuvm_policies *policies;
    const char *pool, *pool_path;  /* the storage pool for images, and its directory on the host */
    GBytes *key;                   /* that digests of secrets are sealed with (core/secret.h); NULL */
    const gpuvm_locked_host *lock; /* what addresses mean on this host; NULL: what is there */
    const char *set;               /* that it comes to belong to; NULL: the one of its record */
    bool transient;                /* as gpuvm_plan has it */
    /* of the domain as it is defined now; NULL when there is none */
    const char *uuid, *mac;
    const gpuvm_record *record;
    bool running;  /* it has its memory already */
    bool together; /* it is to run at once with whatever else names devices */
    bool
        unrecorded; /* it is asked for its own sake: the plan has no definition and no digest, and is no good for domain XML */
} gpuvm_plan_input;

/**
 * Makes the plan and adds what stands in its way to @diags. It is returned in any case, to be shown; it is
 * good for domain XML only when no error was added. Borrows from @input's vm and facts.
 */
gpuvm_plan *gpuvm_planner_make(const gpuvm_plan_input *input, gpuvm_diags *diags);

/**
 * What the devices of @plan are judged with, and those that it has; without absent ones and diagnostics. @running: as above. All
 * borrowed.
 */
gpuvm_admission gpuvm_planner_admission(const gpuvm_plan *plan, bool running, const gpuvm_facts *facts,
                                        const gpuvm_policies *policies);
