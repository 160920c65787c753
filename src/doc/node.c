/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "doc/node.h"

#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 18 /* of a number that an int64_t holds in any case */

gpuvm_doc *
gpuvm_doc_ref(gpuvm_doc *doc)
{
    g_atomic_int_inc(&doc->refs);
    return doc;
}

void
gpuvm_doc_unref(gpuvm_doc *doc)
{
    if (!doc || !g_atomic_int_dec_and_test(&doc->refs))
        return;
    g_ptr_array_unref(doc->blocks);
    g_clear_pointer(&doc->kept, g_ptr_array_unref);
    gpuvm_source_unref(doc->source);
    g_free(doc);
}

/* Where @key is in @mapping; @mapping->n when it is absent. */
static unsigned
find_key(const gpuvm_node *mapping, const char *key)
{
    unsigned i = 0;

    while (i < mapping->n && strcmp(mapping->keys[i]->text, key) != 0)
        i++;
    return i;
}

const gpuvm_node *
gpuvm_node_get(const gpuvm_node *mapping, const char *key)
{
    unsigned i;

    if (!mapping || mapping->type != GPUVM_NODE_MAPPING)
        return NULL;
    i = find_key(mapping, key);
    return i < mapping->n ? mapping->values[i] : NULL;
}

const gpuvm_node *
gpuvm_node_get_key(const gpuvm_node *mapping, const char *key)
{
    unsigned i;

    if (!mapping || mapping->type != GPUVM_NODE_MAPPING)
        return NULL;
    i = find_key(mapping, key);
    return i < mapping->n ? mapping->keys[i] : NULL;
}

bool
gpuvm_node_is_null(const gpuvm_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

    return node->type == GPUVM_NODE_SCALAR && node->plain && g_strv_contains(nulls, node->text);
}

gpuvm_value
gpuvm_node_value(const gpuvm_node *scalar)
{
    const char *text = scalar->text, *digits = text + (*text == '-');
    size_t n = strspn(digits, "0123456789");

    if (gpuvm_node_is_null(scalar))
        return GPUVM_VALUE_NULL;
    if (scalar->plain && (g_str_equal(text, "true") || g_str_equal(text, "false")))
        return GPUVM_VALUE_TRUTH;
    if (scalar->plain && n > 0 && n <= MOST_DIGITS && !digits[n] &&
        (*digits != '0' || g_str_equal(text, "0")))
        return GPUVM_VALUE_NUMBER;
    return GPUVM_VALUE_TEXT;
}

typedef struct pair {
    const char *key;
    const gpuvm_node *value;
} pair;

static int
compare_pairs(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

static void
digest_text(GChecksum *sum, const char *text)
{
    char head[32];
    size_t size = strlen(text);

    g_checksum_update(sum, (guchar *)head, g_snprintf(head, sizeof(head), "s%zu:", size));
    g_checksum_update(sum, (const guchar *)text, size);
}

/*
 * The canonical form: "n" for no value, "s<bytes>:<text>" for a scalar, "l<n>:" and its nodes for a sequence,
 * "m<n>:" and its keys and values in the order of the keys for a mapping. No two trees have the same.
 */
static void
digest_node(GChecksum *sum, const gpuvm_node *node)
{
    char head[32];

    if (gpuvm_node_is_null(node)) {
        g_checksum_update(sum, (const guchar *)"n", 1);
    } else if (node->type == GPUVM_NODE_SCALAR) {
        digest_text(sum, node->text);
    } else if (node->type == GPUVM_NODE_SEQUENCE) {
        g_checksum_update(sum, (guchar *)head, g_snprintf(head, sizeof(head), "l%u:", node->n));
        for (unsigned i = 0; i < node->n; i++)
            digest_node(sum, node->values[i]);
    } else {
        g_autofree pair *pairs = g_new(pair, node->n + 1);

        for (unsigned i = 0; i < node->n; i++)
            pairs[i] = (pair){node->keys[i]->text, node->values[i]};
        qsort(pairs, node->n, sizeof(*pairs), compare_pairs);
        g_checksum_update(sum, (guchar *)head, g_snprintf(head, sizeof(head), "m%u:", node->n));
        for (unsigned i = 0; i < node->n; i++) {
            digest_text(sum, pairs[i].key); /* a key is a text, "null" too */
            digest_node(sum, pairs[i].value);
        }
    }
}

char *
gpuvm_node_digest(const gpuvm_node *node)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    digest_node(sum, node);
    return g_strconcat("sha256:", g_checksum_get_string(sum), NULL);
}
