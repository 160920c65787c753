/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place.h: CPUs and memory near the cards, and whether the host has enough of both
 */
#pragma once

#include "model/plan.h"

/** Whether the host can hold @resources at all; what is too much is an error (exit code 5) at its place. */
void gpuvm_place_check(const gpuvm_resources *resources, const gpuvm_facts *facts, gpuvm_diags *diags);

/**
 * Decides the NUMA cell of @plan's memory and the CPUs that run it: the cell of its cards when all have the
 * same one, and when numa is auto. Fills @plan->place.
 */
void gpuvm_place(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags);
