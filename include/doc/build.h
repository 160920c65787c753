/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.h: trees that a program makes or changes: a definition from a command line, one laid over another
 *
 * Whatever a tree is made of lives as long as its document, which also keeps the documents that its nodes come from.
 * Nodes may be shared between trees, so only those of a document that nobody else has are changed.
 */
#pragma once

#include "doc/node.h"

/** A document of an empty mapping whose place is @source as a whole. */
gpuvm_doc *gpuvm_doc_new(gpuvm_source *source);

/** @doc keeps @other as long as itself: nodes of @other may be linked from it. */
void gpuvm_doc_keep(gpuvm_doc *doc, gpuvm_doc *other);

/** A new scalar (@text is copied), mapping or sequence at @mark, to be linked into the tree. */
gpuvm_node *gpuvm_doc_scalar(gpuvm_doc *doc, const char *text, const gpuvm_mark *mark);
gpuvm_node *gpuvm_doc_mapping(gpuvm_doc *doc, const gpuvm_mark *mark);
gpuvm_node *gpuvm_doc_sequence(gpuvm_doc *doc, const gpuvm_mark *mark);

/** Adds @key, which is not in @mapping yet, to its end. */
void gpuvm_doc_add(gpuvm_doc *doc, gpuvm_node *mapping, gpuvm_node *key, gpuvm_node *value);

/** Sets @key of @mapping to @value, in place of the value it has, else at its end. */
void gpuvm_doc_set(gpuvm_doc *doc, gpuvm_node *mapping, gpuvm_node *key, gpuvm_node *value);

/**
 * The value of @key in @mapping. When there is none, @make (gpuvm_doc_mapping or gpuvm_doc_sequence) makes it, and it and its key have
 * the place @mark.
 */
gpuvm_node *gpuvm_doc_ensure(gpuvm_doc *doc, gpuvm_node *mapping, const char *key, const gpuvm_mark *mark,
                             gpuvm_node *(*make)(gpuvm_doc *doc, const gpuvm_mark *mark));

/** Removes @key from @mapping, if it is there. */
void gpuvm_node_remove(gpuvm_node *mapping, const char *key);

/** Adds @item to the end of @sequence. */
void gpuvm_doc_append(gpuvm_doc *doc, gpuvm_node *sequence, gpuvm_node *item);
