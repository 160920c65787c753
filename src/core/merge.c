/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/merge.h"

#include "base/text.h"
#include "core/boot.h"
#include "core/diff.h"
#include "core/secret.h"
#include "model/tables.h"

#define VALUE_LENGTH 40 /* characters of a value that origins show */

/* @node as a mapping: a scalar in place of one is its table's scalar_key. */
static const gpuvm_node *
as_mapping(gpuvm_doc *doc, const gpuvm_table *table, const gpuvm_node *node)
{
    gpuvm_node *mapping;

    if (node->type == GPUVM_NODE_MAPPING)
        return node;
    mapping = gpuvm_doc_mapping(doc, &node->mark);
    gpuvm_doc_set(doc, mapping, gpuvm_doc_scalar(doc, table->scalar_key, &node->mark), (gpuvm_node *)node);
    return mapping;
}

static bool
takes_whole(const gpuvm_table *table, const gpuvm_node *over)
{
    for (const char *const *key = table->whole_keys; key && *key; key++) {
        if (gpuvm_node_get(over, *key))
            return true;
    }
    return false;
}

/* What is being made. */
typedef struct making {
    gpuvm_doc *doc;
    bool foreign; /* see gpuvm_merge_docs */
} making;

static gpuvm_node *
overlay(const making *m, const gpuvm_table *table, const gpuvm_node *base, const gpuvm_node *over);

/* What stands for @field where the one document has @base and the other @over. */
static const gpuvm_node *
overlay_value(const making *m, const gpuvm_field *field, const gpuvm_node *base, const gpuvm_node *over)
{
    if (field->shape == GPUVM_MAP)
        return overlay(m, NULL, base, over);
    if (field->shape != GPUVM_OBJECT)
        return over;
    base = as_mapping(m->doc, field->table, base);
    over = as_mapping(m->doc, field->table, over);
    return takes_whole(field->table, over) ? over : overlay(m, field->table, base, over);
}

/* What of @value, of the lower document, belongs to the result when the upper one does not have @field; NULL: nothing. */
static const gpuvm_node *
inherit(const making *m, const gpuvm_field *field, const gpuvm_node *value)
{
    if (!m->foreign)
        return value;
    if (!field || field->flags & GPUVM_FIELD_NARROWS)
        return NULL;
    return field->shape == GPUVM_OBJECT
               ? overlay_value(m, field, value, gpuvm_doc_mapping(m->doc, &value->mark))
               : value;
}

/* The keys of @mapping: text → where it is. */
static GHashTable *
index_keys(const gpuvm_node *mapping)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < mapping->n; i++)
        g_hash_table_insert(index, (gpointer)mapping->keys[i]->text, GUINT_TO_POINTER(i));
    return index;
}

/* @table is NULL for mappings of any keys. */
static gpuvm_node *
overlay(const making *m, const gpuvm_table *table, const gpuvm_node *base, const gpuvm_node *over)
{
    gpuvm_node *result = gpuvm_doc_mapping(m->doc, &over->mark);
    g_autoptr(GHashTable) above = index_keys(over), below = index_keys(base);

    for (unsigned i = 0; i < base->n; i++) {
        const gpuvm_node *key = base->keys[i], *value = base->values[i];
        const gpuvm_field *field = table ? gpuvm_table_field(table, key->text) : NULL;
        gpointer at;

        if (g_hash_table_lookup_extended(above, key->text, NULL, &at)) {
            const gpuvm_node *over_value = over->values[GPOINTER_TO_UINT(at)];

            key = over->keys[GPOINTER_TO_UINT(at)];
            value = field ? overlay_value(m, field, value, over_value) : over_value;
        } else if (table) {
            value = inherit(m, field, value);
        }
        if (value)
            gpuvm_doc_add(m->doc, result, (gpuvm_node *)key, (gpuvm_node *)value);
    }
    for (unsigned i = 0; i < over->n; i++) {
        if (!g_hash_table_contains(below, over->keys[i]->text))
            gpuvm_doc_add(m->doc, result, over->keys[i], over->values[i]);
    }
    return result;
}

gpuvm_doc *
gpuvm_merge_docs(const gpuvm_table *table, gpuvm_doc *base, gpuvm_doc *over, bool foreign)
{
    gpuvm_doc *doc = gpuvm_doc_new(over->source);
    const making m = {doc, foreign};

    gpuvm_doc_keep(doc, base);
    gpuvm_doc_keep(doc, over);
    doc->root = overlay(&m, table, base->root, over->root);
    return doc;
}

