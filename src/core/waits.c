/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/waits.h"

static void
free_wait(gpointer data)
{
    gpuvm_wait *wait = data;

    g_free(wait->reason);
    g_free(wait);
}

static void G_GNUC_PRINTF(3, 4) add(GPtrArray *waits, const gpuvm_cluster_node *node, const char *format, ...)
{
    gpuvm_wait *wait = g_new0(gpuvm_wait, 1);
    va_list args;

    wait->node = node;
    va_start(args, format);
    wait->reason = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(waits, wait);
}

bool
gpuvm_is_stopped(const gpuvm_cluster_instance *instance, const char **ret_why)
{
    const gpuvm_cluster_resource *resource = instance->resource;
    const char *role = g_hash_table_lookup(resource->meta, "target-role");

    if (instance->orphan)
        *ret_why = "it is beyond clone-max";
    else if (role && g_ascii_strcasecmp(role, "Stopped") == 0)
        *ret_why = "target-role is Stopped";
    else
        return false;
    return true;
}

static bool
has_fence_device(const gpuvm_cluster *cluster)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        if (((const gpuvm_cluster_resource *)cluster->resources->pdata[i])->agent == GPUVM_AGENT_FENCE)
            return true;
    }
    return gpuvm_cluster_truth(cluster->options, "have-watchdog", false);
}

GPtrArray *
gpuvm_cluster_troubles(const gpuvm_cluster *cluster)
{
    GPtrArray *waits = g_ptr_array_new_with_free_func(free_wait);
    const char *policy = g_hash_table_lookup(cluster->options, "no-quorum-policy");
    bool fences = gpuvm_cluster_fences(cluster);

    if (!cluster->quorum && !gpuvm_cluster_ignores_quorum(cluster))
        add(waits, NULL, "no quorum, and no-quorum-policy is %s: nothing is started",
            policy ? policy : "stop");
    if (gpuvm_cluster_truth(cluster->options, "maintenance-mode", false))
        add(waits, NULL, "maintenance-mode is on: Pacemaker starts and stops nothing");
    if (gpuvm_cluster_truth(cluster->options, "stop-all-resources", false))
        add(waits, NULL, "stop-all-resources is on");
    if (fences && !has_fence_device(cluster))
        add(waits, NULL, "stonith-enabled is on, and there is no fence device: Pacemaker starts nothing");
    for (guint i = 0; i < cluster->nodes->len; i++) {
        const gpuvm_cluster_node *node = cluster->nodes->pdata[i];

        if (node->state == GPUVM_NODE_UNCLEAN && fences)
            add(waits, NULL, "waits for fencing of %s: nobody knows what runs there", node->name);
    }
    return waits;
}

static bool
concerns(const char *id, const gpuvm_cluster_resource *resource)
{
    return g_strcmp0(id, resource->id) == 0 || (id && g_strcmp0(id, resource->clone) == 0) ||
           (id && g_strcmp0(id, resource->group) == 0);
}

/* lib/pacemaker/pcmk_sched_location.c of Pacemaker: a pattern is one of ids of what is in nothing else. */
static bool
fits(const gpuvm_location *location, const gpuvm_cluster_resource *resource)
{
    const char *top = resource->clone ? resource->clone : resource->group ? resource->group : resource->id;

    return location->pattern ? g_regex_match(location->pattern, top, 0, NULL) != location->inverted
                             : concerns(location->resource, resource);
}

/* The rules about @instance (gpuvm_location, borrowed). */
static GPtrArray *
locations_of(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    GPtrArray *own = g_ptr_array_new();

    for (guint i = 0; i < cluster->locations->len; i++) {
        if (fits(cluster->locations->pdata[i], instance->resource))
            g_ptr_array_add(own, cluster->locations->pdata[i]);
    }
    return own;
}

