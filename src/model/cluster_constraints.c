/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/xml.h"
#include "model/clusterxml.h"

void
gpuvm_location_free(gpuvm_location *location)
{
    g_free(location->id);
    g_free(location->resource);
    g_clear_pointer(&location->pattern, g_regex_unref);
    g_free(location);
}

void
gpuvm_relation_free(gpuvm_relation *relation)
{
    g_free(relation->id);
    g_free(relation->resource);
    g_free(relation->with);
    g_free(relation);
}

/* The attribute @name of @xml as a score. */
static gint64
score_of(const xmlNode *xml, const char *name, gint64 fallback)
{
    g_autoptr(GHashTable) attributes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    char *text = gpuvm_xml_attr(xml, name);

    if (text)
        g_hash_table_insert(attributes, (char *)name, text);
    return gpuvm_cluster_score(attributes, name, fallback);
}

/* lib/pacemaker/pcmk_rule.c, lib/pengine/rules.c of Pacemaker: without regard to case, and order is that of numbers. */
static bool
compares(const xmlNode *xml, const char *has, const char *value)
{
    bool both = has && value;
    double a = both ? g_ascii_strtod(has, NULL) : 0, b = both ? g_ascii_strtod(value, NULL) : 0;
    bool equal = both ? g_ascii_strcasecmp(has, value) == 0 : has == value;

    if (gpuvm_xml_attr_is(xml, "operation", "ne"))
        return !equal;
    if (gpuvm_xml_attr_is(xml, "operation", "eq"))
        return equal;
    return both && ((gpuvm_xml_attr_is(xml, "operation", "lt") && a < b) ||
                    (gpuvm_xml_attr_is(xml, "operation", "gt") && a > b) ||
                    (gpuvm_xml_attr_is(xml, "operation", "lte") && a <= b) ||
                    (gpuvm_xml_attr_is(xml, "operation", "gte") && a >= b));
}

/* An <expression> about a node's attributes; of others than these nothing is known. */
static bool
fits(const xmlNode *xml, const gpuvm_cluster_node *node)
{
    g_autofree char *attribute = gpuvm_xml_attr(xml, "attribute"), *value = gpuvm_xml_attr(xml, "value");
    const char *has;

    if (!attribute)
        return false;
    has = g_str_equal(attribute, "#uname") ? node->name
          : g_str_equal(attribute, "#id")  ? node->id
                                           : g_hash_table_lookup(node->attributes, attribute);
    if (gpuvm_xml_attr_is(xml, "operation", "defined"))
        return has != NULL;
    if (gpuvm_xml_attr_is(xml, "operation", "not_defined"))
        return has == NULL;
    return compares(xml, has, value);
}

static bool
applies(const xmlNode *rule, const gpuvm_cluster_node *node)
{
    bool any = gpuvm_xml_attr_is(rule, "boolean-op", "or");

    for (const xmlNode *xml = rule->children; xml; xml = xml->next) {
        bool true_here = gpuvm_xml_is(xml, "expression") ? fits(xml, node)
                                                         : gpuvm_xml_is(xml, "rule") && applies(xml, node);

        if (xml->type == XML_ELEMENT_NODE && true_here == any)
            return any;
    }
    return !any;
}

static void
add_location(gpuvm_cluster *cluster, const xmlNode *xml, const gpuvm_cluster_node *node, gint64 score)
{
    g_autofree char *pattern = gpuvm_xml_attr(xml, "rsc-pattern");
    gpuvm_location *location = g_new0(gpuvm_location, 1);

    location->id = gpuvm_xml_attr(xml, "id");
    location->resource = gpuvm_xml_attr(xml, "rsc");
    location->inverted = pattern && *pattern == '!';
    location->pattern = pattern ? g_regex_new(pattern + location->inverted, 0, 0, NULL) : NULL;
    location->node = node;
    location->score = score;
    g_ptr_array_add(cluster->locations, location);
}

static void
read_location(gpuvm_cluster *cluster, const xmlNode *xml)
{
    g_autofree char *name = gpuvm_xml_attr(xml, "node");

    for (guint i = 0; i < cluster->nodes->len; i++) {
        const gpuvm_cluster_node *node = cluster->nodes->pdata[i];

        if (name && g_ascii_strcasecmp(name, node->name) == 0)
            add_location(cluster, xml, node, score_of(xml, "score", 0));
        for (const xmlNode *rule = gpuvm_xml_child(xml, "rule"); rule; rule = gpuvm_xml_next(rule)) {
            if (applies(rule, node))
                add_location(cluster, xml, node, score_of(rule, "score", 0));
        }
    }
}

static void
read_relation(gpuvm_cluster *cluster, const xmlNode *xml, bool order)
{
    gpuvm_relation *relation = g_new0(gpuvm_relation, 1);

    relation->id = gpuvm_xml_attr(xml, "id");
    relation->resource = gpuvm_xml_attr(xml, order ? "then" : "rsc");
    relation->with = gpuvm_xml_attr(xml, order ? "first" : "with-rsc");
    relation->order = order;
    relation->score = score_of(xml, "score", order ? GPUVM_CLUSTER_INFINITY : 0);
    if (order && gpuvm_xml_attr_is(xml, "kind", "Optional"))
        relation->score = 0;
    if (relation->resource && relation->with)
        g_ptr_array_add(cluster->relations, relation);
    else
        gpuvm_relation_free(relation);
}

void
gpuvm_cluster_read_constraints(gpuvm_cluster *cluster, const xmlNode *configuration)
{
    const xmlNode *constraints = gpuvm_xml_child(configuration, "constraints");

    for (const xmlNode *xml = constraints ? constraints->children : NULL; xml; xml = xml->next) {
        if (gpuvm_xml_is(xml, "rsc_location"))
            read_location(cluster, xml);
        else if (gpuvm_xml_is(xml, "rsc_colocation") || gpuvm_xml_is(xml, "rsc_order"))
            read_relation(cluster, xml, gpuvm_xml_is(xml, "rsc_order"));
    }
}
