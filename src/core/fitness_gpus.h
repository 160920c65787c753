/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fitness_gpus.h: the topics of core/fitness.h that are about the host's GPUs, and what they share with the others
 */
#pragma once

#include "core/fitness.h"

/** Adds a finding, and returns it; @remedy may be NULL. */
gpuvm_finding *gpuvm_finding_add(GPtrArray *findings, const char *topic, gpuvm_verdict verdict,
                                 const char *remedy, const char *format, ...) G_GNUC_PRINTF(5, 6);

/** Each adds what it finds of its topic. */
void gpuvm_fitness_gpus(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
void gpuvm_fitness_state(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
void gpuvm_fitness_groups(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
void gpuvm_fitness_display(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
void gpuvm_fitness_links(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