/* What keeps it away by rule; @own: those about it. A node whose scores are less than 0 in all is as good as banned. */
static void
add_bans(GPtrArray *waits, const gpuvm_cluster *cluster, const GPtrArray *own, const gpuvm_cluster_node *node)
{
    bool opts_in = false, banned = false;
    const char *against = NULL;
    gint64 sum = 0;

    for (guint i = 0; i < own->len; i++) {
        const gpuvm_location *location = own->pdata[i];
        const char *id = location->id ? location->id : "without an id";

        if (location->node != node)
            continue;
        opts_in |= location->score > 0;
        sum += location->score;
        against = location->score < 0 ? id : against;
        if (location->score <= -GPUVM_CLUSTER_INFINITY) {
            add(waits, node, "banned by constraint %s", id);
            banned = true;
        }
    }
    if (!banned && sum < 0)
        add(waits, node, "unwanted by constraint %s: the score is %" G_GINT64_FORMAT, against, sum);
    if (!opts_in && !gpuvm_cluster_truth(cluster->options, "symmetric-cluster", true))
        add(waits, node, "symmetric-cluster is off, and no constraint lets it run here");
}

/* Whether an instance of what @id names runs on @node; NULL: on any. */
static bool
runs(const gpuvm_cluster *cluster, const char *id, const gpuvm_cluster_node *node)
{
    const gpuvm_cluster_resource *resource = gpuvm_cluster_find(cluster, id);

    for (guint i = 0; resource && i < resource->instances->len; i++) {
        const gpuvm_cluster_instance *instance = resource->instances->pdata[i];

        for (guint p = 0; p < instance->presences->len; p++) {
            const gpuvm_presence *presence = instance->presences->pdata[p];

            if (presence->state == GPUVM_RUN_RUNNING && (!node || presence->node == node))
                return true;
        }
    }
    return false;
}

/* What it is to be with, or apart from. */
static void
add_relations(GPtrArray *waits, const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance,
              const gpuvm_cluster_node *node)
{
    for (guint i = 0; i < cluster->relations->len; i++) {
        const gpuvm_relation *relation = cluster->relations->pdata[i];
        const char *id = relation->id ? relation->id : "without an id";

        if (!concerns(relation->resource, instance->resource) || relation->order != !node ||
            !gpuvm_cluster_find(cluster, relation->with))
            continue;
        if (relation->score >= GPUVM_CLUSTER_INFINITY && !runs(cluster, relation->with, node))
            add(waits, node, "%s does not run%s (constraint %s)", relation->with, node ? " here" : "", id);
        else if (relation->score <= -GPUVM_CLUSTER_INFINITY && runs(cluster, relation->with, node))
            add(waits, node, "%s runs here (constraint %s)", relation->with, id);
    }
}

/* OCF's codes after which Pacemaker does not try again: on that node, on any. */
static bool
is_hard(const gpuvm_operation *operation)
{
    return operation->failed && operation->rc >= 2 && operation->rc <= 5 &&
           !g_str_equal(operation->name, "stop");
}

static bool
is_fatal(const gpuvm_operation *operation)
{
    return operation->failed && operation->rc == 6 && !g_str_equal(operation->name, "stop");
}

static const gpuvm_operation *
last_failed(const gpuvm_presence *presence)
{
    const gpuvm_operation *last = NULL;

    for (guint i = 0; i < presence->operations->len; i++) {
        const gpuvm_operation *operation = presence->operations->pdata[i];

        if (operation->failed)
            last = operation;
    }
    return last;
}

static void
add_failures(GPtrArray *waits, const gpuvm_cluster_instance *instance, const gpuvm_cluster_node *node)
{
    const gpuvm_presence *presence = gpuvm_cluster_presence(instance, node);
    const gpuvm_operation *failed = presence ? last_failed(presence) : NULL;
    gint64 threshold = gpuvm_cluster_score(instance->resource->meta, "migration-threshold", 0);
    g_autofree char *times = NULL;

    threshold = threshold > 0 ? threshold : GPUVM_CLUSTER_INFINITY;
    if (!presence || (presence->failures < threshold && !(failed && is_hard(failed))))
        return;
    if (presence->failures > 1 && presence->failures < GPUVM_CLUSTER_INFINITY)
        times = g_strdup_printf(" %" G_GINT64_FORMAT " times", presence->failures);
    add(waits, node, "failed to %s here%s: %s",
        !failed                                ? "run"
        : g_str_equal(failed->name, "monitor") ? "stay healthy"
                                               : failed->name,
        times ? times : "", failed ? failed->reason : "Pacemaker does not remember why");
}

