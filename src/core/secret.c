/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/secret.h"

#include <string.h>

#include "base/url.h"

#define DIGEST_DIGITS 12 /* enough to tell one secret from another */
#define KEY_DIGITS 12    /* … one key from another */

typedef struct hiding {
    gpuvm_doc *doc;
    const char *salt; /* digests take the place of secrets; NULL: nothing does */
    GBytes *key;      /* that seals them; NULL */
    bool any;         /* something was hidden */
} hiding;

char *
gpuvm_secret_seal(GBytes *key, const char *digest)
{
    gsize size;
    const guchar *bytes = key ? g_bytes_get_data(key, &size) : NULL;

    return key ? g_compute_hmac_for_string(G_CHECKSUM_SHA256, bytes, size, digest, -1) : g_strnfill(64, '0');
}

char *
gpuvm_secret_key_id(GBytes *key)
{
    g_autofree char *sealed = gpuvm_secret_seal(key, "");

    return g_strndup(sealed, KEY_DIGITS);
}

/* @secret, of which @shown may be seen, as its digest. */
static char *
digest_of(const hiding *h, const char *secret, const char *shown)
{
    g_autofree char *sum =
        g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)h->salt, strlen(h->salt), secret, -1);
    g_autofree char *sealed = gpuvm_secret_seal(h->key, sum);

    return g_strdup_printf("%s%.*s%s%s", GPUVM_SPEC_HIDDEN, DIGEST_DIGITS, sealed, *shown ? " " : "", shown);
}

static gpuvm_node *
hide_scalar(hiding *h, bool secret, const gpuvm_node *node)
{
    g_autofree char *url = secret ? g_strdup("") : gpuvm_url_shown(node->text);
    bool same = !secret && g_str_equal(url, node->text);
    g_autofree char *shown = same      ? g_strdup(url)
                             : h->salt ? digest_of(h, node->text, url)
                                       : g_strdup(secret ? GPUVM_SECRET_HIDDEN : url);
    gpuvm_node *copy = gpuvm_doc_scalar(h->doc, shown, &node->mark);

    copy->plain = same && node->plain;
    h->any |= !same;
    return copy;
}

/* @table decodes @node; NULL: nobody does. @secret: all of it. */
static gpuvm_node *
hide(hiding *h, const gpuvm_table *table, bool secret, const gpuvm_node *node)
{
    gpuvm_node *copy;

    if (node->type == GPUVM_NODE_SCALAR) {
        const gpuvm_field *field =
            table && table->scalar_key ? gpuvm_table_field(table, table->scalar_key) : NULL;

        return hide_scalar(h, secret || (field && field->flags & GPUVM_FIELD_SECRET), node);
    }
    copy = node->type == GPUVM_NODE_MAPPING ? gpuvm_doc_mapping(h->doc, &node->mark)
                                            : gpuvm_doc_sequence(h->doc, &node->mark);
    for (unsigned i = 0; i < node->n; i++) {
        if (node->type == GPUVM_NODE_MAPPING) {
            const char *key = node->keys[i]->text;
            const gpuvm_field *field = table ? gpuvm_table_field(table, key) : NULL;
            bool inner = secret || (field && field->flags & GPUVM_FIELD_SECRET);

            gpuvm_doc_add(h->doc, copy, gpuvm_doc_scalar(h->doc, key, &node->keys[i]->mark),
                          hide(h, field ? field->table : NULL, inner, node->values[i]));
        } else {
            gpuvm_doc_append(h->doc, copy, hide(h, table, secret, node->values[i]));
        }
    }
    return copy;
}

/* @root, which @table decodes, with what @h has in place of its secrets. */
static gpuvm_doc *
hide_all(hiding *h, const gpuvm_table *table, const gpuvm_node *root, gpuvm_source *source, bool *ret_any)
{
    h->doc = gpuvm_doc_new(source);
    h->doc->root = hide(h, table, false, root);
    if (ret_any)
        *ret_any = h->any;
    return h->doc;
}

gpuvm_doc *
gpuvm_secret_hide(const gpuvm_table *table, const gpuvm_doc *doc, bool *ret_any)
{
    return hide_all(&(hiding){0}, table, doc->root, doc->source, ret_any);
}

bool
gpuvm_secret_any(const gpuvm_table *table, const gpuvm_node *root)
{
    bool any;
    g_autoptr(gpuvm_doc) hidden = hide_all(&(hiding){0}, table, root, root->mark.source, &any);

    return any;
}

gpuvm_doc *
gpuvm_secret_digest(const gpuvm_table *table, const gpuvm_node *root, const char *salt, GBytes *key,
                    bool *ret_any)
{
    return hide_all(&(hiding){.salt = salt, .key = key}, table, root, root->mark.source, ret_any);
}
