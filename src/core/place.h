/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place.h: CPUs and memory near the cards, and whether the host has enough of both
 *
 * What libvirt does by itself is not decided here: for a domain with a passed device, it lets QEMU lock all memory.
 */
#pragma once

#include "core/policies.h"
#include "model/plan.h"

#define GPUVM_PLACE_2M UINT64_C(2048) /* KiB */
#define GPUVM_PLACE_1G UINT64_C(1048576)

/** Whether the host can hold @resources at all; what is too much is an error (exit code 5) at its place. */
void gpuvm_place_check(const gpuvm_resources *resources, const gpuvm_facts *facts, gpuvm_diags *diags);

/** Adds an error when @claim's domain is to start on CPUs that a running one is pinned to. */
void gpuvm_place_check_pins(const gpuvm_claim *claim, const gpuvm_facts *facts, gpuvm_diags *diags);

/**
 * Fills @plan->place: which of the host's cells memory comes from, as numa says, which CPUs run the guest's, as cpu_pinning
 * says, and what the guest sees of both. @running: the VM has its memory already. What the host lacks is an error (exit
 * code 5); what it lacks only now, or can do without, a warning or a note.
 */
void gpuvm_place(gpuvm_plan *plan, const gpuvm_facts *facts, const gpuvm_policies *policies, bool running,
                 gpuvm_diags *diags);

/*
 * Parts of it. @near: the host's cells that the requested cards are on, by id, each with the number of its cards as cpus;
 * @near_why: why there is none. The cells of the memory are decided for pages of place.page_kib. Returns what stands in the
 * way of numa: strict or split; NULL: nothing does. g_malloc.
 */
char *
gpuvm_place_memory(gpuvm_plan *plan, const GArray *near, const char *near_why, const gpuvm_facts *facts);

/** Whether hugepages of that size are mounted, or it is not known which are. */
bool gpuvm_place_is_mounted(const gpuvm_host *host, uint64_t page_kib);

/** Whether the host has the hugepages that were decided, and libvirt can take them; what is free counts, unless the VM is @running. */
bool gpuvm_place_has_pages(const gpuvm_plan *plan, const gpuvm_facts *facts, bool running);

/** Adds what is wrong with the memory that was decided: too few hugepages, too little beside them. */
void
gpuvm_place_check_memory(const gpuvm_plan *plan, const gpuvm_facts *facts, bool running, gpuvm_diags *diags);

/** Decides the CPUs, when the cells of the memory are decided; how many threads the cores have that are the guest's own, else 1. */
unsigned gpuvm_place_cpus(gpuvm_plan *plan, const GArray *near, const gpuvm_facts *facts,
                          const gpuvm_policies *policies, gpuvm_diags *diags);

/**
 * The CPUs for @n of the guest's, of the host's @free ones (gpuvm_cpu, by id), in the order of the guest's: whole cores
 * first, within as few L3 caches as can be. @all (gpuvm_cpu): those of its cells, which tell what a whole core is.
 * *@ret_threads: how many each core has, when they are whole cores of one size; else 1. Fewer than @n when there are.
 */
GArray *gpuvm_place_pick(const GArray *free, const GArray *all, uint64_t n, unsigned *ret_threads);
