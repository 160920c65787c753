/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/xml.h"
#include "model/clusterxml.h"

static void
free_instance(gpointer data)
{
    gpuvm_cluster_instance *instance = data;

    g_free(instance->id);
    g_free(instance->name);
    g_ptr_array_unref(instance->presences);
    g_free(instance);
}

void
gpuvm_cluster_resource_free(gpuvm_cluster_resource *resource)
{
    g_free(resource->id);
    g_free(resource->group);
    g_free(resource->clone);
    g_hash_table_unref(resource->parameters);
    g_hash_table_unref(resource->meta);
    g_hash_table_unref(resource->timeouts);
    g_hash_table_unref(resource->wants);
    g_ptr_array_unref(resource->instances);
    g_free(resource);
}

gpuvm_cluster_instance *
gpuvm_cluster_add_instance(gpuvm_cluster_resource *resource, gint64 number)
{
    gpuvm_cluster_instance *instance = g_new0(gpuvm_cluster_instance, 1);
    const char *name = g_hash_table_lookup(resource->parameters, "name");

    name = name ? name : resource->id;
    instance->resource = resource;
    instance->id =
        number < 0 ? g_strdup(resource->id) : g_strdup_printf("%s:%" G_GINT64_FORMAT, resource->id, number);
    instance->name = number < 0 ? g_strdup(name) : g_strdup_printf("%s-%" G_GINT64_FORMAT, name, number);
    instance->presences = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_presence_free);
    g_ptr_array_add(resource->instances, instance);
    return instance;
}

/* lib/common/utils.c of Pacemaker: crm_get_msec */
gint64
gpuvm_cluster_time(const char *text, gint64 fallback)
{
    static const struct {
        const char *unit;
        gint64 ms;
    } units[] = {{"", 1000},   {"s", 1000},    {"sec", 1000},  {"ms", 1},      {"msec", 1},
                 {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"hr", 3600000}};
    g_autofree char *digits = text ? g_strndup(text, strspn(text, "0123456789")) : NULL;
    gint64 number = digits ? gpuvm_cluster_number(digits, G_MAXINT32, -1) : -1;

    for (size_t i = 0; number >= 0 && i < G_N_ELEMENTS(units); i++) {
        if (g_str_equal(text + strlen(digits), units[i].unit))
            return number * units[i].ms;
    }
    return fallback;
}

static void
read_timeouts(const xmlNode *xml, GHashTable *timeouts)
{
    const xmlNode *operations = gpuvm_xml_child(xml, "operations");

    for (const xmlNode *op = gpuvm_xml_child(operations, "op"); op; op = gpuvm_xml_next(op)) {
        g_autofree char *text = gpuvm_xml_attr(op, "timeout");
        char *name = gpuvm_xml_attr(op, "name");
        gint64 ms = gpuvm_cluster_time(text, 0);

        if (name)
            g_hash_table_replace(timeouts, name, GUINT_TO_POINTER((guint)MIN(ms / 1000, G_MAXINT)));
    }
}

static gpuvm_agent
agent_of(const xmlNode *xml)
{
    if (gpuvm_xml_attr_is(xml, "class", "stonith"))
        return GPUVM_AGENT_FENCE;
    if (!gpuvm_xml_attr_is(xml, "class", "ocf") || !gpuvm_xml_attr_is(xml, "provider", "gpuvm"))
        return GPUVM_AGENT_OTHER;
    if (gpuvm_xml_attr_is(xml, "type", "vm"))
        return GPUVM_AGENT_VM;
    return gpuvm_xml_attr_is(xml, "type", "host") ? GPUVM_AGENT_HOST : GPUVM_AGENT_OTHER;
}

