/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/explain.h"

#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "core/domxml.h"
#include "core/record.h"
#include "core/sketch.h"
#include "core/template.h"
#include "core/unsaid.h"
#include "model/tables.h"

const char *const gpuvm_explain_from_names[] = {"definition", "plugin", "defaults", "default", "template",
                                                "host",       "gpuvm",  "libvirt",  "outside", NULL};

/* What a domain is explained with. */
typedef struct explaining {
    const gpuvm_plan *plan; /* NULL: it is one of libvirt's */
    const gpuvm_spec *vm;   /* likewise */
    const gpuvm_record *record;
    const gpuvm_node *root; /* of the definition; NULL: it is not known */
    xmlDoc *template;       /* of a domain of libvirt's; NULL: it is its own, which cannot be read */
    bool own;               /* it is not gpuvm's */
    int drifted;
    GPtrArray *unsaid; /* char *: the elements that neither gpuvm nor libvirt has in any domain */
    gpuvm_doc *sketch; /* what the domain says now; NULL: that is what was defined */
} explaining;

static void
free_explanation(gpointer data)
{
    gpuvm_explanation *explanation = data;

    g_free(explanation->path);
    g_free(explanation->why);
    g_free(explanation->key);
    g_free(explanation->file);
    g_free(explanation);
}

/* "vcpu", "qemu:arg". */
static char *
name_of(const xmlNode *node)
{
    const char *prefix = node->ns ? (const char *)node->ns->prefix : NULL;

    return prefix ? g_strconcat(prefix, ":", (const char *)node->name, NULL)
                  : g_strdup((const char *)node->name);
}

/* Below <domain>; "" of that itself. */
static char *
path_of(const xmlNode *node)
{
    g_autofree char *name = name_of(node), *above = NULL;

    if (!node->parent || node->parent->type != XML_ELEMENT_NODE)
        return g_strdup("");
    above = path_of(node->parent);
    return *above ? g_strconcat(above, "/", name, NULL) : g_steal_pointer(&name);
}

/* The rule that made @node, itself or as a part of *@ret_whole, where it is one. */
static const gpuvm_explain_rule *
find_rule(const xmlNode *node, const xmlNode **ret_whole)
{
    g_autofree char *name = name_of(node);

    for (*ret_whole = node; *ret_whole && (*ret_whole)->type == XML_ELEMENT_NODE;
         *ret_whole = (*ret_whole)->parent) {
        g_autofree char *path = path_of(*ret_whole);

        for (const gpuvm_explain_rule *rule = gpuvm_explain_rules; rule->path; rule++) {
            if (g_str_equal(rule->path, path) &&
                (*ret_whole == node || (rule->parts && gpuvm_text_fits(rule->parts, name))))
                return rule;
        }
    }
    return NULL;
}

/* What stands at @key, "resources.memory_mb", below @root; *@ret_mark: where the key does. NULL: nothing. */
static const gpuvm_node *
look_up(const gpuvm_node *root, const char *key, gpuvm_mark *ret_mark)
{
    g_auto(GStrv) names = g_strsplit(key, ".", -1);

    for (char **name = names; root && *name; name++) {
        const gpuvm_node *at = gpuvm_node_get_key(root, *name);

        root = gpuvm_node_get(root, *name);
        *ret_mark = root && root->type == GPUVM_NODE_SCALAR ? root->mark : at ? at->mark : (gpuvm_mark){0};
    }
    return root;
}

static const gpuvm_field *
field_of(const char *key)
{
    g_auto(GStrv) names = g_strsplit(key, ".", -1);
    const gpuvm_table *table = &gpuvm_vm_table;
    const gpuvm_field *field = NULL;

    for (char **name = names; table && *name; name++) {
        field = gpuvm_table_field(table, *name);
        table = field ? field->table : NULL;
    }
    return field;
}

static void
set_place(const explaining *e, const gpuvm_mark *mark, gpuvm_explanation *explanation)
{
    const gpuvm_spec *vm = e->vm;
    bool elsewhere = vm && mark->source != vm->doc->source;

    explanation->from = elsewhere && vm->base && mark->source == vm->base->doc->source ? GPUVM_FROM_PLUGIN
                        : elsewhere && vm->host_defaults && mark->source == vm->host_defaults->doc->source
                            ? GPUVM_FROM_DEFAULTS
                            : GPUVM_FROM_DEFINITION;
    explanation->file = g_strdup(vm ? mark->source->name : "recorded definition");
    explanation->line = mark->line;
    explanation->column = mark->column;
}

