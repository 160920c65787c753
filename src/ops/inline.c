/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/inline.h"

#include "doc/build.h"
#include "model/tables.h"
#include "ops/load.h"

typedef struct inlining {
    gpuvm_doc *doc;
    const char *directory;
    gpuvm_diags *diags;
} inlining;

/* The text of @file; NULL: see the diagnostics, which are at @mark. */
static gpuvm_source *
read_text(const inlining *work, const char *file, const gpuvm_mark *mark)
{
    g_autofree char *path = g_canonicalize_filename(file, work->directory);
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source = gpuvm_load_source(path, found);

    if (!source) {
        const gpuvm_diag *diag = found->items->pdata[0];
        gpuvm_diags_error(work->diags, diag->exit, mark, "%s", diag->message);
    } else if (source->size > GPUVM_DOC_MAX_SIZE) {
        gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, mark, "%s has more than %d bytes", path,
                          GPUVM_DOC_MAX_SIZE);
    } else if (!g_utf8_validate_len(source->text, source->size, NULL)) {
        gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, mark, "%s is not text in UTF-8", path);
    } else {
        return g_steal_pointer(&source);
    }
    return NULL;
}

static void
inline_text(const inlining *work, gpuvm_node *node)
{
    const gpuvm_node *path = gpuvm_node_get(node, "path"), *key = gpuvm_node_get_key(node, "path");
    g_autoptr(gpuvm_source) source = path ? read_text(work, path->text, &path->mark) : NULL;

    if (!source)
        return;
    gpuvm_doc_set(work->doc, node, gpuvm_doc_scalar(work->doc, "content", &key->mark),
                  gpuvm_doc_scalar(work->doc, source->text, &path->mark));
    gpuvm_node_remove(node, "path");
    gpuvm_node_remove(node, "inline"); /* which said "no" */
}

/* @node is what @table was decoded from, or a sequence of such. */
static void
walk(const inlining *work, const gpuvm_table *table, gpuvm_node *node)
{
    if (table == &gpuvm_content_table) {
        inline_text(work, node);
        return;
    }
    for (unsigned i = 0; i < node->n; i++) {
        const gpuvm_field *field =
            node->type == GPUVM_NODE_MAPPING ? gpuvm_table_field(table, node->keys[i]->text) : NULL;

        if (node->type == GPUVM_NODE_SEQUENCE)
            walk(work, table, node->values[i]);
        else if (field && field->table)
            walk(work, field->table, node->values[i]);
    }
}

bool
gpuvm_inline_texts(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags)
{
    const gpuvm_table *table = gpuvm_kind_table(spec->kind);
    const inlining work = {spec->doc, directory, diags};
    unsigned errors = diags->errors;
    void *object;

    walk(&work, table, spec->doc->root);
    if (diags->errors > errors)
        return false;
    object = gpuvm_schema_decode(table, spec->doc->root, diags);
    if (!object)
        return false;
    gpuvm_schema_free(table, spec->object);
    spec->object = object;
    return true;
}
