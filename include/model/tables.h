/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tables.h: the field tables of the parts of a definition, for the tables that nest them
 *
 * The order of the rows is the manual's: what a reader wants to know first comes first.
 */
#pragma once

#include <stddef.h>

#include "model/scalars.h"
#include "model/vm.h"

/** The start of a row whose key is the name of its member. */
#define GPUVM_FIELD(type, member) .key = #member, .offset = offsetof(type, member)

/** The row that says which kind of document this is: one word, @words[0]. */
#define GPUVM_FIELD_KIND(type, words)                                                                        \
    {                                                                                                        \
        GPUVM_FIELD(type, kind), .shape = GPUVM_ENUM, .choices = (words), .doc = "The kind of document."     \
    }

extern const gpuvm_table gpuvm_media_table, gpuvm_rootfs_table, gpuvm_disk_table, gpuvm_network_table;
extern const gpuvm_table gpuvm_content_table, gpuvm_cloud_init_table, gpuvm_workload_table,
    gpuvm_health_check_table;

/** Whether @network says its mode: then it is taken whole, and what lies below a definition adds nothing to it. */
bool gpuvm_network_has_mode(const gpuvm_network *network);

/** Adds an error for each key of @network that means nothing in its mode, or that its mode needs and it lacks. */
void gpuvm_network_check(const gpuvm_network *network, gpuvm_diags *diags);

/** Adds an error for each of @rules (gpuvm_rule) that is in the list already. */
void gpuvm_rules_check(const GPtrArray *rules, gpuvm_diags *diags);

/** Adds an error when cpu_topology is another number of CPUs than cpu_cores; whether there was none. */
bool gpuvm_resources_check(const gpuvm_resources *resources, gpuvm_diags *diags);