/* The key, and where it is written, the first of @keys that is anywhere; @mark: where, if that is known already. */
static void
set_key(const explaining *e, const char *keys, gpuvm_mark mark, GString *why, gpuvm_explanation *explanation)
{
    g_auto(GStrv) all = g_strsplit(keys, " ", -1);
    char **key = all;
    gpuvm_mark found = {0};
    const char *fallback;

    while (*key && !look_up(e->root, *key, &found))
        key++;
    if (!*key)
        key--; /* the last */
    explanation->key = g_strdup(*key);
    if (mark.source || found.source) {
        set_place(e, mark.source ? &mark : &found, explanation);
        return;
    }
    fallback = gpuvm_field_default(field_of(*key));
    explanation->from = GPUVM_FROM_UNSAID;
    if (e->root)
        g_string_append_printf(why, "; %s is not written%s%s", *key, fallback ? ", which means " : "",
                               fallback ? fallback : "");
}

/* @node, if it is one text, without the space around it; NULL. g_malloc. */
static char *
text_of(const gpuvm_node *node)
{
    return node && node->type == GPUVM_NODE_SCALAR ? g_strstrip(g_strdup(node->text)) : NULL;
}

/* What @key was when the VM was defined, if the domain has something else now; NULL. g_malloc. */
static char *
changed_from(const explaining *e, const char *key)
{
    gpuvm_mark unused = {0};
    const gpuvm_node *then = look_up(e->root, key, &unused);
    g_autofree char *now = e->sketch ? text_of(look_up(e->sketch->root, key, &unused)) : NULL;
    g_autofree char *was = then ? text_of(then) : g_strdup(gpuvm_field_default(field_of(key)));

    return now && was && !g_str_equal(was, now) ? g_steal_pointer(&was) : NULL;
}

static void
follow_rule(const explaining *e, const xmlNode *whole, gpuvm_explanation *explanation)
{
    const gpuvm_explain_rule *rule = explanation->rule;
    const char *keys = rule->keys;
    g_autofree char *was = NULL;
    gpuvm_mark mark = {0};
    g_autofree char *reason = e->plan && rule->reason ? rule->reason(e->plan, whole, &mark, &keys) : NULL;
    g_autoptr(GString) why = g_string_new(rule->why);

    if (reason)
        g_string_append_printf(why, ": %s", reason);
    explanation->from = rule->from;
    if (keys)
        set_key(e, keys, mark, why, explanation);
    if (rule->over && explanation->key && (was = changed_from(e, explanation->key))) {
        explanation->from = GPUVM_FROM_OUTSIDE;
        g_string_append_printf(why, "; it was %s when gpuvm defined the VM, and was changed outside gpuvm",
                               was);
    }
    explanation->why = g_strdup(why->str);
}

static void
follow_template(const explaining *e, const xmlNode *node, gpuvm_explanation *explanation)
{
    explanation->from = GPUVM_FROM_TEMPLATE;
    explanation->why = g_strdup_printf("as %s template has it", e->own ? "the VM's" : "gpuvm's own");
    explanation->file = g_strdup((const char *)node->doc->URL);
    explanation->line = (unsigned)xmlGetLineNo(node);
}

/* Whether @node, of a domain of libvirt's, has all that the template's @like has. */
static bool
is_like(const xmlNode *node, const xmlNode *like)
{
    g_autofree char *text = xmlChildElementCount((xmlNode *)like) == 0 ? gpuvm_xml_text(like) : NULL;
    g_autofree char *now = text ? gpuvm_xml_text(node) : NULL;

    for (const xmlAttr *attr = like->properties; attr; attr = attr->next) {
        g_autofree char *value = gpuvm_xml_attr(like, (const char *)attr->name);

        if (!gpuvm_xml_attr_is(node, (const char *)attr->name, value))
            return false;
    }
    return xmlStrEqual(node->name, like->name) && g_strcmp0(text, now) == 0;
}

