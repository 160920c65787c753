/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* parse.c: libyaml's events → documents (doc/node.h) */
#include <config.h>

#include "doc/node.h"

#include <string.h>

#include "doc/syntax.h"

#define FIRST_BLOCK 1024     /* bytes; each block is twice as large as the one before it */
#define LARGEST_BLOCK 131072 /* bytes, unless a single node needs more */
#define HASH_FROM 16         /* keys from which on duplicates are looked for by hash */

/* A collection that is being read. */
typedef struct frame {
    gpuvm_node *node;
    unsigned first; /* its first node in gpuvm_parse.pending */
} frame;

/* The state of reading one source. */
typedef struct parse {
    gpuvm_source *source;
    gpuvm_diags *diags;
    gpuvm_doc *doc;     /* being read; NULL between documents */
    char *free;         /* the unused part of the document's last block */
    size_t left, block; /* bytes of it; size of the next block */
    GArray *frames;     /* frame: the collections around the next node */
    GPtrArray *pending; /* gpuvm_node: children of these, keys and values in turn */
    unsigned nodes;     /* of the source so far */
    bool refused;       /* the document has what a tree cannot show: it is not returned */
} parse;

/* Memory that lives as long as the document. */
static void *
allocate(parse *p, size_t size)
{
    void *memory;

    size = (size + _Alignof(gpuvm_node) - 1) & ~(_Alignof(gpuvm_node) - 1);
    if (size > p->left) {
        p->left = MAX(size, p->block);
        p->free = g_malloc(p->left);
        g_ptr_array_add(p->doc->blocks, p->free);
        p->block = MIN(p->block * 2, LARGEST_BLOCK);
    }
    memory = p->free;
    p->free += size;
    p->left -= size;
    return memory;
}

static gpuvm_mark
event_mark(const parse *p, const yaml_event_t *event)
{
    const yaml_mark_t *start = &event->start_mark, *end = &event->end_mark;
    bool within_line =
        event->type == YAML_SCALAR_EVENT && start->line == end->line && end->column > start->column;

    return (gpuvm_mark){
        .source = p->source,
        .line = start->line + 1,
        .column = start->column + 1,
        .length = within_line ? end->column - start->column : 1,
    };
}

static gpuvm_diag *G_GNUC_PRINTF(3, 4) refuse(const parse *p, const gpuvm_mark *mark, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return gpuvm_diags_error(p->diags, GPUVM_EXIT_INVALID, mark, "%s", message);
}

/* Anchors and tags are left out of the tree, so that reading goes on to what else is wrong. */
static void
check_properties(const parse *p, const gpuvm_mark *mark, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        gpuvm_diag_hint(refuse(p, mark, "anchors are not supported: &%s", (const char *)anchor),
                        "remove '&%s', and write the value out wherever it is used", (const char *)anchor);
    if (tag && strcmp((const char *)tag, "!") != 0)
        gpuvm_diag_hint(refuse(p, mark, "tags are not supported: %s", (const char *)tag),
                        "remove the tag: each key knows the type of its value");
}

/* An escape in double quotes can make a character that the text itself may not have. */
static void
check_escapes(const parse *p, const gpuvm_mark *mark, const char *text, size_t size)
{
    for (const char *at = text; at < text + size; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (gpuvm_syntax_char_allowed(c))
            continue;
        gpuvm_diag_hint(refuse(p, mark, "control character U+%04X in a value", c),
                        "a value may hold text, tabs and line breaks (\\n) only; remove the escape");
        return;
    }
}

static gpuvm_node *
new_node(parse *p, gpuvm_node_type type, gpuvm_mark mark)
{
    gpuvm_node *node = allocate(p, sizeof(*node));

    *node = (gpuvm_node){.type = type, .mark = mark};
    return node;
}

static bool
is_key_next(const parse *p)
{
    const frame *top = p->frames->len > 0 ? &g_array_index(p->frames, frame, p->frames->len - 1) : NULL;

    return top && top->node->type == GPUVM_NODE_MAPPING && (p->pending->len - top->first) % 2 == 0;
}

