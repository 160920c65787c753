/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/paths.h"

#include "base/url.h"
#include "doc/build.h"
#include "model/tables.h"

typedef struct resolver {
    gpuvm_doc *doc;
    const char *directory;
    gpuvm_diags *diags;
} resolver;

static void
resolve(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    const resolver *with = data;
    bool is_text = field == gpuvm_table_field(&gpuvm_content_table, "path");

    if (field->scalar != &gpuvm_scalar_path && field->scalar != &gpuvm_scalar_source)
        return;
    if (!with->directory && is_text) {
        gpuvm_diag_hint(gpuvm_diags_error(with->diags, GPUVM_EXIT_INVALID, &value->mark,
                                          "what came from a URL takes no file of this host into it: %s",
                                          value->text),
                        "give the text by content");
    } else if (gpuvm_url_is(value->text) || g_path_is_absolute(value->text)) {
        return;
    } else if (with->directory) {
        g_autofree char *path = g_canonicalize_filename(value->text, with->directory);
        value->text = gpuvm_doc_scalar(with->doc, path, &value->mark)->text;
    } else {
        gpuvm_diag_hint(gpuvm_diags_error(with->diags, GPUVM_EXIT_INVALID, &value->mark,
                                          "relative path: %s of what came from a URL", value->text),
                        "write a URL, or the absolute path of a file on every host it is for");
    }
}

void
gpuvm_paths_resolve(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags)
{
    gpuvm_schema_visit(gpuvm_kind_table(spec->kind), spec->doc->root, resolve,
                       &(resolver){spec->doc, directory, diags});
}