/* A unique clone's instances on a node are not more than so many. */
static void
add_crowd(GPtrArray *waits, const gpuvm_cluster_instance *instance, const gpuvm_cluster_node *node)
{
    const GPtrArray *all = instance->resource->instances;
    gint64 max = gpuvm_cluster_score(instance->resource->meta, "clone-node-max", 1), n = 0;

    for (guint i = 0; all->len > max && i < all->len; i++) {
        const gpuvm_presence *presence = gpuvm_cluster_presence(all->pdata[i], node);

        n += presence && presence->state != GPUVM_RUN_OFF;
    }
    if (n > 0 && n >= max)
        add(waits, node, "runs %" G_GINT64_FORMAT " of them, and clone-node-max is %" G_GINT64_FORMAT, n,
            max);
}

static void
add_shortage(GPtrArray *waits, const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance,
             const gpuvm_cluster_node *node)
{
    g_autoptr(GPtrArray) names = gpuvm_amounts_names(instance->resource->wants);

    if (!gpuvm_cluster_counts(cluster))
        return;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        gint64 has = gpuvm_amounts_get(node->capacity, name),
               wanted = gpuvm_amounts_get(instance->resource->wants, name),
               left = MAX(has - gpuvm_amounts_get(node->used, name), 0);

        if (wanted <= left)
            continue;
        if (has == 0)
            add(waits, node, "no %s, %" G_GINT64_FORMAT " wanted", name, wanted);
        else if (wanted > has)
            add(waits, node, "only %" G_GINT64_FORMAT " %s, %" G_GINT64_FORMAT " wanted", has, name, wanted);
        else
            add(waits, node,
                "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " %s free, %" G_GINT64_FORMAT " wanted", left,
                has, name, wanted);
    }
}

static void
add_node(GPtrArray *waits, const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance,
         const GPtrArray *locations, const gpuvm_cluster_node *node)
{
    if (node->state != GPUVM_NODE_ONLINE)
        add(waits, node, "%s", gpuvm_node_state_names[node->state]);
    if (node->maintenance)
        add(waits, node, "in maintenance");
    add_bans(waits, cluster, locations, node);
    add_relations(waits, cluster, instance, node);
    add_failures(waits, instance, node);
    add_crowd(waits, instance, node);
    if (node->state == GPUVM_NODE_ONLINE)
        add_shortage(waits, cluster, instance, node);
}

/* Of what is no matter of one node. */
static void
add_general(GPtrArray *waits, const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    const gpuvm_cluster_resource *resource = instance->resource;

    if (!gpuvm_cluster_truth(resource->meta, "is-managed", true) ||
        gpuvm_cluster_truth(resource->meta, "maintenance", false))
        add(waits, NULL, "unmanaged: Pacemaker leaves it alone");
    add_relations(waits, cluster, instance, NULL);
    for (guint i = 0; i < instance->presences->len; i++) {
        const gpuvm_presence *presence = instance->presences->pdata[i];
        const gpuvm_operation *failed = last_failed(presence);

        if (failed && is_fatal(failed))
            add(waits, NULL, "failed to %s on %s, and is tried nowhere: %s", failed->name,
                presence->node->name, failed->reason);
    }
}

static void
add_nothing(GPtrArray *waits, const gpuvm_cluster *cluster, const gpuvm_cluster_node *node)
{
    const gpuvm_presence *presence = cluster->awaited.presence;

    if (presence)
        add(waits, node, "nothing is in the way: Pacemaker waits until %s has %s on %s",
            cluster->awaited.instance->name, presence->state == GPUVM_RUN_STOPPING ? "stopped" : "started",
            presence->node->name);
    else
        add(waits, node, "nothing is in the way: Pacemaker has yet to act");
}

GPtrArray *
gpuvm_waits(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    GPtrArray *waits = gpuvm_cluster_troubles(cluster);
    g_autoptr(GPtrArray) locations = locations_of(cluster, instance);
    const char *why;
    bool free = false;

    if (gpuvm_is_stopped(instance, &why)) {
        g_ptr_array_set_size(waits, 0);
        add(waits, NULL, "%s", why);
        return waits;
    }
    add_general(waits, cluster, instance);
    free = waits->len == 0;
    for (guint i = 0; i < cluster->nodes->len; i++) {
        guint before = waits->len;

        add_node(waits, cluster, instance, locations, cluster->nodes->pdata[i]);
        if (free && waits->len == before)
            add_nothing(waits, cluster, cluster->nodes->pdata[i]);
    }
    return waits;
}
