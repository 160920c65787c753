/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clusterxml.h: the parts of model/cluster.h that read a CIB
 */
#pragma once

#include "model/cluster.h"

gpuvm_amounts *gpuvm_amounts_new(void);
void gpuvm_amounts_add(gpuvm_amounts *amounts, const char *name, gint64 n);

/** Adds the <nvpair>s of all sets called @name below @parent (NULL: none) to @pairs, where one that is there stays. */
void gpuvm_cluster_read_pairs(const xmlNode *parent, const char *name, GHashTable *pairs);

/** Adds the utilization of @parent to @amounts, and what it does not name of that of @also. Both may be NULL. */
void gpuvm_cluster_read_amounts(const xmlNode *parent, const xmlNode *also, gpuvm_amounts *amounts);

/** The elements called @name below @parent (NULL: none), by their ids: xmlNode *, borrowed. */
GHashTable *gpuvm_cluster_index(const xmlNode *parent, const char *name);

/** Reads <resources> into @cluster, with all instances there are to be. */
void gpuvm_cluster_read_resources(gpuvm_cluster *cluster, const xmlNode *configuration);

/** Reads <constraints>; the nodes and their attributes are there. */
void gpuvm_cluster_read_constraints(gpuvm_cluster *cluster, const xmlNode *configuration);

/** Reads <nodes>; @states: the <node_state> of each, by its id. */
void gpuvm_cluster_read_nodes(gpuvm_cluster *cluster, const xmlNode *configuration, GHashTable *states);

/** Reads of @states what became of resources, and what they use of the nodes. */
void gpuvm_cluster_read_history(gpuvm_cluster *cluster, GHashTable *states);

void gpuvm_cluster_node_free(gpuvm_cluster_node *node);
void gpuvm_cluster_resource_free(gpuvm_cluster_resource *resource);
void gpuvm_location_free(gpuvm_location *location);
void gpuvm_relation_free(gpuvm_relation *relation);

/** A new instance of @resource: number @number of a unique clone, else -1. */
gpuvm_cluster_instance *gpuvm_cluster_add_instance(gpuvm_cluster_resource *resource, gint64 number);

void gpuvm_presence_free(gpuvm_presence *presence);

/** A time as Pacemaker writes it, a number with or without a unit ("20", "20s", "2min", "500ms"), in ms; @fallback: it is none. */
gint64 gpuvm_cluster_time(const char *text, gint64 fallback);

/** The number that @text is, from 0 to @max; @fallback: it is none. */
gint64 gpuvm_cluster_number(const char *text, gint64 max, gint64 fallback);
