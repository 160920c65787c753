/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schema.h: field tables, and what they drive: decoding, defaults, did-you-mean, JSON Schema, manual pages
 *
 * A struct that is read from YAML begins with a gpuvm_object and has one gpuvm_table; each of its fields is
 * one row. Adding a field to the language is adding a row (and a member).
 */
#pragma once

#include <stdint.h>

#include "doc/node.h"

/** The first member of every decoded struct. */
typedef struct gpuvm_object {
    const gpuvm_node *node; /* what it was decoded from, borrowed from its document; NULL for none */
} gpuvm_object;

/** One "key: value" of a GPUVM_MAP. */
typedef struct gpuvm_pair {
    char *key, *value;
} gpuvm_pair;

void gpuvm_pair_free(gpuvm_pair *pair);

/** A type of scalar: text in, value out. */
typedef struct gpuvm_scalar {
    const char *name; /* what messages and manuals call it: "integer", "PCI address" */
    size_t size;      /* of the value at the field's offset */
    /**
     * Decodes @text into @value (zeroed). On failure returns false and sets @why to a whole message
     * ("invalid PCI address: gpu0"), or to one that begins with "must " and goes on from the key ("must be
     * true or false, not 'x'"), and, when there is something to say, @hint; both from g_malloc.
     */
    bool (*parse)(const char *text, void *value, char **why, char **hint);
    void (*clear)(void *value); /* NULL when the value owns nothing; a zeroed value is fine */
    const char *json_type;      /* "string", "integer", "boolean" */
    const char *json_pattern;   /* a regular expression for JSON Schema, or NULL */
    const char
        *json_more;      /* a JSON Schema of values of other types that it takes, too; NULL: there are none */
    const char *example; /* for JSON Schema; NULL: none */
    bool like_number;    /* readers of YAML 1.1 take some of its texts, such as 0000:01:00.0, for numbers */
} gpuvm_scalar;

/** json_more of a scalar that takes any text, and of one that takes a number in quotes. */
#define GPUVM_JSON_ANY_TEXT "{\"type\": [\"number\", \"boolean\"]}"
#define GPUVM_JSON_DIGITS "{\"type\": \"string\", \"pattern\": \"^[0-9]+$\"}"

extern const gpuvm_scalar gpuvm_scalar_string;  /* char *, one line, not empty */
extern const gpuvm_scalar gpuvm_scalar_text;    /* char *, may be empty or have several lines */
extern const gpuvm_scalar gpuvm_scalar_bool;    /* bool: true, false, yes, no, on, off (any case) */
extern const gpuvm_scalar gpuvm_scalar_integer; /* uint64_t, decimal, within the row's min and max */

typedef enum gpuvm_shape {
    GPUVM_ONE,     /* a scalar, at the offset */
    GPUVM_ENUM,    /* int at the offset: the index of one of the row's choices */
    GPUVM_OBJECT,  /* T *: a mapping decoded by the row's table; NULL when absent */
    GPUVM_OBJECTS, /* GPtrArray * of T *: a sequence of them; never NULL unless GPUVM_FIELD_NULLABLE */
    GPUVM_LISTS,   /* GPtrArray * of GPtrArray * of T *: a sequence of such sequences; likewise */
    GPUVM_STRINGS, /* GPtrArray * of char *: a sequence of non-empty strings; likewise */
    GPUVM_MAP,     /* GPtrArray * of gpuvm_pair *, in the order given: scalars by name; never NULL */
    GPUVM_ANY,     /* const gpuvm_node *: whatever was given, not looked into; NULL when absent */
} gpuvm_shape;

enum {
    GPUVM_FIELD_REQUIRED = 1 << 0,
    GPUVM_FIELD_LATER = 1 << 1,    /* decoded and validated; gpuvm_schema_later names it: not supported yet */
    GPUVM_FIELD_NONEMPTY = 1 << 2, /* a sequence or mapping of at least one */
    GPUVM_FIELD_PRESENT =
        1 << 3, /* GPUVM_OBJECT: never NULL; an absent one has every field's fallback and no node */
    GPUVM_FIELD_NARROWS =
        1 << 4, /* a list that is looked at beside the one of a document laid under this one */
    GPUVM_FIELD_NULLABLE = 1 << 5,  /* a sequence: NULL when absent, which is not the same as empty */
    GPUVM_FIELD_SECRET = 1 << 6,    /* its values are shown to nobody; the names in a mapping are */
    GPUVM_FIELD_HOST_PATH = 1 << 7, /* a scalar: a file of the host, unless it is an http or https URL */
};

typedef struct gpuvm_table gpuvm_table;

