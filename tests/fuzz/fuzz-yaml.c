/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-yaml.c: any bytes as YAML: trees within the limits whose places exist, and that are the same when they are written
 * and read again; or refused
 */
#include <config.h>

#include <string.h>

#include "doc/emit.h"
#include "fuzz.h"

/** In the text, or in the line behind the last one, where libyaml sees the end of a text that ends in its midst. */
static void
check_mark(const gpuvm_mark *mark, gpuvm_source *source)
{
    size_t size = 0;
    bool there = gpuvm_source_line(source, mark->line, &size);

    FUZZ_REQUIRE(mark->source == source && mark->line > 0 && mark->column > 0);
    FUZZ_REQUIRE(there || gpuvm_source_line(source, mark->line - 1, &size));
    FUZZ_REQUIRE(mark->column <= (there ? size + 1 : 1));
}

static void
check_node(const gpuvm_node *node, gpuvm_source *source, unsigned depth)
{
    FUZZ_REQUIRE(depth <= GPUVM_DOC_MAX_DEPTH);
    check_mark(&node->mark, source);
    if (node->type == GPUVM_NODE_SCALAR)
        FUZZ_REQUIRE(g_utf8_validate(node->text, -1, NULL));
    for (unsigned i = 0; node->type != GPUVM_NODE_SCALAR && i < node->n; i++) {
        if (node->type == GPUVM_NODE_MAPPING) {
            check_node(node->keys[i], source, depth + 1);
            FUZZ_REQUIRE(gpuvm_node_get(node, node->keys[i]->text) == node->values[i]);
        }
        check_node(node->values[i], source, depth + 1);
    }
}

/* What is larger in block style than a file may be cannot be read again. */
static void
check_written(const gpuvm_node *root, const char *digest)
{
    char *text = gpuvm_emit_yaml(root);
    g_autoptr(gpuvm_source) source = gpuvm_source_new("written", text, strlen(text));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = source->size <= GPUVM_DOC_MAX_SIZE ? gpuvm_doc_parse(source, diags) : NULL;
    g_autofree char *again = NULL, *same = NULL;

    if (!docs)
        return;
    FUZZ_REQUIRE(docs->len == 1 && diags->errors == 0);
    again = gpuvm_node_digest(((const gpuvm_doc *)docs->pdata[0])->root);
    FUZZ_REQUIRE(g_str_equal(digest, again));
    same = gpuvm_emit_yaml(((const gpuvm_doc *)docs->pdata[0])->root);
    FUZZ_REQUIRE(g_str_equal(text, same));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(gpuvm_source) source = fuzz_source(data, size);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

    FUZZ_REQUIRE(docs->len > 0 || diags->errors > 0);
    for (guint i = 0; i < docs->len; i++) {
        const gpuvm_doc *doc = docs->pdata[i];
        g_autofree char *digest = gpuvm_node_digest(doc->root);

        FUZZ_REQUIRE(g_str_has_prefix(digest, "sha256:"));
        check_node(doc->root, source, 1);
        if (diags->errors == 0)
            check_written(doc->root, digest);
    }
    fuzz_check_diags(diags);
    return 0;
}