/* The plugin's kernel is none of its own, wherever it is said: exported definitions say all that they took. */
static bool
may_have_kernel(const gpuvm_spec *vm, const gpuvm_spec *plugin, gpuvm_diags *diags)
{
    const gpuvm_node *own = gpuvm_node_get(vm->doc->root, "kernel");
    g_autoptr(GPtrArray) differences = gpuvm_diff_new();

    gpuvm_diff_trees(differences, &gpuvm_media_table, own, gpuvm_node_get(plugin->doc->root, "kernel"));
    if (!own || plugin->plugin->body.kernel_override || differences->len == 0)
        return true;
    gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &own->mark,
                                      "plugin '%s' allows its VMs no kernel of their own",
                                      plugin->plugin->name),
                    "remove it; kernel_override of the plugin says so");
    return false;
}

/* @vm laid over @base; the keys of its own that this has beside a body's are not part of it. */
static gpuvm_doc *
lay_over(const gpuvm_spec *base, gpuvm_doc *vm)
{
    static const char *const boot[] = {"kernel", "kernel_cmdline", "initramfs"};
    gpuvm_doc *doc = gpuvm_merge_docs(&gpuvm_body_table, base->doc, vm, true);
    bool drops = base->kind == GPUVM_KIND_DEFAULTS && !gpuvm_boot_needs_kernel(vm->root);

    for (size_t i = 0; drops && i < G_N_ELEMENTS(boot); i++) {
        if (!gpuvm_node_get(vm->root, boot[i]))
            gpuvm_node_remove(doc->root, boot[i]);
    }
    return doc;
}

gpuvm_spec *
gpuvm_merge(const gpuvm_spec *vm, gpuvm_spec *plugin, gpuvm_spec *defaults, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_doc) upper = plugin ? lay_over(plugin, vm->doc) : gpuvm_doc_ref(vm->doc);
    g_autoptr(gpuvm_doc) doc = defaults ? lay_over(defaults, upper) : gpuvm_doc_ref(upper);
    gpuvm_vm *merged = NULL;
    gpuvm_spec *spec;

    if (!plugin || may_have_kernel(vm, plugin, diags))
        merged = gpuvm_schema_decode(&gpuvm_vm_table, doc->root, diags);
    if (!merged)
        return NULL;
    spec = gpuvm_spec_new(GPUVM_KIND_VM, doc, merged);
    spec->base = plugin ? gpuvm_spec_ref(plugin) : NULL;
    spec->host_defaults = defaults ? gpuvm_spec_ref(defaults) : NULL;
    return spec;
}

static void
free_origin(gpointer data)
{
    gpuvm_origin *origin = data;

    g_free(origin->key);
    g_free(origin->value);
    g_free(origin);
}

/* What is shown of @node: how it begins, or how many items it has. */
static char *
shorten(const gpuvm_node *node)
{
    return node->type == GPUVM_NODE_SCALAR
               ? gpuvm_text_begin(node->text, VALUE_LENGTH)
               : g_strdup_printf("%u %s", node->n, node->n == 1 ? "item" : "items");
}

/* A list of single values is shown with them. */
static char *
describe(const gpuvm_node *node)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; node->type == GPUVM_NODE_SEQUENCE && i < node->n; i++) {
        if (node->values[i]->type != GPUVM_NODE_SCALAR)
            return shorten(node);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", node->values[i]->text);
    }
    return text->len > 0 && g_utf8_strlen(text->str, -1) <= VALUE_LENGTH ? g_strdup(text->str)
                                                                         : shorten(node);
}

static void
add_origins(GPtrArray *origins, const gpuvm_node *mapping, const char *prefix)
{
    for (unsigned i = 0; i < mapping->n; i++) {
        const gpuvm_node *value = mapping->values[i];
        g_autofree char *key = g_strconcat(prefix, mapping->keys[i]->text, NULL);

        if (value->type == GPUVM_NODE_MAPPING) {
            g_autofree char *inner = g_strconcat(key, ".", NULL);
            add_origins(origins, value, inner);
        } else {
            gpuvm_origin *origin = g_new0(gpuvm_origin, 1);
            origin->key = g_steal_pointer(&key);
            origin->value = describe(value);
            origin->mark = value->mark;
            g_ptr_array_add(origins, origin);
        }
    }
}

GPtrArray *
gpuvm_merge_origins(const gpuvm_spec *vm)
{
    GPtrArray *origins = g_ptr_array_new_with_free_func(free_origin);
    g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(gpuvm_kind_table(vm->kind), vm->doc, NULL);

    add_origins(origins, shown->root, "");
    return origins;
}

char *
gpuvm_origin_place(const gpuvm_origin *origin)
{
    const gpuvm_mark *mark = &origin->mark;

    return mark->line > 0 ? g_strdup_printf("%s:%u", mark->source->name, mark->line)
                          : g_strdup(mark->source->name);
}
