/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h: the hardware that a guest shows when it is looked at from inside
 *
 * A script that runs in the guest prints what sysfs and procfs say, a line for each thing, which is anybody's words:
 *
 *   function PATH VENDOR DEVICE CLASS NUMA SPEED WIDTH DRIVER    the link is what it is able to
 *   resource START END FLAGS                                     the next BAR of the function above
 *   cpus LIST                                                    those online
 *   memory KIB
 *   cell NODE KIB CPUS
 *   tool NAME COUNT                                              so many GPUs, says a program of a driver's
 *   end
 */
#pragma once

#include "model/facts.h"

/** The script, for any POSIX shell; $1 is the seconds that each program of a driver's may take. */
extern const char gpuvm_inside_script[];

typedef struct gpuvm_inside_function {
    /*
     * Where it is, as `lspci -P` has it: the root bus, then slot and function of each bridge and its own, "00:01.0/00.0". Buses
     * have whatever numbers the guest gives them.
     */
    char *place;
    gpuvm_device *device; /* as far as the script tells; memory_size is that of BARs with an address */
    unsigned unassigned;  /* so many memory BARs have none */
} gpuvm_inside_function;

typedef struct gpuvm_inside_tool {
    char *name;
    unsigned count;
} gpuvm_inside_tool;

/** A NUMA node of the guest's. */
typedef struct gpuvm_inside_cell {
    int id;
    uint64_t memory_kib;
    GArray *cpus; /* int, ascending */
} gpuvm_inside_cell;

typedef struct gpuvm_inside {
    GPtrArray *functions; /* gpuvm_inside_function, owned */
    GArray *cpus;         /* int, ascending */
    uint64_t memory_kib;  /* 0: not seen */
    GPtrArray *cells;     /* gpuvm_inside_cell, owned */
    GPtrArray *tools;     /* gpuvm_inside_tool, owned */
} gpuvm_inside;

/** A guest has so many CPUs at most, and its nodes have numbers up to this. */
#define GPUVM_INSIDE_MAX 65535

/** Reads what the script printed; NULL: it is not understood, or not whole. */
gpuvm_inside *gpuvm_inside_parse(const char *text);
void gpuvm_inside_free(gpuvm_inside *inside);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_inside, gpuvm_inside_free)

/** The function at @place; NULL. */
const gpuvm_inside_function *gpuvm_inside_find(const gpuvm_inside *inside, const char *place);
