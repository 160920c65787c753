/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fitness.h: is this host fit to pass GPUs to VMs, and if not, what to type?
 *
 * A topic is a function, of the GPUs in fitness_gpus.c, and a row of the table in fitness.c. What could not be seen is said to be unknown.
 */
#pragma once

#include "base/diag.h"
#include "core/policies.h"
#include "model/facts.h"

typedef enum gpuvm_verdict { GPUVM_PASS, GPUVM_WARN, GPUVM_FAIL, GPUVM_CANNOT_SEE } gpuvm_verdict;

/** "PASS", "WARN", "FAIL", "unknown", NULL. */
extern const char *const gpuvm_verdict_names[];

typedef struct gpuvm_finding {
    const char *topic; /* "IOMMU groups" */
    gpuvm_verdict verdict;
    char *evidence; /* what was seen, one line */
    char *remedy;   /* commands to type or steps to take, lines; NULL */
    char *each;     /* of a GPU: what is said of all that are alike; NULL: it is of none */
} gpuvm_finding;

void gpuvm_finding_free(gpuvm_finding *finding);

typedef struct gpuvm_fitness_input {
    const gpuvm_diag *no_libvirt;   /* why there is no connection; NULL: there is one, or none was wanted */
    const gpuvm_facts *facts;       /* every device of the host */
    const gpuvm_policies *policies; /* none: a policy is wrong, and nothing is allowed */
} gpuvm_fitness_input;

/** The findings (gpuvm_finding, owned by the array), in the order in which remedying them makes sense. */
GPtrArray *gpuvm_fitness_check(const gpuvm_fitness_input *input);

/**
 * @findings in short, likewise: of GPUs that are alike one says how many there are; those that have what they need, or are just
 * there, are left out of a topic where others have not.
 */
GPtrArray *gpuvm_fitness_summary(const GPtrArray *findings);
