/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/cluster.h"

#include <string.h>

#include "base/text.h"
#include "base/xml.h"
#include "model/clusterxml.h"

gpuvm_amounts *
gpuvm_amounts_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
gpuvm_amounts_add(gpuvm_amounts *amounts, const char *name, gint64 n)
{
    gint64 *sum = g_hash_table_lookup(amounts, name);

    if (sum) {
        *sum += n;
        return;
    }
    sum = g_new(gint64, 1);
    *sum = n;
    g_hash_table_insert(amounts, g_strdup(name), sum);
}

gint64
gpuvm_amounts_get(gpuvm_amounts *amounts, const char *name)
{
    const gint64 *sum = g_hash_table_lookup(amounts, name);

    return sum ? *sum : 0;
}

GPtrArray *
gpuvm_amounts_names(gpuvm_amounts *amounts)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter all;
    gpointer name;

    g_hash_table_iter_init(&all, amounts);
    while (g_hash_table_iter_next(&all, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, gpuvm_text_compare);
    return names;
}

gint64
gpuvm_cluster_number(const char *text, gint64 max, gint64 fallback)
{
    gint64 number;

    return text && g_ascii_string_to_signed(text, 10, 0, max, &number, NULL) ? number : fallback;
}

/* As much as Pacemaker counts with at most, its int; 0: it is no number. */
static gint64
amount_of(const char *text)
{
    return text[0] && !text[strspn(text, "0123456789")]
               ? (gint64)MIN(g_ascii_strtoull(text, NULL, 10), G_MAXINT32)
               : 0;
}

/* lib/common/strings.c of Pacemaker: crm_str_to_boolean */
bool
gpuvm_cluster_truth(GHashTable *options, const char *name, bool fallback)
{
    static const char *const truths[] = {"true", "on", "yes", "y", "1", NULL}, *const lies[] = {
                                                                                   "false", "off", "no",
                                                                                   "n",     "0",   NULL};
    const char *text = g_hash_table_lookup(options, name);
    g_autofree char *word = text ? g_ascii_strdown(text, -1) : NULL;

    if (!word || !(g_strv_contains(truths, word) || g_strv_contains(lies, word)))
        return fallback;
    return g_strv_contains(truths, word);
}

gint64
gpuvm_cluster_score(GHashTable *options, const char *name, gint64 fallback)
{
    const char *text = g_hash_table_lookup(options, name);
    gint64 score;

    if (!text)
        return fallback;
    if (g_str_equal(text, "INFINITY") || g_str_equal(text, "+INFINITY"))
        return GPUVM_CLUSTER_INFINITY;
    if (g_str_equal(text, "-INFINITY"))
        return -GPUVM_CLUSTER_INFINITY;
    if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &score, NULL))
        return fallback;
    return CLAMP(score, -GPUVM_CLUSTER_INFINITY, GPUVM_CLUSTER_INFINITY);
}

bool
gpuvm_cluster_fences(const gpuvm_cluster *cluster)
{
    return gpuvm_cluster_truth(cluster->options, GPUVM_FENCING_OPTION,
                               gpuvm_cluster_truth(cluster->options, "stonith-enabled", true));
}

/* The value of the option @name in small letters, as Pacemaker reads its words; NULL. */
static char *
word_of(const gpuvm_cluster *cluster, const char *name)
{
    const char *text = g_hash_table_lookup(cluster->options, name);

    return text ? g_ascii_strdown(text, -1) : NULL;
}

bool
gpuvm_cluster_ignores_quorum(const gpuvm_cluster *cluster)
{
    g_autofree char *policy = word_of(cluster, "no-quorum-policy");

    return g_strcmp0(policy, "ignore") == 0;
}

bool
gpuvm_cluster_counts(const gpuvm_cluster *cluster)
{
    static const char *const counting[] = {"utilization", "minimal", "balanced", NULL};
    g_autofree char *strategy = word_of(cluster, "placement-strategy");

    return strategy && g_strv_contains(counting, strategy);
}

gpuvm_cluster_resource *
gpuvm_cluster_find(const gpuvm_cluster *cluster, const char *id)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        if (g_str_equal(resource->id, id) || g_strcmp0(resource->clone, id) == 0)
            return resource;
    }
    return NULL;
}