/* Puts @node where it belongs. Returns false when the file has too many. */
static bool
place_node(parse *p, gpuvm_node *node)
{
    if (++p->nodes > GPUVM_DOC_MAX_NODES) {
        gpuvm_diag_hint(
            refuse(p, &node->mark, "more than %d keys and values in one file", GPUVM_DOC_MAX_NODES),
            "split the file");
        return false;
    }
    if (node->type != GPUVM_NODE_SCALAR && is_key_next(p) && !p->refused) {
        gpuvm_diag_hint(refuse(p, &node->mark, "a key must be text, not a %s",
                               node->type == GPUVM_NODE_MAPPING ? "mapping" : "list"),
                        "text that begins with '{', '[' or '?' must be in quotes");
        p->refused = true;
    }
    if (p->frames->len == 0)
        p->doc->root = node;
    else
        g_ptr_array_add(p->pending, node);
    return true;
}

static bool
read_scalar(parse *p, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    gpuvm_node *node = new_node(p, GPUVM_NODE_SCALAR, event_mark(p, event));
    char *text = allocate(p, size + 1);

    memcpy(text, value, size);
    text[size] = '\0';
    node->text = text;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    check_properties(p, &node->mark, event->data.scalar.anchor, event->data.scalar.tag);
    if (event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        check_escapes(p, &node->mark, value, size);
    return place_node(p, node);
}

static bool
begin_collection(parse *p, const yaml_event_t *event)
{
    bool mapping = event->type == YAML_MAPPING_START_EVENT;
    frame top = {0};

    top.node = new_node(p, mapping ? GPUVM_NODE_MAPPING : GPUVM_NODE_SEQUENCE, event_mark(p, event));
    if (mapping)
        check_properties(p, &top.node->mark, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    else
        check_properties(p, &top.node->mark, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
    if (p->frames->len == GPUVM_DOC_MAX_DEPTH) {
        refuse(p, &top.node->mark, "nested deeper than %d levels", GPUVM_DOC_MAX_DEPTH);
        return false;
    }
    if (!place_node(p, top.node))
        return false;
    top.first = p->pending->len;
    g_array_append_val(p->frames, top);
    return true;
}

static void
refuse_duplicate(const parse *p, const gpuvm_node *key, const gpuvm_node *first)
{
    gpuvm_diag_hint_first(refuse(p, &key->mark, "duplicate key '%s'", key->text), &first->mark, NULL);
}

/* Refuses keys that @mapping has already, and leaves them out, so that nothing is decoded twice. */
static void
drop_duplicates(const parse *p, gpuvm_node *mapping)
{
    g_autoptr(GHashTable) seen = mapping->n >= HASH_FROM ? g_hash_table_new(g_str_hash, g_str_equal) : NULL;
    unsigned kept = 0;

    for (unsigned i = 0; i < mapping->n; i++) {
        gpuvm_node *key = mapping->keys[i];
        const gpuvm_node *first = NULL;

        if (key->text && seen) { /* without text: a collection or an alias, refused already */
            first = g_hash_table_lookup(seen, key->text);
            if (!first)
                g_hash_table_insert(seen, (gpointer)key->text, key);
        } else if (key->text) {
            for (unsigned j = 0; j < kept && !first; j++) {
                if (g_strcmp0(mapping->keys[j]->text, key->text) == 0)
                    first = mapping->keys[j];
            }
        }
        if (first) {
            refuse_duplicate(p, key, first);
            continue;
        }
        mapping->keys[kept] = key;
        mapping->values[kept++] = mapping->values[i];
    }
    mapping->n = kept;
}

/* Gives the innermost collection the nodes that were read for it. */
static void
end_collection(parse *p)
{
    const frame *top = &g_array_index(p->frames, frame, p->frames->len - 1);
    gpuvm_node *node = top->node, **children = (gpuvm_node **)p->pending->pdata + top->first;
    unsigned count = p->pending->len - top->first;

    if (node->type == GPUVM_NODE_SEQUENCE) {
        node->n = count;
        node->values = allocate(p, count * sizeof(*children));
        if (count > 0)
            memcpy(node->values, children, count * sizeof(*children));
    } else {
        node->n = count / 2;
        node->keys = allocate(p, node->n * sizeof(*children));
        node->values = allocate(p, node->n * sizeof(*children));
        for (unsigned i = 0; i < node->n; i++) {
            node->keys[i] = children[2 * i];
            node->values[i] = children[2 * i + 1];
        }
        drop_duplicates(p, node);
    }
    g_ptr_array_set_size(p->pending, top->first);
    g_array_set_size(p->frames, p->frames->len - 1);
}

static void
refuse_alias(parse *p, const yaml_event_t *event)
{
    gpuvm_mark mark = event_mark(p, event);

    gpuvm_diag_hint(
        refuse(p, &mark, "aliases are not supported: *%s", (const char *)event->data.alias.anchor),
        "write the value out; text that begins with '*' must be in quotes");
    p->refused = true;
}

static void
begin_document(parse *p)
{
    p->doc = g_new0(gpuvm_doc, 1);
    p->doc->source = gpuvm_source_ref(p->source);
    p->doc->refs = 1;
    p->doc->blocks = g_ptr_array_new_with_free_func(g_free);
    p->left = 0;
    p->block = FIRST_BLOCK;
    p->refused = false;
}

static void
end_document(parse *p, GPtrArray *docs)
{
    const gpuvm_node *root = p->doc->root;
    bool empty = root && root->type == GPUVM_NODE_SCALAR && root->plain && !*root->text;

    if (p->refused || empty)
        gpuvm_doc_unref(p->doc);
    else
        g_ptr_array_add(docs, p->doc);
    p->doc = NULL;
}

/* Returns false when reading cannot go on. */
static bool
read_event(parse *p, const yaml_event_t *event, GPtrArray *docs)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        begin_document(p);
        break;
    case YAML_DOCUMENT_END_EVENT:
        end_document(p, docs);
        break;
    case YAML_SCALAR_EVENT:
        return read_scalar(p, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return begin_collection(p, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        end_collection(p);
        break;
    case YAML_ALIAS_EVENT:
        refuse_alias(p, event);
        /* something must stand in its place, so that keys and values stay in turn */
        return place_node(p, new_node(p, GPUVM_NODE_SCALAR, event_mark(p, event)));
    default:
        break;
    }
    return true;
}

/* @text is the source's, as libyaml is to read it. */
static void
read_events(parse *p, const char *text, GPtrArray *docs)
{
    yaml_parser_t parser;
    bool more = true;

    if (!yaml_parser_initialize(&parser))
        g_error("out of memory");
    /* told the encoding, it would take a byte order mark for a character, and count it */
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    while (more) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event)) {
            gpuvm_syntax_add_error(&parser, p->source, p->diags);
            break;
        }
        more = read_event(p, &event, docs) && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

GPtrArray *
gpuvm_doc_parse(gpuvm_source *source, gpuvm_diags *diags)
{
    GPtrArray *docs = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_doc_unref);
    parse p = {.source = source, .diags = diags};
    unsigned errors = diags->errors;
    g_autofree char *stripped = NULL;

    if (!gpuvm_syntax_check_text(source, diags) || !gpuvm_syntax_strip(source, &stripped, diags))
        return docs;
    p.frames = g_array_new(FALSE, FALSE, sizeof(frame));
    p.pending = g_ptr_array_sized_new(64); /* so that its pdata is never NULL */
    read_events(&p, stripped ? stripped : source->text, docs);
    gpuvm_doc_unref(p.doc);
    g_ptr_array_unref(p.pending);
    g_array_unref(p.frames);
    if (docs->len == 0 && diags->errors == errors)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &(gpuvm_mark){.source = source},
                          "there is no definition in it");
    return docs;
}
