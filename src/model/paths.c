/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/paths.h"

#include <string.h>

#include "doc/build.h"
#include "model/tables.h"

typedef struct resolver {
    gpuvm_doc *doc;
    const char *directory;
    gpuvm_diags *diags;
} resolver;

static void
resolve(const gpuvm_field *field, gpuvm_node *scalar, void *data)
{
    const resolver *with = data;
    bool is_text = field == gpuvm_table_field(&gpuvm_content_table, "path");

    if (field->scalar != &gpuvm_scalar_path && field->scalar != &gpuvm_scalar_source)
        return;
    if (!with->directory && is_text) {
        gpuvm_diag_hint(gpuvm_diags_error(with->diags, GPUVM_EXIT_INVALID, &scalar->mark,
                                          "what came from a URL takes no file of this host into it: %s",
                                          scalar->text),
                        "give the text by content");
    } else if (strstr(scalar->text, "://") || g_path_is_absolute(scalar->text)) {
        return;
    } else if (with->directory) {
        g_autofree char *path = g_canonicalize_filename(scalar->text, with->directory);
        scalar->text = gpuvm_doc_scalar(with->doc, path, &scalar->mark)->text;
    } else {
        gpuvm_diag_hint(gpuvm_diags_error(with->diags, GPUVM_EXIT_INVALID, &scalar->mark,
                                          "relative path: %s of what came from a URL", scalar->text),
                        "write a URL, or the absolute path of a file on every host it is for");
    }
}

void
gpuvm_paths_resolve(gpuvm_spec *spec, const char *directory, gpuvm_diags *diags)
{
    gpuvm_schema_visit(gpuvm_kind_table(spec->kind), spec->doc->root, resolve,
                       &(resolver){spec->doc, directory, diags});
}
