/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fitness.h: is this host fit to pass GPUs to VMs, and if not, what to type?
 *
 * A topic is a function and a row of the table in fitness.c. What could not be seen is said to be unknown.
 */
#pragma once

#include "core/permit.h"
#include "model/fitness.h"

typedef struct gpuvm_fitness_input {
    const gpuvm_observations *seen;
    const gpuvm_facts *facts; /* every device of the host */
    const gpuvm_named_policy *policies;
    size_t n_policies; /* 0: a policy is wrong, and nothing is allowed */
} gpuvm_fitness_input;

/** The findings (gpuvm_finding, owned by the array), in the order in which mending them makes sense. */
GPtrArray *gpuvm_fitness_check(const gpuvm_fitness_input *input);
