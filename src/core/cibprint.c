/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three ways to tell Pacemaker of the same resources. */
#include <config.h>

#include "core/cib.h"

#include "base/xml.h"
#include "core/capacity.h"

/* A new element with an id, which nothing else of the document may have. */
static xmlNode *G_GNUC_PRINTF(4, 5)
    add_element(xmlNode *parent, const char *name, gpuvm_diags *diags, const char *format, ...)
{
    xmlNode *node = gpuvm_xml_add(parent, name, NULL);
    va_list args;

    va_start(args, format);
    g_autofree char *id = g_strdup_vprintf(format, args);
    va_end(args);
    gpuvm_xml_set(node, "id", "%s", id);
    if (!xmlAddID(NULL, parent->doc, (const xmlChar *)id, xmlHasProp(node, (const xmlChar *)"id")))
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL,
                                          "two things in the CIB would have the id '%s'", id),
                        "a VM's name is another's, and a word of Pacemaker's: give it another one");
    return node;
}

static void
add_pairs(xmlNode *parent, const char *section, const char *id, const GPtrArray *pairs, gpuvm_diags *diags)
{
    xmlNode *set;
    unsigned models = 0;

    if (pairs->len == 0)
        return;
    set = add_element(parent, section, diags, "%s-%s", id, section);
    for (guint i = 0; i < pairs->len; i++) {
        const gpuvm_pair *pair = pairs->pdata[i];
        /* what --modify finds by its id takes the place of what was there: another model that of the former one */
        g_autofree char *model =
            g_str_has_prefix(pair->key, GPUVM_CAPACITY_CARDS) ? g_strdup_printf("gpu-%u", ++models) : NULL;
        xmlNode *node = add_element(set, "nvpair", diags, "%s-%s-%s", id, section, model ? model : pair->key);

        gpuvm_xml_set(node, "name", "%s", pair->key);
        gpuvm_xml_set(node, "value", "%s", pair->value);
    }
}

static void
add_operations(xmlNode *parent, const gpuvm_cib_resource *resource, gpuvm_diags *diags)
{
    xmlNode *operations = gpuvm_xml_add(parent, "operations", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(resource->operations); i++) {
        const gpuvm_cib_operation *operation = &resource->operations[i];
        xmlNode *node = add_element(operations, "op", diags, "%s-%s", resource->id, operation->name);

        gpuvm_xml_set(node, "name", "%s", operation->name);
        gpuvm_xml_set(node, "interval", "%us", operation->interval);
        gpuvm_xml_set(node, "timeout", "%us", operation->timeout);
        if (operation->on_fail)
            gpuvm_xml_set(node, "on-fail", "%s", operation->on_fail);
    }
}

static void
add_resource(xmlNode *resources, const gpuvm_cib_resource *resource, gpuvm_diags *diags)
{
    xmlNode *clone = resource->clone ? add_element(resources, "clone", diags, "%s", resource->clone) : NULL;
    xmlNode *primitive = NULL;

    if (clone)
        add_pairs(clone, "meta_attributes", resource->clone, resource->meta, diags);
    primitive = add_element(clone ? clone : resources, "primitive", diags, "%s", resource->id);
    gpuvm_xml_set(primitive, "class", "ocf");
    gpuvm_xml_set(primitive, "provider", "gpuvm");
    gpuvm_xml_set(primitive, "type", "%s", resource->agent);
    add_pairs(primitive, "instance_attributes", resource->id, resource->attributes, diags);
    add_pairs(primitive, "utilization", resource->id, resource->utilization, diags);
    if (!clone)
        add_pairs(primitive, "meta_attributes", resource->id, resource->meta, diags);
    add_operations(primitive, resource, diags);
}

static void
add_location(xmlNode *constraints, const gpuvm_cib_resource *resource, gpuvm_diags *diags)
{
    xmlNode *location = add_element(constraints, "rsc_location", diags, "%s-node", resource->id), *node;

    gpuvm_xml_set(location, "rsc", "%s", resource->clone ? resource->clone : resource->id);
    node = add_element(location, "rule", diags, "%s-node-rule", resource->id);
    gpuvm_xml_set(node, "score", "-INFINITY");
    node = add_element(node, "expression", diags, "%s-node-expression", resource->id);
    gpuvm_xml_set(node, "attribute", "#uname");
    gpuvm_xml_set(node, "operation", "ne");
    gpuvm_xml_set(node, "value", "%s", resource->node);
}

