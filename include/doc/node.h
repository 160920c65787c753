/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * node.h: YAML text → trees of nodes that know their place
 *
 * Built from libyaml's events, never from yaml_parser_load: that accepts duplicate keys, builds cyclic
 * graphs and is superlinear in depth. Scalars stay text; what a scalar means is decided by the field that
 * takes it (doc/schema.h). JSON is read by the same parser.
 *
 * Limits: GPUVM_DOC_MAX_SIZE bytes, _DEPTH levels, _NODES nodes a file. Refused, each with its place:
 * aliases and anchors, tags, duplicate keys, keys that are not scalars, control characters other than tab
 * and newline, invalid UTF-8, NUL.
 */
#pragma once

#include "base/diag.h"

#define GPUVM_DOC_MAX_SIZE (1024 * 1024)
#define GPUVM_DOC_MAX_DEPTH 64
#define GPUVM_DOC_MAX_NODES 100000

typedef enum gpuvm_node_type { GPUVM_NODE_SCALAR, GPUVM_NODE_SEQUENCE, GPUVM_NODE_MAPPING } gpuvm_node_type;

typedef struct gpuvm_node gpuvm_node;
struct gpuvm_node {
    gpuvm_node_type type;
    bool plain;          /* a scalar without quotes: an empty one, "~" or "null" means no value */
    gpuvm_mark mark;     /* of the scalar, or of where the collection begins */
    const char *text;    /* scalar: its value, valid UTF-8 */
    gpuvm_node **keys;   /* mapping: n scalars */
    gpuvm_node **values; /* mapping and sequence: n nodes */
    unsigned n;
    unsigned room; /* for how many there is memory, of a collection that grows (doc/build.h); 0: for n */
};

/** One YAML document. Owns its nodes, references its source. Reference counted; threads may share it. */
typedef struct gpuvm_doc gpuvm_doc;
struct gpuvm_doc {
    gpuvm_source *source;
    gpuvm_node *root;
    int refs;
    GPtrArray *blocks; /* the memory that the nodes live in */
    GPtrArray *kept;   /* gpuvm_doc: what else nodes come from (doc/build.h); NULL: nothing */
};

gpuvm_doc *gpuvm_doc_ref(gpuvm_doc *doc);
void gpuvm_doc_unref(gpuvm_doc *doc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_doc, gpuvm_doc_unref)

/**
 * The documents of @source, in order (gpuvm_doc, the array owns a reference of each); those read before a
 * syntax error are returned too. What is wrong is added to @diags with exit code 3; a file without any
 * document is an error. libyaml is not asked again after an error.
 */
GPtrArray *gpuvm_doc_parse(gpuvm_source *source, gpuvm_diags *diags);

/** The value of @key in @mapping; NULL when it is absent or @mapping is not a mapping (NULL included). */
const gpuvm_node *gpuvm_node_get(const gpuvm_node *mapping, const char *key);

/** The key node of @key in @mapping, for its place; NULL as above. */
const gpuvm_node *gpuvm_node_get_key(const gpuvm_node *mapping, const char *key);

/** Whether @node is a plain empty scalar, "~" or "null": a key without a value. */
bool gpuvm_node_is_null(const gpuvm_node *node);

/** What a scalar is where no field says. */
typedef enum gpuvm_value {
    GPUVM_VALUE_TEXT,
    GPUVM_VALUE_NULL,
    GPUVM_VALUE_TRUTH,
    GPUVM_VALUE_NUMBER,
} gpuvm_value;

/**
 * What @scalar is to whoever does not know its field. Without quotes, true and false, and integers as JSON has them, of up to 18
 * digits, are what every reader of YAML takes them for; where readers of YAML 1.1 and 1.2 differ (yes, 0302, 1_000, 81:00), it is text.
 */
gpuvm_value gpuvm_node_value(const gpuvm_node *scalar);

/** "sha256:<hex>" over a canonical form of @node: the order of keys, comments, quoting and layout do not
 * count. */
char *gpuvm_node_digest(const gpuvm_node *node);
