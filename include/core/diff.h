/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diff.h: what a definition would change, field by field, and when that takes effect
 *
 * Compared are what a domain remembers of its definition (core/record.h) and a plan for it: both with what the plugin gives
 * and without secrets, of which the digests show whether one is another.
 */
#pragma once

#include "base/xml.h"
#include "model/plan.h"

typedef enum gpuvm_when {
    GPUVM_WHEN_NOW,   /* as soon as it is defined: a running guest has nothing to do with it */
    GPUVM_WHEN_START, /* at the next start of the VM */
    GPUVM_WHEN_DISK,  /* never with the disk that the VM has: its image is another one */
} gpuvm_when;

/** "now", "at the next start", "needs a new disk", NULL. */
extern const char *const gpuvm_when_names[];

typedef struct gpuvm_difference {
    char *field;      /* its path: "resources.memory_mb", "disks[1].source" */
    char *now, *then; /* the whole text; NULL: the field is not there */
    gpuvm_when when;
    bool outside; /* somebody else made it what it is now */
} gpuvm_difference;

/** An empty list of gpuvm_difference, which it owns. */
GPtrArray *gpuvm_diff_new(void);

/** Adds one, and returns it; @now and @then may be NULL. */
gpuvm_difference *
gpuvm_diff_add(GPtrArray *differences, const char *field, const char *now, const char *then, gpuvm_when when);

/** Adds what differs between two trees that @table decodes (NULL: there is none). A list of single values is one value. */
void gpuvm_diff_trees(GPtrArray *differences, const gpuvm_table *table, const gpuvm_node *now,
                      const gpuvm_node *then);

/**
 * Adds what @plan changes of what its former record says: the definition, which functions are passed, and which images are
 * known to be others. One of gpuvm 0.1's, which remembered no definition, differs as a whole or not at all.
 */
void gpuvm_diff_plan(GPtrArray *differences, const gpuvm_plan *plan);

/**
 * Adds what differs between a <domain> as libvirt has it and the one that would be defined, as far as definitions say it
 * (core/sketch.h), and else by elements. What is a part of what @differences has already is not added: then the definition
 * differs, too. @outside: it was made so by others.
 */
void gpuvm_diff_domains(GPtrArray *differences, const xmlNode *now, const xmlNode *then, bool outside);