typedef struct gpuvm_field {
    const char *key;
    gpuvm_shape shape;
    size_t offset;
    const gpuvm_scalar *scalar; /* GPUVM_ONE */
    const gpuvm_table *table;   /* GPUVM_OBJECT, GPUVM_OBJECTS, GPUVM_LISTS */
    const char *const *
        choices; /* NULL-terminated; of GPUVM_STRINGS for JSON Schema alone, where the table's check knows them; NULL */
    const char *json_pattern; /* GPUVM_STRINGS: likewise, a regular expression; NULL */
    const char *fallback;     /* the value as text when the key is absent; NULL: zero (an enum: its first) */
    uint64_t min, max;        /* gpuvm_scalar_integer; max 0 means no limit */
    unsigned flags;
    const char *unit; /* "MiB", "ms"; NULL */
    const char *doc;  /* one or more sentences, for the manual and the JSON Schema */
} gpuvm_field;

/** What a key is called elsewhere. */
typedef struct gpuvm_synonym {
    const char *word;
    const char *meant; /* for a hint: "'path' or 'url'"; of a word that is taken: the key it stands for */
    const char *url;   /* of a word that is taken: the key it stands for with a URL */
    const gpuvm_scalar *scalar; /* what its value may be; NULL: the word is not taken, only hinted at */
} gpuvm_synonym;

struct gpuvm_table {
    const char *name; /* "vm", "disk": what messages call the mapping; unique among the tables one leads to */
    const char *doc;
    size_t size; /* of the struct */
    const gpuvm_table
        *parent; /* its rows belong to this one too: the struct begins with the parent's; NULL */
    const gpuvm_field *fields; /* ends with a row whose key is NULL */
    /**
     * What the mapping is, rather than what it is like: where two documents are overlaid (core/merge.h), a mapping
     * that has one of these keys takes the place of the whole other one. NULL: they are merged key by key.
     */
    const char *const *whole_keys;
    const char *
        json_check; /* what check says, as far as JSON Schema can: an object of its keywords; NULL: nothing */
    const gpuvm_synonym *synonyms; /* the parents' too; ends with a row whose word is NULL; NULL: none */
    const char *scalar_key; /* a scalar in place of the mapping is this field's value; NULL: not allowed */
    /** What spans fields; called, the parents' first, only when each field by itself was right. May be NULL.
     */
    void (*check)(const void *object, gpuvm_diags *diags);
};

/**
 * Decodes @node by @table into a new struct: every error is added to @diags (exit code 3) with its place.
 * An unknown key is an error that offers the nearest known one; a key without a value is an error. Returns
 * NULL when anything was wrong. The result borrows from the node's document: keep a reference of that.
 */
void *gpuvm_schema_decode(const gpuvm_table *table, const gpuvm_node *node, gpuvm_diags *diags);

/** Frees what gpuvm_schema_decode made; NULL is fine. */
void gpuvm_schema_free(const gpuvm_table *table, void *object);

/**
 * Where @key's value stands in @object, else where @object begins; a mark without a place for NULL or no
 * node. A scalar in place of the mapping has no keys.
 */
gpuvm_mark gpuvm_object_mark(const gpuvm_object *object, const char *key);

/** Whether @object's mapping has @key. */
bool gpuvm_object_has(const gpuvm_object *object, const char *key);

/**
 * Adds an error (exit code 2) for each key of @object, at any depth, whose row says GPUVM_FIELD_LATER:
 * "KEY is not supported by this version of gpuvm".
 */
void gpuvm_schema_later(const gpuvm_table *table, const void *object, gpuvm_diags *diags);

/**
 * Calls @visit for each value of the tree at @node, which @table decodes, with the row that takes it, a mapping before
 * what is in it; it may change the value.
 */
typedef void (*gpuvm_schema_visitor)(const gpuvm_field *field, gpuvm_node *value, void *data);
void gpuvm_schema_visit(const gpuvm_table *table, gpuvm_node *node, gpuvm_schema_visitor visit, void *data);

/**
 * Gives the keys of the tree at @node that are taken for others by @table the names of these, unless both are there: to be
 * called before anything else looks at the keys.
 */
void gpuvm_schema_rename(const gpuvm_table *table, gpuvm_node *node);

/**
 * Puts the tree at @node, which @table decoded, into the one form that says the same however it was written: keys in the order
 * of the rows, numbers and truth values in one spelling, quotes where a text needs them. What is anybody's (GPUVM_ANY), and the order of a GPUVM_MAP, stays.
 */
void gpuvm_schema_arrange(const gpuvm_table *table, gpuvm_node *node);

/** The row of @key in @table or its parents; NULL. */
const gpuvm_field *gpuvm_table_field(const gpuvm_table *table, const char *key);

/** What @field is when its key is absent, as the text that would say the same; NULL for nothing. */
const char *gpuvm_field_default(const gpuvm_field *field);

/** The rows of @table, its own before its parents', as an array of const gpuvm_field * (free the array only). */
GPtrArray *gpuvm_table_fields(const gpuvm_table *table);

/** The key of @table that @key may be a slip of; NULL: there is none. */
const char *gpuvm_table_nearest(const gpuvm_table *table, const char *key);

/**
 * Adds to @diag what @key, which @table does not know, may have been meant as: the mapping it belongs in, the
 * nearest key, or else the keys there are.
 */
void gpuvm_table_suggest(const gpuvm_table *table, const char *key, gpuvm_diag *diag);
