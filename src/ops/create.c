/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/create.h"

#include <string.h>

#include "base/url.h"
#include "core/merge.h"

/* @text as the scalar that flag @name gives: its place is the flag. */
static gpuvm_node *
make_scalar(gpuvm_doc *doc, const char *name, const char *text)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new(name, g_strdup(text), strlen(text));
    g_autoptr(gpuvm_doc) keeper = gpuvm_doc_new(source);
    gpuvm_node *node = gpuvm_doc_scalar(doc, text, &keeper->root->mark);

    gpuvm_doc_keep(doc, keeper);
    return node;
}

/* The item of a list that @value is: itself, or a mapping. */
static gpuvm_node *
make_item(gpuvm_doc *doc, const gpuvm_flag *flag, const char *text)
{
    const char *equals = flag->of ? strrchr(text, '=') : NULL;
    gpuvm_node *node = make_scalar(doc, flag->name, equals ? equals + 1 : text), *item;

    if (!flag->item)
        return node;
    item = gpuvm_doc_mapping(doc, &node->mark);
    if (equals) {
        g_autofree char *of = g_strndup(text, (gsize)(equals - text));

        gpuvm_doc_set(doc, item, gpuvm_doc_scalar(doc, flag->of, &node->mark),
                      make_scalar(doc, flag->name, of));
    }
    gpuvm_doc_set(doc, item, gpuvm_doc_scalar(doc, flag->item, &node->mark), node);
    return item;
}

/* 100, or 100G, which is wrong, but no file either: that is ./100G. */
static bool
is_size(const gpuvm_flag *flag, const char *text)
{
    return flag->size && g_ascii_isdigit(*text) && !strpbrk(text, "/.");
}

/* The item of a list that @text, a size, is: named after those that are there. */
static gpuvm_node *
make_sized(gpuvm_doc *doc, const gpuvm_flag *flag, const char *text)
{
    const gpuvm_node *items = gpuvm_node_get(doc->root, flag->path);
    gpuvm_node *node = make_scalar(doc, flag->name, text), *item = gpuvm_doc_mapping(doc, &node->mark);
    unsigned number = 1;

    for (unsigned i = 0; items && i < items->n; i++)
        number += gpuvm_node_get(items->values[i], flag->size) != NULL;
    g_autofree char *name = number == 1 ? g_strdup("data") : g_strdup_printf("data%u", number);
    gpuvm_doc_set(doc, item, gpuvm_doc_scalar(doc, "name", &node->mark),
                  gpuvm_doc_scalar(doc, name, &node->mark));
    gpuvm_doc_set(doc, item, gpuvm_doc_scalar(doc, flag->size, &node->mark), node);
    return item;
}

/* Gives the field of @value's flag its value. */
static void
apply(gpuvm_doc *doc, const gpuvm_flag_value *value)
{
    const gpuvm_flag *flag = value->flag;
    bool is_url = gpuvm_url_is(value->text);
    g_autofree char *text =
        flag->media && !is_url ? g_canonicalize_filename(value->text, NULL) : g_strdup(value->text);
    gpuvm_node *node =
        is_size(flag, value->text) ? make_sized(doc, flag, value->text) : make_item(doc, flag, text);
    gpuvm_node *mapping = doc->root;
    g_autofree char *path = flag->media && !flag->list
                                ? g_strconcat(flag->path, is_url ? ".url" : ".path", NULL)
                                : g_strdup(flag->path);
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);
    char **key = keys;

    for (; key[1]; key++)
        mapping = gpuvm_doc_ensure(doc, mapping, *key, &node->mark, gpuvm_doc_mapping);
    if (flag->list)
        gpuvm_doc_append(doc, gpuvm_doc_ensure(doc, mapping, *key, &node->mark, gpuvm_doc_sequence), node);
    else
        gpuvm_doc_set(doc, mapping, gpuvm_doc_scalar(doc, *key, &node->mark), node);
}

