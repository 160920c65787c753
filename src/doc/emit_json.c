/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* emit_json.c: trees → JSON */
#include <config.h>

#include "doc/emit.h"

static void
set_scalar(JsonNode *json, const gpuvm_node *node)
{
    switch (gpuvm_node_value(node)) {
    case GPUVM_VALUE_NULL:
        json_node_init_null(json);
        break;
    case GPUVM_VALUE_TRUTH:
        json_node_set_boolean(json, g_str_equal(node->text, "true"));
        break;
    case GPUVM_VALUE_NUMBER:
        json_node_set_int(json, g_ascii_strtoll(node->text, NULL, 10));
        break;
    case GPUVM_VALUE_TEXT:
        json_node_set_string(json, node->text);
        break;
    }
}

JsonNode *
gpuvm_emit_json(const gpuvm_node *node)
{
    JsonNode *json = json_node_new(JSON_NODE_VALUE);

    switch (node->type) {
    case GPUVM_NODE_MAPPING:
        json_node_init(json, JSON_NODE_OBJECT);
        json_node_take_object(json, json_object_new());
        for (unsigned i = 0; i < node->n; i++)
            json_object_set_member(json_node_get_object(json), node->keys[i]->text,
                                   gpuvm_emit_json(node->values[i]));
        break;
    case GPUVM_NODE_SEQUENCE:
        json_node_init(json, JSON_NODE_ARRAY);
        json_node_take_array(json, json_array_new());
        for (unsigned i = 0; i < node->n; i++)
            json_array_add_element(json_node_get_array(json), gpuvm_emit_json(node->values[i]));
        break;
    case GPUVM_NODE_SCALAR:
        set_scalar(json, node);
        break;
    }
    return json;
}
