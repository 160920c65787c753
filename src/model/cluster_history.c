/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/xml.h"
#include "model/clusterxml.h"

const char *const gpuvm_run_state_names[] = {"stopped", "starting", "running", "stopping",
                                             "failed",  "unknown",  NULL};

/* OCF's codes of an agent (the Open Cluster Framework's Resource Agent API) that are of interest here. */
enum { DONE = 0, NOT_RUNNING = 7, PROMOTED = 8 };

/* op-status of Pacemaker: include/crm/common/results.h */
enum { PENDING = -1, COMPLETE = 0, CANCELLED = 1, TIMED_OUT = 2 };

static void
free_operation(gpointer data)
{
    gpuvm_operation *operation = data;

    g_free(operation->name);
    g_free(operation->reason);
    g_free(operation);
}

void
gpuvm_presence_free(gpuvm_presence *presence)
{
    g_ptr_array_unref(presence->operations);
    g_free(presence);
}

static const char *
meaning(int rc, gint64 status)
{
    static const char *const meanings[] = {"done",          "failed",           "invalid parameters",
                                           "unimplemented", "not permitted",    "not installed",
                                           "misconfigured", "found not running"};

    if (status == TIMED_OUT)
        return "timed out";
    return rc >= 0 && rc < (int)G_N_ELEMENTS(meanings) ? meanings[rc] : "failed in a way of its own";
}

/* Whether it did not come out as it should: a look that finds nothing is a failure of what was to run. */
static bool
has_failed(const gpuvm_operation *operation, gint64 status)
{
    if (status == PENDING || status == CANCELLED)
        return false;
    if (!g_str_equal(operation->name, "monitor"))
        return operation->rc != DONE || status != COMPLETE;
    return !(operation->rc == DONE || operation->rc == PROMOTED ||
             (operation->rc == NOT_RUNNING && operation->interval == 0)) ||
           (status != COMPLETE && operation->rc != NOT_RUNNING);
}

/* What of the numbers is none is as good as never. */
static gpuvm_operation *
read_operation(const xmlNode *xml)
{
    gpuvm_operation *operation = g_new0(gpuvm_operation, 1);
    g_autofree char *interval = gpuvm_xml_attr(xml, "interval"), *call = gpuvm_xml_attr(xml, "call-id"),
                    *changed = gpuvm_xml_attr(xml, "last-rc-change"), *rc = gpuvm_xml_attr(xml, "rc-code"),
                    *status_text = gpuvm_xml_attr(xml, "op-status");
    gint64 status = gpuvm_cluster_number(status_text, G_MAXINT, PENDING);

    operation->name = gpuvm_xml_attr(xml, "operation");
    operation->name = operation->name ? operation->name : g_strdup("");
    operation->interval = gpuvm_cluster_number(interval, G_MAXINT64, 0);
    operation->call = status == PENDING ? -1 : gpuvm_cluster_number(call, G_MAXINT64, -1);
    operation->changed = gpuvm_cluster_number(changed, G_MAXINT64, 0);
    operation->rc = (int)gpuvm_cluster_number(rc, G_MAXINT, -1);
    operation->failed = has_failed(operation, status);
    operation->reason = gpuvm_xml_attr(xml, "exit-reason");
    if (operation->failed && (!operation->reason || !*operation->reason)) {
        g_free(operation->reason);
        operation->reason = g_strdup(meaning(operation->rc, status));
    }
    return operation;
}

/* In the order of calls, what is under way last; a monitor that goes on is one call. */
static int
compare_operations(gconstpointer a, gconstpointer b)
{
    const gpuvm_operation *const *left = a, *const *right = b;
    guint64 first = (guint64)(*left)->call, second = (guint64)(*right)->call;

    if (first != second)
        return first < second ? -1 : 1;
    return (*left)->changed < (*right)->changed ? -1 : (*left)->changed > (*right)->changed;
}

/* A failure that is the last operation, too, is told twice. */
static void
drop_copies(GPtrArray *operations)
{
    for (guint i = operations->len; i-- > 1;) {
        const gpuvm_operation *operation = operations->pdata[i], *before = operations->pdata[i - 1];

        if (operation->call >= 0 && operation->call == before->call &&
            g_str_equal(operation->name, before->name) && operation->rc == before->rc)
            g_ptr_array_remove_index(operations, i);
    }
}

/* What the state is after @operation. */
static gpuvm_run_state
follow(gpuvm_run_state state, const gpuvm_operation *operation)
{
    bool start = g_str_equal(operation->name, "start"), stop = g_str_equal(operation->name, "stop");

    if (operation->call < 0)
        return start ? GPUVM_RUN_STARTING : stop ? GPUVM_RUN_STOPPING : state;
    if (operation->failed)
        return operation->rc == NOT_RUNNING || (operation->interval == 0 && operation->rc == 5)
                   ? GPUVM_RUN_OFF
                   : GPUVM_RUN_FAILED;
    if (g_str_equal(operation->name, "monitor"))
        return operation->rc == NOT_RUNNING ? GPUVM_RUN_OFF : GPUVM_RUN_RUNNING;
    return start ? GPUVM_RUN_RUNNING : stop ? GPUVM_RUN_OFF : state;
}