char *
gpuvm_cib_print_xml(const GPtrArray *resources, gpuvm_diags *diags)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *root = xmlNewDocNode(doc, NULL, (const xmlChar *)"cib", NULL), *configuration, *parent;
    unsigned errors = diags->errors;
    g_autofree char *text = NULL;

    xmlDocSetRootElement(doc, root);
    configuration = gpuvm_xml_add(root, "configuration", NULL);
    parent = gpuvm_xml_add(configuration, "crm_config", NULL);
    parent = add_element(parent, "cluster_property_set", diags, "cib-bootstrap-options");
    parent = add_element(parent, "nvpair", diags, "cib-bootstrap-options-placement-strategy");
    gpuvm_xml_set(parent, "name", "placement-strategy");
    gpuvm_xml_set(parent, "value", "balanced");
    parent = gpuvm_xml_add(configuration, "resources", NULL);
    for (guint i = 0; i < resources->len; i++)
        add_resource(parent, resources->pdata[i], diags);
    parent = gpuvm_xml_add(configuration, "constraints", NULL);
    for (guint i = 0; i < resources->len; i++) {
        const gpuvm_cib_resource *resource = resources->pdata[i];

        if (resource->node)
            add_location(parent, resource, diags);
    }
    text = gpuvm_xml_print(root);
    return diags->errors == errors ? g_strconcat(text, "\n", NULL) : NULL;
}

/* Goes on in the next line with @words and "KEY='VALUE'" of @pairs, which are plain. */
static void
write_pairs(GString *text, const char *words, const GPtrArray *pairs)
{
    if (pairs->len == 0)
        return;
    g_string_append_printf(text, " \\\n   %s", words);
    for (guint i = 0; i < pairs->len; i++) {
        const gpuvm_pair *pair = pairs->pdata[i];

        g_string_append_printf(text, " %s='%s'", pair->key, pair->value);
    }
}

static void
write_operations(GString *text, const gpuvm_cib_resource *resource)
{
    for (size_t i = 0; i < G_N_ELEMENTS(resource->operations); i++) {
        const gpuvm_cib_operation *operation = &resource->operations[i];

        g_string_append_printf(text, " \\\n    op %s interval=%us timeout=%us", operation->name,
                               operation->interval, operation->timeout);
        if (operation->on_fail)
            g_string_append_printf(text, " on-fail=%s", operation->on_fail);
    }
}

char *
gpuvm_cib_print_crm(const GPtrArray *resources)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < resources->len; i++) {
        const gpuvm_cib_resource *resource = resources->pdata[i];

        g_string_append_printf(text, "primitive %s ocf:gpuvm:%s", resource->id, resource->agent);
        write_pairs(text, " params", resource->attributes);
        write_pairs(text, " utilization", resource->utilization);
        if (!resource->clone)
            write_pairs(text, " meta", resource->meta);
        write_operations(text, resource);
        if (resource->clone) {
            g_string_append_printf(text, "\nclone %s %s", resource->clone, resource->id);
            write_pairs(text, " meta", resource->meta);
        }
        g_string_append_c(text, '\n');
        if (resource->node)
            g_string_append_printf(text, "location %s-node %s rule -inf: #uname ne '%s'\n", resource->id,
                                   resource->clone ? resource->clone : resource->id, resource->node);
    }
    g_string_append(text, "property placement-strategy=balanced\n");
    return g_string_free(text, FALSE);
}

char *
gpuvm_cib_print_pcs(const GPtrArray *resources)
{
    GString *text = g_string_new("pcs property set placement-strategy=balanced\n");

    for (guint i = 0; i < resources->len; i++) {
        const gpuvm_cib_resource *resource = resources->pdata[i];

        g_string_append_printf(text, "pcs resource create %s ocf:gpuvm:%s", resource->id, resource->agent);
        write_pairs(text, "", resource->attributes);
        write_operations(text, resource);
        g_string_append(text, " --no-default-ops");
        if (resource->clone)
            g_string_append_printf(text, " \\\n    clone %s", resource->clone);
        write_pairs(text, resource->clone ? "" : " meta", resource->meta);
        g_string_append_c(text, '\n');
        if (resource->utilization->len > 0) {
            g_string_append_printf(text, "pcs resource utilization %s", resource->id);
            write_pairs(text, "", resource->utilization);
            g_string_append_c(text, '\n');
        }
        if (resource->node)
            g_string_append_printf(text,
                                   "pcs constraint location %s rule id=%s-node-rule constraint-id=%s-node "
                                   "score=-INFINITY '#uname' ne '%s'\n",
                                   resource->clone ? resource->clone : resource->id, resource->id,
                                   resource->id, resource->node);
    }
    return g_string_free(text, FALSE);
}
