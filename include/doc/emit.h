/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emit.h: field tables → JSON Schema and manual pages; trees → YAML and JSON
 */
#pragma once

#include <json-glib/json-glib.h>

#include "doc/schema.h"

/**
 * The JSON Schema (draft 2020-12) of @table, indented by two spaces, with a newline at the end. "kind" is a
 * property with the constant @table->name, whether or not the table has such a row.
 */
char *gpuvm_emit_jsonschema(const gpuvm_table *table);

/**
 * The rows of @table in man(7) macros, nested tables after it, each with its own .SS heading: key, type,
 * default, limits, doc. Fields not supported yet say so.
 */
char *gpuvm_emit_man(const gpuvm_table *table);

/**
 * @node as YAML that reads back as the same tree, with a newline at the end: block style, texts of several lines as
 * literal blocks. Comments are not in a tree. What a reader of YAML 1.1 would not take for what it is (gpuvm_node_value) is in
 * quotes.
 */
char *gpuvm_emit_yaml(const gpuvm_node *node);

/** @node as JSON has it; what a scalar is says gpuvm_node_value. */
JsonNode *gpuvm_emit_json(const gpuvm_node *node);