const gpuvm_presence *
gpuvm_cluster_where(const gpuvm_cluster_instance *instance)
{
    for (guint i = 0; i < instance->presences->len; i++) {
        const gpuvm_presence *presence = instance->presences->pdata[i];

        if (presence->state != GPUVM_RUN_OFF)
            return presence;
    }
    return NULL;
}

const gpuvm_presence *
gpuvm_cluster_presence(const gpuvm_cluster_instance *instance, const gpuvm_cluster_node *node)
{
    for (guint i = 0; i < instance->presences->len; i++) {
        const gpuvm_presence *presence = instance->presences->pdata[i];

        if (presence->node == node)
            return presence;
    }
    return NULL;
}

void
gpuvm_cluster_free(gpuvm_cluster *cluster)
{
    if (!cluster)
        return;
    g_hash_table_unref(cluster->options);
    g_ptr_array_unref(cluster->locations);
    g_ptr_array_unref(cluster->relations);
    g_ptr_array_unref(cluster->resources);
    g_ptr_array_unref(cluster->nodes);
    g_free(cluster);
}

static gpuvm_cluster *
cluster_new(void)
{
    gpuvm_cluster *cluster = g_new0(gpuvm_cluster, 1);

    cluster->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    cluster->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_cluster_node_free);
    cluster->resources = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_cluster_resource_free);
    cluster->locations = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_location_free);
    cluster->relations = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_relation_free);
    return cluster;
}

void
gpuvm_cluster_read_pairs(const xmlNode *parent, const char *name, GHashTable *pairs)
{
    for (const xmlNode *set = gpuvm_xml_child(parent, name); set; set = gpuvm_xml_next(set)) {
        for (const xmlNode *pair = gpuvm_xml_child(set, "nvpair"); pair; pair = gpuvm_xml_next(pair)) {
            g_autofree char *key = gpuvm_xml_attr(pair, "name"), *value = gpuvm_xml_attr(pair, "value");

            if (key && value && !g_hash_table_contains(pairs, key))
                g_hash_table_insert(pairs, g_steal_pointer(&key), g_steal_pointer(&value));
        }
    }
}

void
gpuvm_cluster_read_amounts(const xmlNode *parent, const xmlNode *also, gpuvm_amounts *amounts)
{
    g_autoptr(GHashTable) pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter all;
    gpointer name, value;

    gpuvm_cluster_read_pairs(parent, "utilization", pairs);
    gpuvm_cluster_read_pairs(also, "utilization", pairs);
    g_hash_table_iter_init(&all, pairs);
    while (g_hash_table_iter_next(&all, &name, &value))
        gpuvm_amounts_add(amounts, name, amount_of(value));
}

GHashTable *
gpuvm_cluster_index(const xmlNode *parent, const char *name)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (xmlNode *xml = gpuvm_xml_child(parent, name); xml; xml = gpuvm_xml_next(xml)) {
        char *id = gpuvm_xml_attr(xml, "id");

        if (id)
            g_hash_table_replace(index, id, xml);
    }
    return index;
}

gpuvm_cluster *
gpuvm_cluster_parse(const char *xml, size_t size, const char *name, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, size, name, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL, *configuration;
    g_autoptr(GHashTable) states = NULL;
    gpuvm_cluster *cluster;

    if (!doc)
        return NULL;
    configuration = gpuvm_xml_child(root, "configuration");
    if (!gpuvm_xml_is(root, "cib") || !configuration) {
        gpuvm_xml_fail(root, error,
                       "this is no CIB: <cib> with <configuration> is what `cibadmin --query` prints");
        return NULL;
    }
    states = gpuvm_cluster_index(gpuvm_xml_child(root, "status"), "node_state");
    cluster = cluster_new();
    cluster->quorum =
        gpuvm_xml_attr_is(root, "have-quorum", "1") || gpuvm_xml_attr_is(root, "have-quorum", "true");
    gpuvm_cluster_read_pairs(gpuvm_xml_child(configuration, "crm_config"), "cluster_property_set",
                             cluster->options);
    gpuvm_cluster_read_nodes(cluster, configuration, states);
    gpuvm_cluster_read_resources(cluster, configuration);
    gpuvm_cluster_read_constraints(cluster, configuration);
    gpuvm_cluster_read_history(cluster, states);
    return cluster;
}
