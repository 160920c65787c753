/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xml.h: small helpers over libxml2's trees: reading XML that may be hostile, and building it
 *
 * Names are of elements and attributes without a namespace. An error is "NAME:LINE: …" with
 * GPUVM_EXIT_INVALID, NAME being what gpuvm_xml_parse was told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/**
 * Parses @xml without network, files or printing. A document type declaration is refused, so there are no
 * entities but XML's own five; libxml2's limits on depth and on the size of a text hold. The caller frees it.
 */
xmlDoc *gpuvm_xml_parse(const char *xml, size_t size, const char *name, GError **error);

/** The first child element @name of @parent; NULL when there is none or @parent is NULL. */
xmlNode *gpuvm_xml_child(const xmlNode *parent, const char *name);

/** The first child of @parent in the namespace @href; NULL when there is none or @parent is NULL. */
xmlNode *gpuvm_xml_foreign(const xmlNode *parent, const char *href);

/** The next sibling of @node with its name; NULL. */
xmlNode *gpuvm_xml_next(const xmlNode *node);

/** The attribute @name (g_malloc); NULL when it is absent or @node is NULL. */
char *gpuvm_xml_attr(const xmlNode *node, const char *name);

/** Whether @node's attribute @name is @value. */
bool gpuvm_xml_attr_is(const xmlNode *node, const char *name, const char *value);

/** The text of @node without the space around it (g_malloc); NULL when it is empty or @node is NULL. */
char *gpuvm_xml_text(const xmlNode *node);

/**
 * Reads the attribute @attr of @node (NULL: its text): decimal, or hexadecimal after "0x", at most @max. When
 * it is absent *@number stays as it is, which is success.
 */
bool gpuvm_xml_number(const xmlNode *node, const char *attr, uint64_t max, uint64_t *number, GError **error);

/** Fails with "NAME:LINE: …" of @node; always returns false. */
bool gpuvm_xml_fail(const xmlNode *node, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** Whether @node is an element called @name, in whatever namespace. */
bool gpuvm_xml_is(const xmlNode *node, const char *name);

/** A new last child element of @parent, in its namespace. @text may be NULL; markup in it is escaped. */
xmlNode *gpuvm_xml_add(xmlNode *parent, const char *name, const char *text);

/** The same as the first child element. */
xmlNode *gpuvm_xml_add_first(xmlNode *parent, const char *name, const char *text);

/** The first child element @name of @parent, added when there is none. */
xmlNode *gpuvm_xml_ensure(xmlNode *parent, const char *name);

/** Sets an attribute. */
void gpuvm_xml_set(xmlNode *node, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** Puts @text in place of everything in @node. */
void gpuvm_xml_set_text(xmlNode *node, const char *text);

/** Takes @node out of its tree and frees it; NULL is fine. */
void gpuvm_xml_remove(xmlNode *node);

/** @node with all in it, indented by two spaces, safe to print (base/text.h). g_malloc. */
char *gpuvm_xml_print(xmlNode *node);