static GHashTable *
new_pairs(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Where a primitive is. */
typedef struct place {
    const xmlNode *clone, *group, *defaults;
    GHashTable *templates; /* by id */
} place;

static gpuvm_cluster_resource *
new_resource(char *id, const xmlNode *xml, const place *in)
{
    gpuvm_cluster_resource *resource = g_new0(gpuvm_cluster_resource, 1);
    g_autofree char *name = gpuvm_xml_attr(xml, "template");
    const xmlNode *template = name ? g_hash_table_lookup(in->templates, name) : NULL;

    resource->id = id;
    resource->group = gpuvm_xml_attr(in->group, "id");
    resource->clone = gpuvm_xml_attr(in->clone, "id");
    resource->agent = agent_of(template ? template : xml);
    resource->parameters = new_pairs();
    resource->meta = new_pairs();
    resource->timeouts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    resource->wants = gpuvm_amounts_new();
    resource->instances = g_ptr_array_new_with_free_func(free_instance);
    gpuvm_cluster_read_pairs(xml, "instance_attributes", resource->parameters);
    gpuvm_cluster_read_pairs(template, "instance_attributes", resource->parameters);
    gpuvm_cluster_read_pairs(xml, "meta_attributes", resource->meta);
    gpuvm_cluster_read_pairs(template, "meta_attributes", resource->meta);
    gpuvm_cluster_read_pairs(in->group, "meta_attributes", resource->meta);
    gpuvm_cluster_read_pairs(in->clone, "meta_attributes", resource->meta);
    gpuvm_cluster_read_pairs(in->defaults, "meta_attributes", resource->meta);
    read_timeouts(template, resource->timeouts);
    read_timeouts(xml, resource->timeouts);
    gpuvm_cluster_read_amounts(xml, template, resource->wants);
    return resource;
}

static void
read_primitive(gpuvm_cluster *cluster, const xmlNode *xml, const place *in)
{
    char *id = gpuvm_xml_attr(xml, "id");
    gpuvm_cluster_resource *resource = id ? new_resource(id, xml, in) : NULL;

    if (!resource)
        return;
    g_ptr_array_add(cluster->resources, resource);
    if (resource->clone) {
        resource->unique = gpuvm_cluster_truth(resource->meta, "globally-unique", false);
        resource->clone_max = gpuvm_cluster_number(g_hash_table_lookup(resource->meta, "clone-max"),
                                                   GPUVM_CLUSTER_REPLICAS, -1);
    }
    if (!resource->unique)
        gpuvm_cluster_add_instance(resource, -1);
    for (gint64 i = 0; resource->unique &&
                       i < (resource->clone_max < 0 ? (gint64)cluster->nodes->len : resource->clone_max);
         i++)
        gpuvm_cluster_add_instance(resource, i);
}

/* Of groups, clones and groups in clones. */
static void
read_members(gpuvm_cluster *cluster, const xmlNode *parent, const place *in)
{
    for (const xmlNode *xml = parent ? parent->children : NULL; xml; xml = xml->next) {
        place inside = *in;

        if (gpuvm_xml_is(xml, "primitive")) {
            read_primitive(cluster, xml, in);
        } else if (gpuvm_xml_is(xml, "group") && !in->group) {
            inside.group = xml;
            read_members(cluster, xml, &inside);
        } else if (gpuvm_xml_is(xml, "clone") && !in->clone && !in->group) {
            inside.clone = xml;
            read_members(cluster, xml, &inside);
        }
    }
}

static int
compare_resources(gconstpointer a, gconstpointer b)
{
    const gpuvm_cluster_resource *const *left = a, *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

void
gpuvm_cluster_read_resources(gpuvm_cluster *cluster, const xmlNode *configuration)
{
    const xmlNode *resources = gpuvm_xml_child(configuration, "resources");
    g_autoptr(GHashTable) templates = gpuvm_cluster_index(resources, "template");
    const place top = {.defaults = gpuvm_xml_child(configuration, "rsc_defaults"), .templates = templates};

    read_members(cluster, resources, &top);
    g_ptr_array_sort(cluster->resources, compare_resources);
}
