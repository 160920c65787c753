/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * room.h: what is left of a host when VMs are put on it that are to run all at once
 *
 * A plan asks whether a VM can be defined, and lets VMs share CPUs, memory and cards that run in turn. Here each one that is put on
 * the host counts as one that runs, in the host's facts too: plans of others then pass over its cards, its CPUs, its memory.
 */
#pragma once

#include "core/policies.h"
#include "model/plan.h"

typedef struct gpuvm_left {
    uint64_t memory_mib; /* UINT64_MAX: not known */
    uint64_t cpus;       /* the same */
    unsigned cards;      /* GPUs that no domain has or names */
} gpuvm_left;

typedef struct gpuvm_room {
    gpuvm_left left;
    /* as it was at gpuvm_room_keep, and what came since: */
    gpuvm_left kept;
    GArray *pages;     /* uint64_t: free hugepages of each cell and size */
    GPtrArray *taken;  /* char *, owned: the VMs */
    GPtrArray *former; /* gpuvm_claim, owned: what domains of their names had claimed */
} gpuvm_room;

/** What a VM asks for; of several that belong together, the sum. */
typedef struct gpuvm_demand {
    uint64_t cards; /* that it names, or lets gpuvm choose */
    uint64_t gpus;  /* of these, those that are certainly GPUs, and no domain's */
    uint64_t memory_mib;
} gpuvm_demand;

/** Adds what @vm asks for to @demand. */
void gpuvm_demand_add(gpuvm_demand *demand, const gpuvm_vm *vm);

/**
 * What the domains of @facts leave: of its memory, what is not reserved as hugepages or by @policies, and what none runs with, or names
 * with devices; of its CPUs, as many as those that run have, and those that one is pinned to at its next start.
 */
gpuvm_room *gpuvm_room_new(gpuvm_facts *facts, const gpuvm_policies *policies);
void gpuvm_room_free(gpuvm_room *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_room, gpuvm_room_free)

/** Whether @room certainly has too few cards for @demand, without planning. */
bool gpuvm_room_is_short(const gpuvm_room *room, const gpuvm_demand *demand);

/** Adds errors (exit code 5) when @plan's VM finds too little of the memory, the CPUs, or the free hugepages. */
void gpuvm_room_check(const gpuvm_room *room, const gpuvm_plan *plan, const gpuvm_facts *facts,
                      gpuvm_diags *diags);

/** @plan's VM runs from now on, as far as @room and its @facts go. */
void gpuvm_room_take(gpuvm_room *room, const gpuvm_plan *plan, gpuvm_facts *facts);

/** What was taken so far stays so; what is taken from now on, gpuvm_room_undo undoes. */
void gpuvm_room_keep(gpuvm_room *room, gpuvm_facts *facts);
void gpuvm_room_undo(gpuvm_room *room, gpuvm_facts *facts);
