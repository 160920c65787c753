/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare.h: a planned definition beside the domain that there is: what define would make of it
 */
#pragma once

#include "core/diff.h"
#include "ops/draft.h"

typedef enum gpuvm_step {
    GPUVM_STEP_CREATE,
    GPUVM_STEP_UPDATE,
    GPUVM_STEP_UNCHANGED,
    GPUVM_STEP_REMOVE,
    GPUVM_STEP_SURPLUS, /* a replica that its deployment is no longer to have, and that define leaves */
} gpuvm_step;

/** "create", "update", "unchanged", "remove", "too many". */
extern const char *const gpuvm_step_names[];

typedef struct gpuvm_comparison {
    char *name;
    char *source; /* the definition's file, as given; of one to be removed, that of its last define; NULL */
    gpuvm_step step;
    int drifted;            /* whether the domain was changed outside gpuvm: as gpuvm_drift_look */
    GPtrArray *differences; /* gpuvm_difference, owned; none unless the step is an update */
} gpuvm_comparison;

/** Nothing differs. */
gpuvm_comparison *gpuvm_comparison_new(const char *name, const char *source, gpuvm_step step);
void gpuvm_comparison_free(gpuvm_comparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_comparison, gpuvm_comparison_free)

/** Compares @draft, which is planned with a connection. NULL: see the diagnostics. */
gpuvm_comparison *gpuvm_compare(gpuvm_session *session, gpuvm_draft *draft);
