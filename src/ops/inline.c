/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/inline.h"

#include <string.h>

#include "doc/build.h"
#include "model/tables.h"
#include "ops/load.h"

/* what no text in a definition has either */
#define CONTROLS                                                                                             \
    "\x01\x02\x03\x04\x05\x06\a\b\v\f\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"

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
    } else if (strpbrk(source->text, CONTROLS)) {
        gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, mark, "%s has control characters in it", path);
    } else {
        return g_steal_pointer(&source);
    }
    return NULL;
}

/* As YAML has a text that stands in it: a line ends in a line feed alone (YAML 1.2, 5.4). */
static char *
with_line_feeds(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);

    return g_strjoinv("\n", lines);
}

static void
inline_text(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    const inlining *work = data;
    const gpuvm_node *path = gpuvm_node_get(value, "path"), *key = gpuvm_node_get_key(value, "path");
    g_autoptr(gpuvm_source) source = NULL;

    if (field->table != &gpuvm_content_table || !path)
        return;
    source = read_text(work, path->text, &path->mark);
    if (!source)
        return;
    g_autofree char *text = with_line_feeds(source->text);
    gpuvm_doc_set(work->doc, value, gpuvm_doc_scalar(work->doc, "content", &key->mark),
                  gpuvm_doc_scalar(work->doc, text, &path->mark));
    gpuvm_node_remove(value, "path");
    gpuvm_node_remove(value, "inline"); /* which said "no" */
}

bool
gpuvm_inline_texts(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags)
{
    const gpuvm_table *table = gpuvm_kind_table(spec->kind);
    unsigned errors = diags->errors;
    void *object;

    gpuvm_schema_visit(table, spec->doc->root, inline_text, &(inlining){spec->doc, directory, diags});
    if (diags->errors > errors)
        return false;
    object = gpuvm_schema_decode(table, spec->doc->root, diags);
    if (!object)
        return false;
    gpuvm_schema_free(table, spec->object);
    spec->object = object;
    return true;
}
