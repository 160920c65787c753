/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replicas.h: a deployment → its VMs
 *
 * What the replicas have in common is one VM definition, which is laid over its plugin as any (core/merge.h); each replica
 * is that with a name and cards of its own. Every value keeps the place that it comes from.
 */
#pragma once

#include "model/plan.h"
#include "model/spec.h"

/**
 * The VM that the replicas of @deployment, whose texts are in it and whose paths are absolute, have in common: config, or what
 * stands beside name, over manifest; it has the deployment's name. NULL: see @diags.
 */
gpuvm_spec *gpuvm_replicas_template(const gpuvm_spec *deployment, gpuvm_diags *diags);

/**
 * The replicas of @deployment (gpuvm_spec, by number, owned by the array), of @template, which is with what its plugin gives; of
 * generation 1. @key: as core/secret.h says. Cards that do not suffice are an error (exit code 5). NULL: see @diags.
 */
GPtrArray *gpuvm_replicas_expand(const gpuvm_spec *deployment, const gpuvm_spec *template, GBytes *key,
                                 gpuvm_diags *diags);

/** Adds an error (exit code 5) when the replicas that are planned as @plans (gpuvm_plan) take more memory than the host has. */
void gpuvm_replicas_check_memory(const GPtrArray *plans, const gpuvm_facts *facts, gpuvm_diags *diags);
