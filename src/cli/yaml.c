/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/yaml.h"

#include "doc/build.h"
#include "doc/emit.h"

static const gpuvm_mark nowhere;

static gpuvm_node *convert(gpuvm_doc *doc, JsonNode *json);

static gpuvm_node *
convert_scalar(gpuvm_doc *doc, JsonNode *json)
{
    bool text = json_node_get_value_type(json) == G_TYPE_STRING;
    g_autofree char *written = text ? json_node_dup_string(json) : json_to_string(json, FALSE);
    gpuvm_node *node = gpuvm_doc_scalar(doc, written, &nowhere);

    node->plain = !text; /* a number, true, false or null */
    return node;
}

static gpuvm_node *
convert_array(gpuvm_doc *doc, JsonArray *array)
{
    gpuvm_node *node = gpuvm_doc_sequence(doc, &nowhere);

    for (guint i = 0; i < json_array_get_length(array); i++)
        gpuvm_doc_append(doc, node, convert(doc, json_array_get_element(array, i)));
    return node;
}

static gpuvm_node *
convert_object(gpuvm_doc *doc, JsonObject *object)
{
    gpuvm_node *node = gpuvm_doc_mapping(doc, &nowhere);
    g_autoptr(GList) members = json_object_get_members(object);

    for (const GList *member = members; member; member = member->next)
        gpuvm_doc_add(doc, node, gpuvm_doc_scalar(doc, member->data, &nowhere),
                      convert(doc, json_object_get_member(object, member->data)));
    return node;
}

static gpuvm_node *
convert(gpuvm_doc *doc, JsonNode *json)
{
    if (JSON_NODE_HOLDS_OBJECT(json))
        return convert_object(doc, json_node_get_object(json));
    if (JSON_NODE_HOLDS_ARRAY(json))
        return convert_array(doc, json_node_get_array(json));
    return convert_scalar(doc, json);
}

char *
gpuvm_json_to_yaml(JsonNode *root)
{
    gpuvm_source *source = gpuvm_source_new("output", g_strdup(""), 0);
    g_autoptr(gpuvm_doc) doc = gpuvm_doc_new(source);

    gpuvm_source_unref(source);
    return gpuvm_emit_yaml(convert(doc, root));
}