/* The element of the template that @node is; NULL. */
static const xmlNode *
find_in_template(const explaining *e, const xmlNode *node)
{
    const xmlNode *above, *like;

    if (!node->parent || node->parent->type != XML_ELEMENT_NODE) /* whatever its type */
        return e->template ? xmlDocGetRootElement(e->template) : NULL;
    above = find_in_template(e, node->parent);
    like = above ? above->children : NULL;
    while (like && !(like->type == XML_ELEMENT_NODE && is_like(node, like)))
        like = like->next;
    return like;
}

/* Whether the template has something else by the name of @node, or of what that is in. */
static bool
is_altered(const explaining *e, const xmlNode *node)
{
    const xmlNode *above = find_in_template(e, node->parent);

    return above ? gpuvm_xml_child(above, (const char *)node->name) != NULL : is_altered(e, node->parent);
}

/* Whether @node, or what it is in, is none that libvirt adds. */
static bool
is_unsaid(const explaining *e, const xmlNode *node)
{
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        g_autofree char *quoted = gpuvm_unsaid_quote(node);

        if (g_ptr_array_find_with_equal_func(e->unsaid, quoted, g_str_equal, NULL))
            return true;
    }
    return false;
}

/* What gpuvm did not make. */
static void
follow_libvirt(const explaining *e, const xmlNode *node, const gpuvm_explain_rule *rule,
               gpuvm_explanation *explanation)
{
    bool added =
        rule && rule->made && !g_str_equal(rule->path, "devices/controller"); /* libvirt adds these */
    bool odd = added || is_unsaid(e, node), altered = e->own && e->template && is_altered(e, node);

    explanation->from =
        odd && e->drifted == 1 && e->template && !altered ? GPUVM_FROM_OUTSIDE : GPUVM_FROM_LIBVIRT;
    explanation->why = g_strdup(
        explanation->from == GPUVM_FROM_OUTSIDE ? "added outside gpuvm, after define"
        : !e->template                          ? "libvirt's own addition, or of the VM's template"
        : altered ? "other than the VM's template has it: as libvirt writes it, or changed since define"
        : odd && e->drifted != 0
            ? "libvirt's own addition, or added outside gpuvm: whether it was is not known"
            : "libvirt's own addition");
}

/* Whether gpuvm writes it whatever the template has; what has no default, only as far as there is something to write. */
static bool
is_over(const explaining *e, const gpuvm_explain_rule *rule)
{
    const gpuvm_field *field =
        rule && rule->keys ? field_of(rule->keys) : NULL; /* NULL of several keys, too */
    gpuvm_mark unused = {0};

    return rule && rule->over &&
           (!field || gpuvm_field_default(field) || look_up(e->root, rule->keys, &unused));
}

static void
explain(const explaining *e, const xmlNode *node, gpuvm_explanation *explanation)
{
    const xmlNode *whole, *like;
    const gpuvm_explain_rule *rule = find_rule(node, &whole);
    bool made = rule && e->record && rule->made && rule->made(e->record, e->root, whole);
    g_autofree char *quoted = gpuvm_unsaid_quote(node);

    if (e->plan && node->_private && g_str_equal(node->_private, quoted) && !is_over(e, rule)) {
        follow_template(e, node, explanation);
    } else if (e->plan || made || is_over(e, rule)) {
        explanation->rule = rule;
        explanation->from = GPUVM_FROM_GPUVM;
        if (rule)
            follow_rule(e, whole, explanation);
        else /* tests/unit/test-explain.c finds none */
            explanation->why = g_strdup("gpuvm made it");
    } else if ((like = find_in_template(e, node))) {
        follow_template(e, like, explanation);
    } else if (rule && !rule->made) {
        explanation->rule = rule;
        follow_rule(e, whole, explanation);
    } else {
        follow_libvirt(e, node, rule, explanation);
    }
}

static void
explain_all(const explaining *e, xmlNode *node, GPtrArray *explanations)
{
    gpuvm_explanation *explanation = g_new0(gpuvm_explanation, 1);
    g_autofree char *path = path_of(node);

    explanation->element = node;
    explanation->path = *path ? g_steal_pointer(&path) : g_strdup("domain");
    explain(e, node, explanation);
    g_ptr_array_add(explanations, explanation);
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            explain_all(e, child, explanations);
    }
}

