/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/paths.h"

#include "base/url.h"
#include "doc/build.h"

typedef struct resolver {
    gpuvm_doc *doc;
    const char *directory;
} resolver;

static bool
is_relative(const gpuvm_field *field, const gpuvm_node *value)
{
    return field->flags & GPUVM_FIELD_HOST_PATH && !gpuvm_url_is(value->text) &&
           !g_path_is_absolute(value->text);
}

static void
resolve(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    const resolver *with = data;

    if (is_relative(field, value)) {
        g_autofree char *path = g_canonicalize_filename(value->text, with->directory);
        value->text = gpuvm_doc_scalar(with->doc, path, &value->mark)->text;
    }
}

void
gpuvm_paths_resolve(gpuvm_spec *spec, const char *directory)
{
    gpuvm_schema_visit(gpuvm_kind_table(spec->kind), spec->doc->root, resolve,
                       &(resolver){spec->doc, directory});
}

/* @data: gpuvm_diags */
static void
refuse(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    bool names_file = field->flags & GPUVM_FIELD_HOST_PATH;
    const char *scheme = names_file ? g_uri_peek_scheme(value->text) : NULL;

    if (names_file && g_strcmp0(scheme, "http") != 0 && g_strcmp0(scheme, "https") != 0)
        gpuvm_diag_hint(
            gpuvm_diags_error(data, GPUVM_EXIT_REFUSED, &value->mark,
                              "what came from a URL may name no file of this host: %s", value->text),
            "write an http or https URL, or a text by content; --trust takes it as it is, from whom you "
            "would let read every file of this host");
}

/* The same. */
static void
refuse_relative(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    if (is_relative(field, value))
        gpuvm_diag_hint(gpuvm_diags_error(data, GPUVM_EXIT_INVALID, &value->mark,
                                          "relative path: %s of what came from a URL", value->text),
                        "write a URL, or the absolute path of a file on every host it is for");
}

void
gpuvm_paths_check_foreign(gpuvm_spec *spec, bool trusted, gpuvm_diags *diags)
{
    gpuvm_schema_visit(gpuvm_kind_table(spec->kind), spec->doc->root, trusted ? refuse_relative : refuse,
                       diags);
}
