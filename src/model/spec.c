/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/spec.h"

#include <string.h>

#include "base/nearest.h"
#include "model/tables.h"

const char *const gpuvm_kind_names[] = {"vm", "plugin", "deployment", "policy", "defaults", "lock", NULL};

const gpuvm_table *
gpuvm_kind_table(gpuvm_kind kind)
{
    static const gpuvm_table *const tables[GPUVM_KINDS] = {
        &gpuvm_vm_table,     &gpuvm_plugin_table,   &gpuvm_deployment_table,
        &gpuvm_policy_table, &gpuvm_defaults_table, &gpuvm_lockfile_table,
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
        gpuvm_diag_hint(diag, "the kinds are vm, plugin, deployment, policy, defaults and lock");
    return -1;
}

/* What a document of each kind is. */
static const char *const descriptions[GPUVM_KINDS] = {"a vm",     "a plugin",          "a deployment",
                                                      "a policy", "a host's defaults", "a lock"};

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
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &word->mark, "this is %s, not %s", descriptions[kind],
                          descriptions[expected]);
        return -1;
    }
    return kind;
}

/* Whether @spec is right by itself; what may be added to by what it is laid over is judged when they are one. */
static bool
check(const gpuvm_spec *spec, gpuvm_diags *diags)
{
    unsigned errors = diags->errors;
    const gpuvm_network *network = spec->kind == GPUVM_KIND_VM ? spec->vm->body.network : NULL;

    if (network && gpuvm_network_has_mode(network))
        gpuvm_network_check(network, diags);
    return diags->errors == errors;
}

static gpuvm_spec *
decode(gpuvm_doc *doc, int expected, gpuvm_diags *diags)
{
    int kind = gpuvm_spec_check_hidden(doc->root, diags) ? kind_of(doc->root, expected, diags) : -1;
    const gpuvm_table *table = kind < 0 ? NULL : gpuvm_kind_table((gpuvm_kind)kind);
    g_autoptr(gpuvm_spec) spec = NULL;
    void *object = NULL;

    if (table) {
        gpuvm_schema_rename(table, doc->root);
        object = gpuvm_schema_decode(table, doc->root, diags);
    }
    if (object)
        spec = gpuvm_spec_new((gpuvm_kind)kind, doc, object);

    return spec && check(spec, diags) ? g_steal_pointer(&spec) : NULL;
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
    g_atomic_int_inc(&spec->refs);
    return spec;
}

void
gpuvm_spec_free(gpuvm_spec *spec)
{
    if (!spec || !g_atomic_int_dec_and_test(&spec->refs))
        return;
    gpuvm_schema_free(gpuvm_kind_table(spec->kind), spec->object);
    gpuvm_spec_free(spec->base);
    gpuvm_spec_free(spec->host_defaults);
    gpuvm_deployed_unref(spec->deployed);
    gpuvm_doc_unref(spec->doc);
    g_free(spec);
}

bool
gpuvm_spec_is_merged(const gpuvm_spec *spec)
{
    return spec->base || spec->host_defaults;
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
    case GPUVM_KIND_DEFAULTS:
    case GPUVM_KIND_LOCK:
        break;
    }
    return gpuvm_kind_names[spec->kind];
}

static gpuvm_mark
name_mark(const gpuvm_spec *spec)
{
    return gpuvm_object_mark(spec->object, "name");
}

/* Whether @spec is the first of its kind and name in @seen ("KIND NAME is" → gpuvm_spec), where it is put. */
static bool
check_unique(GHashTable *seen, gpuvm_spec *spec, gpuvm_diags *diags)
{
    static const char *const nameless[GPUVM_KINDS] = {[GPUVM_KIND_POLICY] = "the policy is",
                                                      [GPUVM_KIND_DEFAULTS] = "the defaults are",
                                                      [GPUVM_KIND_LOCK] = "the lock is"};
    g_autofree char *title = nameless[spec->kind] ? g_strdup(nameless[spec->kind])
                                                  : g_strdup_printf("%s %s is", gpuvm_kind_names[spec->kind],
                                                                    gpuvm_spec_name(spec));
    const gpuvm_spec *first = g_hash_table_lookup(seen, title);
    gpuvm_mark mark = name_mark(spec), before;

    if (!first) {
        g_hash_table_insert(seen, g_steal_pointer(&title), spec);
        return true;
    }
    before = name_mark(first);
    gpuvm_diag_hint_first(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s defined twice", title),
                          &before, NULL);
    return false;
}

static void
free_hidden(gpointer data)
{
    gpuvm_hidden *hidden = data;

    g_free(hidden->path);
    g_free(hidden);
}

static void
find_hidden(GPtrArray *found, const char *path, const gpuvm_node *node)
{
    if (node->type == GPUVM_NODE_SCALAR && g_str_has_prefix(node->text, GPUVM_SPEC_HIDDEN)) {
        gpuvm_hidden *hidden = g_new(gpuvm_hidden, 1);

        *hidden = (gpuvm_hidden){g_strdup(path), node};
        g_ptr_array_add(found, hidden);
    }
    for (unsigned i = 0; i < node->n; i++) {
        g_autofree char *inner = node->type == GPUVM_NODE_SEQUENCE
                                     ? g_strdup_printf("%s[%u]", path, i)
                                     : g_strconcat(path, *path ? "." : "", node->keys[i]->text, NULL);

        find_hidden(found, inner, node->values[i]);
    }
}

GPtrArray *
gpuvm_spec_hidden(const gpuvm_node *root)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(free_hidden);

    find_hidden(found, "", root);
    return found;
}

bool
gpuvm_spec_check_hidden(const gpuvm_node *root, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) found = gpuvm_spec_hidden(root);

    for (guint i = 0; i < found->len; i++) {
        const gpuvm_hidden *hidden = found->pdata[i];

        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &hidden->node->mark,
                                          "%s is a secret, which gpuvm does not keep", hidden->path),
                        "put its value here");
    }
    return found->len == 0;
}

bool
gpuvm_spec_may_be(const gpuvm_node *root, const char *kind)
{
    int expected = kind ? find_kind(kind) : GPUVM_KIND_VM;

    for (unsigned i = 0; root->type == GPUVM_NODE_MAPPING && i < root->n; i++) {
        if (expected < 0 || gpuvm_table_field(gpuvm_kind_table((gpuvm_kind)expected), root->keys[i]->text))
            return !gpuvm_node_get(root, "apiVersion");
    }
    return false;
}

const gpuvm_node *
gpuvm_spec_find_slip(const gpuvm_node *root)
{
    bool mapping = root->type == GPUVM_NODE_MAPPING && !gpuvm_node_get(root, "apiVersion");

    for (unsigned i = 0; mapping && i < root->n; i++) {
        const char *key = root->keys[i]->text;

        if (gpuvm_table_nearest(&gpuvm_vm_table, key) || gpuvm_table_nearest(&gpuvm_deployment_table, key))
            return root->keys[i];
    }
    return NULL;
}

GPtrArray *
gpuvm_spec_parse(gpuvm_source *source, const char *kind, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

    return gpuvm_spec_decode(docs, kind, diags);
}

GPtrArray *
gpuvm_spec_decode(const GPtrArray *docs, const char *kind, gpuvm_diags *diags)
{
    GPtrArray *specs = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_spec_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int expected = kind ? find_kind(kind) : -1;

    if (kind && expected < 0) {
        refuse_word(kind, GPUVM_EXIT_USAGE, NULL, diags);
        return specs;
    }
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