/* Has each element remember what it was; NULL: forget. */
static void
remember(xmlNode *node, GStringChunk *memory)
{
    g_autofree char *quoted = gpuvm_unsaid_quote(node);

    node->_private = memory ? g_string_chunk_insert(memory, quoted) : NULL;
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            remember(child, memory);
    }
}

GPtrArray *
gpuvm_explain_plan(const gpuvm_plan *plan, const gpuvm_spec *vm, xmlDoc *template)
{
    const explaining e = {
        .plan = plan, .vm = vm, .root = vm->doc->root, .own = plan->vm->body.template_path != NULL};
    GPtrArray *explanations = g_ptr_array_new_with_free_func(free_explanation);
    GStringChunk *memory = g_string_chunk_new(1024);
    xmlNode *domain = xmlDocGetRootElement(template);

    remember(domain, memory);
    gpuvm_domxml_patch(plan, template);
    explain_all(&e, domain, explanations);
    remember(domain, NULL);
    g_string_chunk_free(memory);
    return explanations;
}

GPtrArray *
gpuvm_explain_domain(const gpuvm_record *record, int drifted, xmlDoc *template, xmlDoc *domain)
{
    g_autoptr(gpuvm_doc) doc = record->definition ? gpuvm_record_document(record->definition) : NULL;
    g_autoptr(xmlDoc) builtin =
        gpuvm_xml_parse(gpuvm_template_domain, strlen(gpuvm_template_domain), "templates/domain.xml", NULL);
    bool own = doc && gpuvm_node_get(doc->root, "template");
    g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
    xmlNode *root = xmlDocGetRootElement(domain);
    g_autoptr(gpuvm_doc) sketch = gpuvm_sketch_make(root, unsaid);
    const explaining e = {.record = record,
                          .root = doc ? doc->root : NULL,
                          .template = own ? template : builtin,
                          .own = own,
                          .drifted = drifted,
                          .unsaid = unsaid,
                          .sketch = drifted == 1 && doc ? sketch : NULL};
    GPtrArray *explanations = g_ptr_array_new_with_free_func(free_explanation);

    explain_all(&e, root, explanations);
    return explanations;
}

/* Whether @path ends in @what, whole names of elements. */
static bool
ends_in(const char *path, const char *what)
{
    size_t all = strlen(path), end = strlen(what);

    return g_str_has_suffix(path, what) && (all == end || path[all - end - 1] == '/');
}

/* Whether it follows from the key @what, or from one in that. */
static bool
follows_from(const gpuvm_explanation *explanation, const char *what)
{
    size_t length = strlen(what);

    return explanation->key && strncmp(explanation->key, what, length) == 0 &&
           (!explanation->key[length] || explanation->key[length] == '.');
}

GPtrArray *
gpuvm_explain_find(const GPtrArray *all, const char *what)
{
    GPtrArray *found = g_ptr_array_new();

    for (int turn = 0; *what && turn < 2 && found->len == 0; turn++) {
        for (guint i = 0; i < all->len; i++) {
            gpuvm_explanation *explanation = all->pdata[i];

            if (turn == 0 ? ends_in(explanation->path, what) : follows_from(explanation, what))
                g_ptr_array_add(found, explanation);
        }
    }
    return found;
}

bool
gpuvm_explain_is_key(const char *what)
{
    return field_of(what) != NULL;
}

const char *
gpuvm_explain_nearest(const GPtrArray *all, const char *what)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    for (guint i = 0; i < all->len; i++) {
        const gpuvm_explanation *explanation = all->pdata[i];
        const char *path = explanation->path, *name = strrchr(path, '/');

        g_ptr_array_add(words, (gpointer)(name && !strchr(what, '/') ? name + 1 : path));
        if (explanation->key)
            g_ptr_array_add(words, explanation->key);
    }
    return gpuvm_nearest(what, (const char *const *)words->pdata, words->len);
}

const char *
gpuvm_explain_keys(const char *what)
{
    for (const gpuvm_explain_rule *rule = gpuvm_explain_rules; *what && rule->path; rule++) {
        const char *name = strrchr(what, '/');

        if (ends_in(rule->path, what) ||
            (rule->parts && gpuvm_text_fits(rule->parts, name ? name + 1 : what)))
            return rule->keys;
    }
    return NULL;
}
