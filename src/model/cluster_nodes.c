/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/xml.h"
#include "model/clusterxml.h"

const char *const gpuvm_node_state_names[] = {"online",  "standby", "joining", "leaving",
                                              "offline", "unclean", NULL};

void
gpuvm_cluster_node_free(gpuvm_cluster_node *node)
{
    g_free(node->id);
    g_free(node->name);
    g_hash_table_unref(node->capacity);
    g_hash_table_unref(node->used);
    g_hash_table_unref(node->attributes);
    g_free(node);
}

/* Since Pacemaker 2.1.7 these are times, 0 for no. */
static bool
is_up(const xmlNode *state, const char *attr)
{
    g_autofree char *text = gpuvm_xml_attr(state, attr);

    return text && (g_str_equal(text, "true") || g_str_equal(text, "online") ||
                    gpuvm_cluster_number(text, G_MAXINT64, 0) > 0);
}

static bool
has_set(GHashTable *attributes, const char *name)
{
    const char *text = g_hash_table_lookup(attributes, name);

    return text && !g_str_equal(text, "0");
}

/* lib/pengine/unpack.c of Pacemaker: determine_online_status_fencing, determine_online_status_no_fencing */
static gpuvm_node_state
judge(const gpuvm_cluster *cluster, const gpuvm_cluster_node *node, const xmlNode *state)
{
    bool member = is_up(state, "in_ccm"), peer = is_up(state, "crmd"),
         expected = gpuvm_xml_attr_is(state, "expected", "member"), fencing = gpuvm_cluster_fences(cluster);

    if (!state)
        return fencing && gpuvm_cluster_truth(cluster->options, "startup-fencing", true) ? GPUVM_NODE_UNCLEAN
                                                                                         : GPUVM_NODE_OFFLINE;
    if (has_set(node->attributes, "shutdown"))
        return peer ? GPUVM_NODE_LEAVING : GPUVM_NODE_OFFLINE;
    if (fencing && (gpuvm_xml_attr_is(state, "join", "nack") || has_set(node->attributes, "terminate")))
        return GPUVM_NODE_UNCLEAN;
    if (!member || !peer)
        return expected && (fencing || member) ? GPUVM_NODE_UNCLEAN : GPUVM_NODE_OFFLINE;
    if (!gpuvm_xml_attr_is(state, "join", "member") || (fencing && !expected))
        return GPUVM_NODE_JOINING;
    return gpuvm_cluster_truth(node->attributes, "standby", false) ? GPUVM_NODE_STANDBY : GPUVM_NODE_ONLINE;
}

static gpuvm_cluster_node *
read_node(const gpuvm_cluster *cluster, const xmlNode *xml, const xmlNode *state)
{
    gpuvm_cluster_node *node = g_new0(gpuvm_cluster_node, 1);
    const xmlNode *transient = gpuvm_xml_child(state, "transient_attributes");

    node->id = gpuvm_xml_attr(xml, "id");
    node->name = gpuvm_xml_attr(xml, "uname");
    node->capacity = gpuvm_amounts_new();
    node->used = gpuvm_amounts_new();
    node->attributes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gpuvm_cluster_read_pairs(transient, "instance_attributes", node->attributes);
    gpuvm_cluster_read_pairs(xml, "instance_attributes", node->attributes);
    gpuvm_cluster_read_amounts(transient, xml, node->capacity);
    node->maintenance = gpuvm_cluster_truth(node->attributes, "maintenance", false);
    node->state = judge(cluster, node, state);
    return node;
}

static int
compare_nodes(gconstpointer a, gconstpointer b)
{
    const gpuvm_cluster_node *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

void
gpuvm_cluster_read_nodes(gpuvm_cluster *cluster, const xmlNode *configuration, GHashTable *states)
{
    const xmlNode *nodes = gpuvm_xml_child(configuration, "nodes");

    for (const xmlNode *xml = gpuvm_xml_child(nodes, "node"); xml; xml = gpuvm_xml_next(xml)) {
        g_autofree char *id = gpuvm_xml_attr(xml, "id"), *name = gpuvm_xml_attr(xml, "uname"),
                        *type = gpuvm_xml_attr(xml, "type");

        if (id && name && (!type || g_str_equal(type, "member") || g_str_equal(type, "normal")))
            g_ptr_array_add(cluster->nodes, read_node(cluster, xml, g_hash_table_lookup(states, id)));
    }
    g_ptr_array_sort(cluster->nodes, compare_nodes);
}
