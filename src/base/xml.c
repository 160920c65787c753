/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/xml.h"

#include <string.h>

#include <libxml/parser.h>

#include "base/text.h"

/* entities can only be declared here: stopping at once leaves nothing to expand */
static void
refuse_dtd(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    xmlParserCtxt *parser = data;

    (void)name, (void)external, (void)system;
    xmlStopParser(parser);
    parser->wellFormed = 0; /* else what was read so far would be the document */
}

static void
fail_parser(xmlParserCtxt *parser, const char *name, GError **error)
{
    const xmlError *last = xmlCtxtGetLastError(parser);
    g_autofree char *why = NULL;

    if (parser->errNo == XML_ERR_USER_STOP)
        why = g_strdup("a document type declaration is not accepted");
    else
        why = g_strdup(last && last->message ? last->message : "not XML");
    g_strdelimit(g_strchomp(why), "\n", ' ');
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s:%d: %s", name, last ? last->line : 1, why);
}

xmlDoc *
gpuvm_xml_parse(const char *xml, size_t size, const char *name, GError **error)
{
    const int options =
        XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES;
    xmlParserCtxt *parser = NULL;
    xmlDoc *doc = NULL;

    if (size > G_MAXINT) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s: larger than 2 GiB", name);
        return NULL;
    }
    parser = xmlNewParserCtxt();
    if (!parser)
        g_error("out of memory");
    parser->sax->internalSubset = refuse_dtd;
    doc = xmlCtxtReadMemory(parser, xml, (int)size, NULL, NULL, options);
    if (doc)
        doc->URL = xmlStrdup((const xmlChar *)name); /* for gpuvm_xml_fail */
    else
        fail_parser(parser, name, error);
    xmlFreeParserCtxt(parser);
    return doc;
}

static xmlNode *
find_element(xmlNode *node, const char *name)
{
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && !node->ns && g_str_equal(node->name, name))
            return node;
    return NULL;
}

xmlNode *
gpuvm_xml_child(const xmlNode *parent, const char *name)
{
    return parent ? find_element(parent->children, name) : NULL;
}

xmlNode *
gpuvm_xml_foreign(const xmlNode *parent, const char *href)
{
    xmlNode *node = parent ? parent->children : NULL;

    while (node && !(node->ns && g_str_equal(node->ns->href, href)))
        node = node->next;
    return node;
}

xmlNode *
gpuvm_xml_next(const xmlNode *node)
{
    return find_element(node->next, (const char *)node->name);
}

/* libxml2's memory → GLib's */
static char *
take_text(xmlChar *text)
{
    char *copy = g_strdup((const char *)text);

    xmlFree(text);
    return copy;
}

char *
gpuvm_xml_attr(const xmlNode *node, const char *name)
{
    return node ? take_text(xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

bool
gpuvm_xml_attr_is(const xmlNode *node, const char *name, const char *value)
{
    g_autofree char *text = gpuvm_xml_attr(node, name);

    return g_strcmp0(text, value) == 0;
}

char *
gpuvm_xml_text(const xmlNode *node)
{
    g_autofree char *text = node ? take_text(xmlNodeGetContent(node)) : NULL;

    return text && *g_strstrip(text) ? g_steal_pointer(&text) : NULL;
}

bool
gpuvm_xml_number(const xmlNode *node, const char *attr, uint64_t max, uint64_t *number, GError **error)
{
    g_autofree char *text = attr ? gpuvm_xml_attr(node, attr) : gpuvm_xml_text(node);
    bool hex = text && g_ascii_strncasecmp(text, "0x", 2) == 0;
    guint64 value = 0;

    if (!text)
        return true;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, max, &value, NULL))
        return gpuvm_xml_fail(node, error, "%s%s of <%s> is not a number up to %" G_GUINT64_FORMAT ": '%s'",
                              attr ? "attribute " : "the text", attr ? attr : "", node->name, max, text);
    *number = value;
    return true;
}

bool
gpuvm_xml_fail(const xmlNode *node, GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s:%ld: %s", (const char *)node->doc->URL,
                xmlGetLineNo(node), message);
    return false;
}

bool
gpuvm_xml_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && g_str_equal(node->name, name);
}

xmlNode *
gpuvm_xml_add(xmlNode *parent, const char *name, const char *text)
{
    return xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

xmlNode *
gpuvm_xml_add_first(xmlNode *parent, const char *name, const char *text)
{
    xmlNode *first = parent->children, *node = gpuvm_xml_add(parent, name, text);

    return first ? xmlAddPrevSibling(first, node) : node;
}

xmlNode *
gpuvm_xml_ensure(xmlNode *parent, const char *name)
{
    xmlNode *child = gpuvm_xml_child(parent, name);

    return child ? child : gpuvm_xml_add(parent, name, NULL);
}

void
gpuvm_xml_set(xmlNode *node, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

void
gpuvm_xml_set_text(xmlNode *node, const char *text)
{
    while (node->children)
        gpuvm_xml_remove(node->children);
    xmlAddChild(node, xmlNewText((const xmlChar *)text));
}

void
gpuvm_xml_remove(xmlNode *node)
{
    if (!node)
        return;
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

char *
gpuvm_xml_print(xmlNode *node)
{
    xmlBuffer *buffer = xmlBufferCreate();
    char *text;

    xmlNodeDump(buffer, node->doc, node, 0, 1);
    text = gpuvm_text_safe((const char *)xmlBufferContent(buffer), GPUVM_TEXT_XML);
    xmlBufferFree(buffer);
    return text;
}
