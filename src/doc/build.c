/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "doc/build.h"

#include <string.h>

static gpuvm_node *
new_node(gpuvm_doc *doc, gpuvm_node_type type, const gpuvm_mark *mark)
{
    gpuvm_node *node = g_new0(gpuvm_node, 1);

    node->type = type;
    node->mark = *mark;
    g_ptr_array_add(doc->blocks, node);
    return node;
}

gpuvm_doc *
gpuvm_doc_new(gpuvm_source *source)
{
    gpuvm_doc *doc = g_new0(gpuvm_doc, 1);

    doc->source = gpuvm_source_ref(source);
    doc->refs = 1;
    doc->blocks = g_ptr_array_new_with_free_func(g_free);
    doc->root = gpuvm_doc_mapping(doc, &(gpuvm_mark){.source = source});
    return doc;
}

void
gpuvm_doc_keep(gpuvm_doc *doc, gpuvm_doc *other)
{
    if (!doc->kept)
        doc->kept = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_doc_unref);
    g_ptr_array_add(doc->kept, gpuvm_doc_ref(other));
}

gpuvm_node *
gpuvm_doc_scalar(gpuvm_doc *doc, const char *text, const gpuvm_mark *mark)
{
    gpuvm_node *node = new_node(doc, GPUVM_NODE_SCALAR, mark);
    char *copy = g_strdup(text);

    g_ptr_array_add(doc->blocks, copy);
    node->text = copy;
    return node;
}

gpuvm_node *
gpuvm_doc_mapping(gpuvm_doc *doc, const gpuvm_mark *mark)
{
    return new_node(doc, GPUVM_NODE_MAPPING, mark);
}

gpuvm_node *
gpuvm_doc_sequence(gpuvm_doc *doc, const gpuvm_mark *mark)
{
    return new_node(doc, GPUVM_NODE_SEQUENCE, mark);
}

/* The first @n of @nodes, with room for @room; the old array stays until the document goes. */
static gpuvm_node **
lengthen(gpuvm_doc *doc, gpuvm_node **nodes, unsigned n, unsigned room)
{
    gpuvm_node **longer = g_new(gpuvm_node *, room);

    if (n > 0)
        memcpy(longer, nodes, n * sizeof(*nodes));
    g_ptr_array_add(doc->blocks, longer);
    return longer;
}

/* The same for a sequence, where @key is NULL. */
void
gpuvm_doc_add(gpuvm_doc *doc, gpuvm_node *node, gpuvm_node *key, gpuvm_node *value)
{
    if (node->n >= node->room) {
        node->room = MAX(4, 2 * node->n);
        node->values = lengthen(doc, node->values, node->n, node->room);
        if (key)
            node->keys = lengthen(doc, node->keys, node->n, node->room);
    }
    if (key)
        node->keys[node->n] = key;
    node->values[node->n++] = value;
}

void
gpuvm_doc_set(gpuvm_doc *doc, gpuvm_node *mapping, gpuvm_node *key, gpuvm_node *value)
{
    for (unsigned i = 0; i < mapping->n; i++) {
        if (g_str_equal(mapping->keys[i]->text, key->text)) {
            mapping->keys[i] = key;
            mapping->values[i] = value;
            return;
        }
    }
    gpuvm_doc_add(doc, mapping, key, value);
}

gpuvm_node *
gpuvm_doc_ensure(gpuvm_doc *doc, gpuvm_node *mapping, const char *key, const gpuvm_mark *mark,
                 gpuvm_node *(*make)(gpuvm_doc *doc, const gpuvm_mark *mark))
{
    gpuvm_node *value = (gpuvm_node *)gpuvm_node_get(mapping, key);

    if (!value) {
        value = make(doc, mark);
        gpuvm_doc_add(doc, mapping, gpuvm_doc_scalar(doc, key, mark), value);
    }
    return value;
}

void
gpuvm_node_remove(gpuvm_node *mapping, const char *key)
{
    for (unsigned i = 0; i < mapping->n; i++) {
        if (!g_str_equal(mapping->keys[i]->text, key))
            continue;
        mapping->n--;
        memmove(mapping->keys + i, mapping->keys + i + 1, (mapping->n - i) * sizeof(*mapping->keys));
        memmove(mapping->values + i, mapping->values + i + 1, (mapping->n - i) * sizeof(*mapping->values));
        return;
    }
}

void
gpuvm_doc_append(gpuvm_doc *doc, gpuvm_node *sequence, gpuvm_node *item)
{
    gpuvm_doc_add(doc, sequence, NULL, item);
}