/* The document of @source, of @kind and with the name that @name has; NULL: see the diagnostics. */
static gpuvm_doc *
read_config(gpuvm_session *session, gpuvm_kind kind, gpuvm_source *source, const gpuvm_node *name)
{
    const gpuvm_table *table = gpuvm_kind_table(kind);
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, session->diags);
    gpuvm_doc *doc;

    if (session->diags->errors > 0)
        return NULL;
    doc = docs->pdata[0];
    if (docs->len > 1)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID,
                          &((const gpuvm_doc *)docs->pdata[1])->root->mark,
                          "a second document: create makes one %s", gpuvm_kind_names[kind]);
    if (doc->root->type == GPUVM_NODE_MAPPING)
        gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, "name", &name->mark), (gpuvm_node *)name);
    gpuvm_spec_check_hidden(doc->root, session->diags);
    gpuvm_schema_free(table, gpuvm_schema_decode(table, doc->root, session->diags));
    return session->diags->errors == 0 ? gpuvm_doc_ref(doc) : NULL;
}

/* A list of the command line would take the place of the file's, and so could allow more. */
static void
check_allowlists(gpuvm_session *session, const gpuvm_doc *config, const gpuvm_doc *flags)
{
    const gpuvm_node *in_file = gpuvm_node_get(gpuvm_node_get(config->root, "devices"), "allowlist");
    const gpuvm_node *given = gpuvm_node_get(gpuvm_node_get(flags->root, "devices"), "allowlist");

    if (in_file && given)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, &given->values[0]->mark,
                                          "the allowlist is in %s already", config->source->name),
                        "give one of the two");
}

const gpuvm_flag gpuvm_replicas_flag = {.name = "--replicas", .path = "replicas"};
static const gpuvm_flag name_argument = {.name = "NAME", .path = "name"};

bool
gpuvm_create_over(gpuvm_session *session, gpuvm_definition *definition, const GPtrArray *values)
{
    gpuvm_spec *spec = definition->spec;
    const gpuvm_table *table = gpuvm_kind_table(spec->kind);
    g_autoptr(gpuvm_doc) flags = gpuvm_doc_new(spec->doc->source), doc = NULL;
    void *object;

    for (guint i = 0; i < values->len; i++)
        apply(flags, values->pdata[i]);
    doc = gpuvm_merge_docs(table, spec->doc, flags, false);
    object = gpuvm_schema_decode(table, doc->root, session->diags);
    if (!object)
        return false;
    definition->spec = gpuvm_spec_new(spec->kind, doc, object);
    gpuvm_spec_free(spec);
    return true;
}

gpuvm_definition *
gpuvm_create_from(gpuvm_session *session, gpuvm_kind kind, const char *name, gpuvm_source *config,
                  const char *directory, const GPtrArray *values)
{
    const gpuvm_table *table = gpuvm_kind_table(kind);
    g_autoptr(gpuvm_source) none = gpuvm_source_new("gpuvm create", g_strdup(""), 0);
    gpuvm_source *source = config ? config : none;
    g_autoptr(gpuvm_doc) doc = gpuvm_doc_new(source), base = NULL;
    gpuvm_definition *definition;
    void *object;

    apply(doc, &(gpuvm_flag_value){&name_argument, name});
    for (guint i = 0; values && i < values->len; i++)
        apply(doc, values->pdata[i]);
    if (config) {
        base = read_config(session, kind, config, gpuvm_node_get(doc->root, "name"));
        if (!base)
            return NULL;
        check_allowlists(session, base, doc);
        gpuvm_doc *flags = doc;
        doc = gpuvm_merge_docs(table, base, flags, false);
        gpuvm_doc_unref(flags);
    }
    object = gpuvm_schema_decode(table, doc->root, session->diags);
    if (!object)
        return NULL;
    definition = g_new0(gpuvm_definition, 1);
    definition->spec = gpuvm_spec_new(kind, doc, object);
    definition->source = g_strdup(source->name);
    definition->directory = g_strdup(directory);
    return definition;
}

gpuvm_definition *
gpuvm_create_definition(gpuvm_session *session, gpuvm_kind kind, const char *name, const char *config,
                        const GPtrArray *values)
{
    g_autoptr(gpuvm_source) source = config ? gpuvm_load_source(config, session->diags) : NULL;
    g_autofree char *path = g_canonicalize_filename(config ? config : "-", NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    return config && !source ? NULL : gpuvm_create_from(session, kind, name, source, directory, values);
}
