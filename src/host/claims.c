/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/claims.h"

#include <string.h>

#include "model/pcixml.h"
#include "model/plan.h"

/* gpuvm's element of @domain's metadata as text; NULL when gpuvm does not manage it. */
static char *
get_metadata(const xmlNode *domain)
{
    const xmlNode *metadata = gpuvm_xml_child(domain, "metadata");
    xmlNode *node = metadata ? metadata->children : NULL;

    while (node && !(node->ns && g_str_equal(node->ns->href, GPUVM_METADATA_NS)))
        node = node->next;
    if (!node)
        return NULL;
    /* a copy declares the namespaces that it needs */
    xmlNode *copy = xmlDocCopyNode(node, node->doc, 1);
    char *text = gpuvm_xml_print(copy);
    xmlFreeNode(copy);
    return text;
}

static bool
add_element(gpuvm_claim *claim, const xmlNode *domain, GError **error)
{
    const xmlNode *devices = gpuvm_xml_child(domain, "devices");

    if (!claim->metadata)
        claim->metadata = get_metadata(domain);
    claim->hugepages = gpuvm_xml_child(gpuvm_xml_child(domain, "memoryBacking"), "hugepages") != NULL;
    /* libvirt itself always writes KiB */
    if (!gpuvm_xml_number(gpuvm_xml_child(domain, "memory"), NULL, UINT64_MAX / 1024, &claim->memory_kib,
                          error))
        return false;
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (gpuvm_xml_takes_pci(node) &&
            !gpuvm_xml_addresses(gpuvm_xml_child(node, "source"), claim->devices, error))
            return false;
    return true;
}

gpuvm_claim *
gpuvm_claim_from_element(const xmlNode *element, bool active, GError **error)
{
    g_autofree char *name = gpuvm_xml_text(gpuvm_xml_child(element, "name"));
    g_autofree char *uuid = gpuvm_xml_text(gpuvm_xml_child(element, "uuid"));
    gpuvm_claim *claim;

    if (!name) {
        gpuvm_xml_fail(element, error, "a domain without a name");
        return NULL;
    }
    claim = gpuvm_claim_new(name, uuid, active);
    if (add_element(claim, element, error))
        return claim;
    gpuvm_claim_free(claim);
    return NULL;
}

gpuvm_claim *
gpuvm_claim_parse(const char *xml, bool active, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);

    return doc ? gpuvm_claim_from_element(xmlDocGetRootElement(doc), active, error) : NULL;
}

bool
gpuvm_claim_add(gpuvm_claim *claim, const char *xml, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);

    return doc && add_element(claim, xmlDocGetRootElement(doc), error);
}

void
gpuvm_claims_add(gpuvm_facts *facts, gpuvm_claim *claim)
{
    guint at = 0;
    int order = 1;

    while (at < facts->claims->len) {
        const gpuvm_claim *other = g_ptr_array_index(facts->claims, at);

        order = strcmp(other->domain, claim->domain);
        if (order >= 0)
            break;
        at++;
    }
    if (at < facts->claims->len && order == 0)
        g_ptr_array_remove_index(facts->claims, at);
    if (claim->devices->len)
        g_ptr_array_insert(facts->claims, (gint)at, claim);
    else
        gpuvm_claim_free(claim);
}
