/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cluster.h: a Pacemaker cluster, as its CIB (cluster information base) tells it: nodes, resources, what runs where and what failed
 *
 * Read from the XML that `cibadmin --query` prints, of Pacemaker 2.1 and 3.0, which may be anybody's. What it says is taken as
 * Pacemaker's scheduler takes it ("Pacemaker Explained": Cluster Options, Nodes, Resources, Resource Constraints, Rules, Status);
 * what only some clusters have (templates, bundles, sets of resources in constraints, rules about the time, remote nodes) is left
 * out of account.
 */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>

#include "base/error.h"

#define GPUVM_CLUSTER_INFINITY 1000000 /* a score, or a count of failures, that nothing outweighs */
#define GPUVM_CLUSTER_REPLICAS 1024    /* as many as a deployment may have */

#define GPUVM_CLUSTER_HOSTS "gpuvm-hosts" /* the clone that publishes what nodes have */

/** How much of what: char * ("gpu_10de_2330", "memory_mb", "cpu") → gint64, both owned. */
typedef GHashTable gpuvm_amounts;

/** 0 of what is not there. */
gint64 gpuvm_amounts_get(gpuvm_amounts *amounts, const char *name);

/** The names, in order (char *, borrowed). */
GPtrArray *gpuvm_amounts_names(gpuvm_amounts *amounts);

typedef enum gpuvm_node_state {
    GPUVM_NODE_ONLINE,
    GPUVM_NODE_STANDBY,
    GPUVM_NODE_JOINING,
    GPUVM_NODE_LEAVING,
    GPUVM_NODE_OFFLINE,
    GPUVM_NODE_UNCLEAN, /* nobody knows what runs there, until it is fenced */
} gpuvm_node_state;

/** "online", "standby", "joining", "leaving", "offline", "unclean", NULL. */
extern const char *const gpuvm_node_state_names[];

typedef struct gpuvm_cluster_node {
    char *id, *name;
    gpuvm_node_state state;
    bool maintenance;
    gpuvm_amounts *capacity; /* its utilization attributes */
    gpuvm_amounts *used;     /* by what is active there */
    GHashTable *attributes;  /* char * → char *, those until the next boot first */
} gpuvm_cluster_node;

typedef enum gpuvm_run_state {
    GPUVM_RUN_OFF,
    GPUVM_RUN_STARTING,
    GPUVM_RUN_RUNNING,
    GPUVM_RUN_STOPPING,
    GPUVM_RUN_FAILED,  /* it may run, and is to be stopped */
    GPUVM_RUN_UNKNOWN, /* it ran on a node that is unclean now */
} gpuvm_run_state;

/** "stopped", "starting", "running", "stopping", "failed", "unknown", NULL. */
extern const char *const gpuvm_run_state_names[];

/** What an agent was asked to do on a node. */
typedef struct gpuvm_operation {
    char *name;      /* "start", "stop", "monitor" … */
    gint64 interval; /* ms; 0: once */
    gint64 call;     /* the higher, the later on its node; -1: not done yet */
    gint64 changed;  /* when it ended so, seconds since 1970; 0: unknown */
    int rc;          /* what the agent returned (OCF): 0 done, 7 not running */
    bool failed;
    char *reason; /* the exit reason, or what the code means */
} gpuvm_operation;

/** What a node remembers of an instance. */
typedef struct gpuvm_presence {
    const gpuvm_cluster_node *node;
    gpuvm_run_state state;
    gint64 failures;       /* that Pacemaker counts, at most GPUVM_CLUSTER_INFINITY */
    GPtrArray *operations; /* gpuvm_operation, in their order */
} gpuvm_presence;

typedef enum gpuvm_agent {
    GPUVM_AGENT_OTHER,
    GPUVM_AGENT_VM,
    GPUVM_AGENT_HOST,
    GPUVM_AGENT_FENCE
} gpuvm_agent;