/* fail-count-ID#start_0 and so on, of each instance: char * → gint64 */
static gpuvm_amounts *
count_failures(const gpuvm_cluster_node *node)
{
    static const char prefix[] = "fail-count-";
    gpuvm_amounts *counts = gpuvm_amounts_new();
    GHashTableIter all;
    gpointer name, value;

    g_hash_table_iter_init(&all, node->attributes);
    while (g_hash_table_iter_next(&all, &name, &value)) {
        const char *of = (const char *)name + strlen(prefix);

        if (g_str_has_prefix(name, prefix)) {
            g_autofree char *id = g_strndup(of, strcspn(of, "#"));

            gpuvm_amounts_add(counts, id, MAX(gpuvm_cluster_score(node->attributes, name, 0), 0));
        }
    }
    return counts;
}

static void
use(gpuvm_amounts *used, gpuvm_amounts *wants)
{
    GHashTableIter all;
    gpointer name, n;

    g_hash_table_iter_init(&all, wants);
    while (g_hash_table_iter_next(&all, &name, &n))
        gpuvm_amounts_add(used, name, *(const gint64 *)n);
}

static void
await(gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance, const gpuvm_presence *presence)
{
    bool stops = presence->state == GPUVM_RUN_STOPPING;
    const gpuvm_presence *before = cluster->awaited.presence;

    if (before ? stops && before->state != GPUVM_RUN_STOPPING
               : stops || presence->state == GPUVM_RUN_STARTING) {
        cluster->awaited.instance = instance;
        cluster->awaited.presence = presence;
    }
}

static void
read_presence(gpuvm_cluster *cluster, gpuvm_cluster_instance *instance, const gpuvm_cluster_node *node,
              const xmlNode *xml, gint64 failures)
{
    gpuvm_presence *presence = g_new0(gpuvm_presence, 1);

    presence->node = node;
    presence->failures = failures;
    presence->operations = g_ptr_array_new_with_free_func(free_operation);
    g_ptr_array_add(instance->presences, presence);
    for (const xmlNode *op = gpuvm_xml_child(xml, "lrm_rsc_op"); op; op = gpuvm_xml_next(op))
        g_ptr_array_add(presence->operations, read_operation(op));
    g_ptr_array_sort(presence->operations, compare_operations);
    drop_copies(presence->operations);
    for (guint i = 0; i < presence->operations->len; i++)
        presence->state = follow(presence->state, presence->operations->pdata[i]);
    if (presence->state != GPUVM_RUN_OFF && node->state == GPUVM_NODE_UNCLEAN)
        presence->state = GPUVM_RUN_UNKNOWN;
    if (presence->state != GPUVM_RUN_OFF)
        use(node->used, instance->resource->wants);
    await(cluster, instance, presence);
}

/* The instance that @id names; of a unique clone, one that is too many is added. NULL: it is of no resource. */
static gpuvm_cluster_instance *
find_instance(GHashTable *instances, GHashTable *resources, const char *id)
{
    const char *colon = strrchr(id, ':');
    g_autofree char *base = colon ? g_strndup(id, (gsize)(colon - id)) : NULL;
    gint64 number = colon ? gpuvm_cluster_number(colon + 1, G_MAXINT32, -1) : -1;
    gpuvm_cluster_instance *instance = g_hash_table_lookup(instances, id);
    gpuvm_cluster_resource *resource = !instance && number >= 0 ? g_hash_table_lookup(resources, base) : NULL;

    if (!resource)
        return instance;
    if (!resource->unique)
        return resource->instances->pdata[0];
    instance = gpuvm_cluster_add_instance(resource, number);
    instance->orphan = true;
    g_hash_table_insert(instances, instance->id, instance);
    return instance;
}

static void
read_node(gpuvm_cluster *cluster, const gpuvm_cluster_node *node, const xmlNode *state, GHashTable *instances,
          GHashTable *resources)
{
    const xmlNode *all = gpuvm_xml_child(gpuvm_xml_child(state, "lrm"), "lrm_resources");
    g_autoptr(GHashTable) counts = count_failures(node);

    for (const xmlNode *xml = gpuvm_xml_child(all, "lrm_resource"); xml; xml = gpuvm_xml_next(xml)) {
        g_autofree char *id = gpuvm_xml_attr(xml, "id");
        gpuvm_cluster_instance *instance = id ? find_instance(instances, resources, id) : NULL;

        if (instance)
            read_presence(cluster, instance, node, xml, gpuvm_amounts_get(counts, id));
    }
}

void
gpuvm_cluster_read_history(gpuvm_cluster *cluster, GHashTable *states)
{
    g_autoptr(GHashTable) instances = g_hash_table_new(g_str_hash, g_str_equal),
                          resources = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < cluster->resources->len; i++) {
        gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        g_hash_table_insert(resources, resource->id, resource);
        for (guint n = 0; n < resource->instances->len; n++) {
            gpuvm_cluster_instance *instance = resource->instances->pdata[n];

            g_hash_table_insert(instances, instance->id, instance);
        }
    }
    for (guint i = 0; i < cluster->nodes->len; i++) {
        const gpuvm_cluster_node *node = cluster->nodes->pdata[i];

        if (node->state != GPUVM_NODE_OFFLINE)
            read_node(cluster, node, g_hash_table_lookup(states, node->id), instances, resources);
    }
}
