/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/svg.h"

#include "base/xml.h"

static void
add_box(xmlNode *parent, const gpuvm_box *box)
{
    xmlNode *group = gpuvm_xml_add(parent, "g", NULL), *rect;

    if (box->id)
        gpuvm_xml_set(group, "id", "%s", box->id);
    gpuvm_xml_set(group, "class", "%s%s", gpuvm_styles[box->style].name, box->emphasized ? " own" : "");
    if (box->title)
        gpuvm_xml_add(group, "title", box->title);
    rect = gpuvm_xml_add(group, "rect", NULL);
    gpuvm_xml_set(rect, "x", "%d", box->x);
    gpuvm_xml_set(rect, "y", "%d", box->y);
    gpuvm_xml_set(rect, "width", "%d", box->width);
    gpuvm_xml_set(rect, "height", "%d", box->height);
    for (guint i = 0; i < box->labels->len; i++) {
        const gpuvm_label *label = box->labels->pdata[i];
        xmlNode *text = gpuvm_xml_add(group, "text", label->text);

        gpuvm_xml_set(text, "x", "%d", label->x);
        gpuvm_xml_set(text, "y", "%d", label->y);
        gpuvm_xml_set(text, "font-size", "%d", label->size);
        if (label->bold)
            gpuvm_xml_set(text, "font-weight", "bold");
    }
    for (guint i = 0; i < box->boxes->len; i++)
        add_box(group, box->boxes->pdata[i]);
}

/* The colours of all styles on one ground. */
static void
add_colors(GString *css, int dark)
{
    for (size_t i = 0; i < GPUVM_STYLES; i++) {
        const gpuvm_style_look *look = &gpuvm_styles[i];

        g_string_append_printf(css, ".%s > rect { fill: #%06x; stroke: #%06x } .%s > text { fill: #%06x }\n",
                               look->name, look->fill[dark], look->stroke[dark], look->name,
                               look->text[dark]);
    }
}

char *
gpuvm_svg_print(const gpuvm_box *picture, bool dark)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *root = xmlNewDocNode(doc, NULL, (const xmlChar *)"svg", NULL);
    g_autoptr(GString) css =
        g_string_new("\nrect { rx: 4px } .page > rect { rx: 0 } .own > rect { stroke-width: 3 }\n"
                     "text { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace }\n");

    xmlDocSetRootElement(doc, root);
    gpuvm_xml_set(root, "xmlns", "http://www.w3.org/2000/svg");
    gpuvm_xml_set(root, "width", "%d", picture->width);
    gpuvm_xml_set(root, "height", "%d", picture->height);
    gpuvm_xml_set(root, "viewBox", "0 0 %d %d", picture->width, picture->height);
    add_colors(css, dark);
    if (!dark) {
        g_string_append(css, "@media (prefers-color-scheme: dark) {\n");
        add_colors(css, 1);
        g_string_append(css, "}\n");
    }
    gpuvm_xml_add(root, "style", css->str);
    add_box(root, picture);
    g_autofree char *text = gpuvm_xml_print(root);
    return g_strconcat("<?xml version='1.0' encoding='UTF-8'?>\n", text, "\n", NULL);
}