/** A primitive. */
typedef struct gpuvm_cluster_resource {
    char *id, *group, *clone; /* NULL: it is in none */
    gpuvm_agent agent;
    bool unique;            /* its clone's instances are told apart: a deployment */
    gint64 clone_max;       /* of a clone: how many instances there are to be; -1: as many as nodes */
    GHashTable *parameters; /* char * → char * */
    GHashTable *meta;       /* likewise: its own, its clone's, the defaults */
    GHashTable *timeouts;   /* operation, char * → seconds, GUINT_TO_POINTER */
    gpuvm_amounts *wants;   /* its utilization attributes */
    GPtrArray *
        instances; /* gpuvm_cluster_instance: one, or of a unique clone as many as there are to be, and what is left */
} gpuvm_cluster_resource;

typedef struct gpuvm_cluster_instance {
    const gpuvm_cluster_resource *resource;
    char *id;             /* as Pacemaker calls it: "train", "inference:3" */
    char *name;           /* as gpuvm calls it: "train", "inference-3" */
    bool orphan;          /* beyond clone_max: to be stopped */
    GPtrArray *presences; /* gpuvm_presence, in the order of nodes; none of a node that is offline */
} gpuvm_cluster_instance;

/** A rule about where a resource runs. */
typedef struct gpuvm_location {
    char *id, *resource; /* NULL: */
    GRegex *pattern;     /* … those whose ids, their clone's or group's, it fits, */
    bool inverted;       /* … or does not */
    const gpuvm_cluster_node *node;
    gint64 score;
} gpuvm_location;

/** A rule that @resource runs where @with does, or (score below 0) does not, or that it starts after @with. */
typedef struct gpuvm_relation {
    char *id, *resource, *with;
    bool order;
    gint64 score; /* of an order: 0 when it is optional */
} gpuvm_relation;

typedef struct gpuvm_cluster {
    bool quorum;
    GHashTable *options;  /* char * → char *: the cluster's properties */
    GPtrArray *nodes;     /* gpuvm_cluster_node, by name */
    GPtrArray *resources; /* gpuvm_cluster_resource, by id */
    GPtrArray *locations; /* gpuvm_location */
    GPtrArray *relations; /* gpuvm_relation */
    struct {
        const gpuvm_cluster_instance *instance; /* NULL: nothing is under way */
        const gpuvm_presence *presence;
    } awaited; /* what Pacemaker waits for before it decides anew: a stop if there is one, else a start */
} gpuvm_cluster;

/** Reads the CIB @xml, which messages call @name. GPUVM_EXIT_INVALID: it is none. */
gpuvm_cluster *gpuvm_cluster_parse(const char *xml, size_t size, const char *name, GError **error);
void gpuvm_cluster_free(gpuvm_cluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_cluster, gpuvm_cluster_free)

/** Whether the option @name of @options is true; @fallback: when it is not given, or no truth value. */
bool gpuvm_cluster_truth(GHashTable *options, const char *name, bool fallback);

/** The option @name of @options as a score, at most GPUVM_CLUSTER_INFINITY either way; @fallback as above. */
gint64 gpuvm_cluster_score(GHashTable *options, const char *name, gint64 fallback);

#define GPUVM_FENCING_OPTION                                                                                 \
    "fencing-enabled" /* since Pacemaker 3.0.2; "stonith-enabled" where it is not given */

/** Whether an unclean node is to be fenced. */
bool gpuvm_cluster_fences(const gpuvm_cluster *cluster);

/** Whether what has no quorum goes on all the same. */
bool gpuvm_cluster_ignores_quorum(const gpuvm_cluster *cluster);

/** Whether utilization is counted when a node is chosen; a word that Pacemaker does not know is none. */
bool gpuvm_cluster_counts(const gpuvm_cluster *cluster);

/** The resource with the id @id, itself or its clone's; NULL. */
gpuvm_cluster_resource *gpuvm_cluster_find(const gpuvm_cluster *cluster, const char *id);

/** Where @instance is active, or may be; NULL: nowhere. */
const gpuvm_presence *gpuvm_cluster_where(const gpuvm_cluster_instance *instance);

/** What @instance is on @node; NULL: that remembers nothing of it. */
const gpuvm_presence *
gpuvm_cluster_presence(const gpuvm_cluster_instance *instance, const gpuvm_cluster_node *node);
