/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/spec.h"

#include <string.h>

#include "base/nearest.h"

const char *const gpuvm_kind_names[] = {"vm", "plugin", "deployment", "policy", NULL};

const gpuvm_table *
gpuvm_kind_table(gpuvm_kind kind)
{
    static const gpuvm_table *const tables[GPUVM_KINDS] = {
        &gpuvm_vm_table,
        &gpuvm_plugin_table,
        &gpuvm_deployment_table,
        &gpuvm_policy_table,
    };

    return tables[kind];
}

/* The kind that @word names; -1 when there is none. */
static int
find_kind(const char *word)
{
    for (int i = 0; i < GPUVM_KINDS; i++)
        if (strcmp(gpuvm_kind_names[i], word) == 0)
            return i;
    return -1;
}

/* Adds that @word is not a kind; returns -1. */
static int
refuse_word(const char *word, enum gpuvm_exit exit, const gpuvm_mark *mark, gpuvm_diags *diags)
{
    const char *near = gpuvm_nearest(word, gpuvm_kind_names, GPUVM_KINDS);
    gpuvm_diag *diag = gpuvm_diags_error(diags, exit, mark, "unknown kind '%s'", word);

    if (near)
        gpuvm_diag_hint(diag, "did you mean '%s'?", near);
    else
        gpuvm_diag_hint(diag, "the kinds are vm, plugin, deployment and policy");
    return -1;
}

/* The kind of the document at @root; -1 when it says something else, or not @expected (-1: any). */
static int
kind_of(const gpuvm_node *root, int expected, gpuvm_diags *diags)
{
    const gpuvm_node *word = gpuvm_node_get(root, "kind");
    bool says = word && word->type == GPUVM_NODE_SCALAR && !gpuvm_node_is_null(word);
    bool manifest = gpuvm_node_get(root, "runtime") && gpuvm_node_get(root, "workload") &&
                    !gpuvm_node_get(root, "plugin");
    int kind;

    /* a kind that is not a word is left to the kind's row */
    if (!says)
        return expected >= 0 ? expected : manifest ? GPUVM_KIND_PLUGIN : GPUVM_KIND_VM;
    kind = find_kind(word->text);
    if (kind < 0)
        return refuse_word(word->text, GPUVM_EXIT_INVALID, &word->mark, diags);
    if (expected >= 0 && kind != expected) {
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &word->mark, "this is a %s, not a %s",
                          gpuvm_kind_names[kind], gpuvm_kind_names[expected]);
        return -1;
    }
    return kind;
}

static gpuvm_spec *
decode(gpuvm_doc *doc, int expected, gpuvm_diags *diags)
{
    int kind = kind_of(doc->root, expected, diags);
    void *object =
        kind < 0 ? NULL : gpuvm_schema_decode(gpuvm_kind_table((gpuvm_kind)kind), doc->root, diags);

    return object ? gpuvm_spec_new((gpuvm_kind)kind, doc, object) : NULL;
}

gpuvm_spec *
gpuvm_spec_new(gpuvm_kind kind, gpuvm_doc *doc, void *object)
{
    gpuvm_spec *spec = g_new0(gpuvm_spec, 1);

    spec->refs = 1;
    spec->kind = kind;
    spec->doc = gpuvm_doc_ref(doc);
    spec->object = object;
    return spec;
}

gpuvm_spec *
gpuvm_spec_ref(gpuvm_spec *spec)
{
    spec->refs++;
    return spec;
}

void
gpuvm_spec_free(gpuvm_spec *spec)
{
    if (!spec || --spec->refs > 0)
        return;
    gpuvm_schema_free(gpuvm_kind_table(spec->kind), spec->object);
    gpuvm_spec_free(spec->base);
    gpuvm_deployed_unref(spec->deployed);
    gpuvm_doc_unref(spec->doc);
    g_free(spec);
}

const char *
gpuvm_spec_name(const gpuvm_spec *spec)
{
    switch (spec->kind) {
    case GPUVM_KIND_VM:
        return spec->vm->name;
    case GPUVM_KIND_PLUGIN:
        return spec->plugin->name;
    case GPUVM_KIND_DEPLOYMENT:
        return spec->deployment->name;
    case GPUVM_KIND_POLICY:
        break;
    }
    return "policy";
}

static gpuvm_mark
name_mark(const gpuvm_spec *spec)
{
    return gpuvm_object_mark(spec->object, "name");
}

/* Whether @spec is the first of its kind and name in @seen ("KIND NAME" → gpuvm_spec), where it is put. */
static bool
check_unique(GHashTable *seen, gpuvm_spec *spec, gpuvm_diags *diags)
{
    g_autofree char *title = g_strdup_printf("%s %s", gpuvm_kind_names[spec->kind], gpuvm_spec_name(spec));
    const gpuvm_spec *first = g_hash_table_lookup(seen, title);
    gpuvm_mark mark = name_mark(spec);
    gpuvm_diag *diag;

    if (!first) {
        g_hash_table_insert(seen, g_steal_pointer(&title), spec);
        return true;
    }
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s is defined twice",
                             spec->kind == GPUVM_KIND_POLICY ? "the policy" : title);
    gpuvm_diag_hint(diag, "the first is on line %u", name_mark(first).line);
    return false;
}

GPtrArray *
gpuvm_spec_parse(gpuvm_source *source, const char *kind, gpuvm_diags *diags)
{
    GPtrArray *specs = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_spec_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) docs = NULL;
    int expected = kind ? find_kind(kind) : -1;

    if (kind && expected < 0) {
        refuse_word(kind, GPUVM_EXIT_USAGE, NULL, diags);
        return specs;
    }
    docs = gpuvm_doc_parse(source, diags);
    for (guint i = 0; i < docs->len; i++) {
        g_autoptr(gpuvm_spec) spec = decode(docs->pdata[i], expected, diags);

        if (spec && check_unique(seen, spec, diags))
            g_ptr_array_add(specs, g_steal_pointer(&spec));
    }
    return specs;
}

gpuvm_spec *
gpuvm_spec_parse_one(gpuvm_source *source, gpuvm_kind kind, gpuvm_diags *diags)
{
    unsigned errors = diags->errors;
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, gpuvm_kind_names[kind], diags);

    /* two policies are an error already: they have one name */
    if (diags->errors == errors && specs->len != 1)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "%s holds %u %ss, not one", source->name,
                          specs->len, gpuvm_kind_names[kind]);
    return diags->errors == errors ? g_ptr_array_steal_index(specs, 0) : NULL;
}
