/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/transient.h"

#include <string.h>

#include "core/image.h"
#include "ops/imagestore.h"

bool
gpuvm_transient_sweep(gpuvm_session *session, const char *name, const char *pool)
{
    g_autoptr(GPtrArray) left =
        session->connection->test ? g_ptr_array_new() : gpuvm_images_left(session, name, pool);

    for (guint i = left ? left->len : 0; i-- > 0;) {
        if (!gpuvm_image_is_scratch(name, left->pdata[i]))
            g_ptr_array_remove_index(left, i);
    }
    return left && gpuvm_images_remove(session, pool ? pool : session->pool, left);
}

/* As much of @domain as names its UEFI variables; NULL: it has none. g_malloc. */
static char *
firmware_of(const char *xml)
{
    static const char *const kept[] = {"name", "metadata", "memory", "vcpu", "os", "features", NULL};
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL, *next;
    const xmlNode *os = gpuvm_xml_child(domain, "os");

    if (!gpuvm_xml_attr_is(os, "firmware", "efi") && !gpuvm_xml_child(os, "nvram"))
        return NULL;
    if (!xmlHasProp(os, (const xmlChar *)"firmware")) /* it was chosen when the domain started */
        gpuvm_xml_remove(gpuvm_xml_child(os, "firmware"));
    for (xmlNode *node = domain->children; node; node = next) {
        next = node->next;
        if (node->type == XML_ELEMENT_NODE && !g_strv_contains(kept, (const char *)node->name))
            gpuvm_xml_remove(node);
    }
    return gpuvm_xml_print(domain);
}

/* libvirt removes them with a definition, and only so. */
static bool
remove_variables(gpuvm_session *session, const char *xml)
{
    g_autofree char *firmware = session->connection->test ? NULL : firmware_of(xml);
    g_autoptr(gpuvm_domain) domain = NULL;
    GError *error = NULL;

    if (!firmware)
        return true;
    domain = gpuvm_domain_define(session->connection, firmware, NULL, &error);
    return (domain && gpuvm_domain_undefine(domain, true, &error)) || gpuvm_session_fail(session, error);
}

bool
gpuvm_transient_remove(gpuvm_session *session, const char *name, const char *pool, const char *xml)
{
    bool swept = gpuvm_transient_sweep(session, name, pool);

    return remove_variables(session, xml) && swept;
}
