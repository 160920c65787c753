/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/claims.h"

#include <string.h>

#include "model/cpuset.h"
#include "model/guest.h"
#include "model/pcixml.h"
#include "model/plan.h"

static xmlNode *
find_record(const xmlNode *domain)
{
    return gpuvm_xml_foreign(gpuvm_xml_child(domain, "metadata"), GPUVM_METADATA_NS);
}

/* gpuvm's element of @domain's metadata as text; NULL when gpuvm does not manage it. */
static char *
get_metadata(const xmlNode *domain)
{
    xmlNode *node = find_record(domain);

    if (!node)
        return NULL;
    /* a copy declares the namespaces that it needs */
    xmlNode *copy = xmlDocCopyNode(node, node->doc, 1);
    char *text = gpuvm_xml_print(copy);
    xmlFreeNode(copy);
    return text;
}

static bool
add_devices(GArray *addrs, const xmlNode *domain, GError **error)
{
    const xmlNode *devices = gpuvm_xml_child(domain, "devices");

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        const xmlNode *actual = gpuvm_xml_child(node, "actual"), *taker = actual ? actual : node;

        if (gpuvm_xml_takes_pci(taker) &&
            !gpuvm_xml_addresses(gpuvm_xml_child(taker, "source"), addrs, error))
            return false;
    }
    return true;
}

static bool
has_hugepages(const xmlNode *domain)
{
    return gpuvm_xml_child(gpuvm_xml_child(domain, "memoryBacking"), "hugepages") != NULL;
}

/* The CPUs that one of @domain's has for itself: a pin to several of them leaves room to others. */
static void
add_pins(GArray *pins, const xmlNode *domain)
{
    const xmlNode *pin = gpuvm_xml_child(gpuvm_xml_child(domain, "cputune"), "vcpupin");
    g_autoptr(GString) text = g_string_new(NULL);

    for (; pin; pin = gpuvm_xml_next(pin)) {
        g_autofree char *cpuset = gpuvm_xml_attr(pin, "cpuset");
        g_autoptr(GArray) cpus = cpuset ? gpuvm_cpuset_parse(cpuset) : NULL;

        if (cpus && cpus->len == 1)
            g_string_append_printf(text, "%s%d", text->len > 0 ? "," : "", g_array_index(cpus, int, 0));
    }
    g_autoptr(GArray) all = gpuvm_cpuset_parse(text->str);
    if (all)
        g_array_append_vals(pins, all->data, all->len);
}

static void
add_nodes(gpuvm_claim *claim, const xmlNode *domain)
{
    const xmlNode *memory = gpuvm_xml_child(gpuvm_xml_child(domain, "numatune"), "memory");
    g_autofree char *nodeset = gpuvm_xml_attr(memory, "nodeset");
    GArray *nodes = nodeset ? gpuvm_cpuset_parse(nodeset) : NULL;

    if (nodes) {
        g_array_unref(claim->nodes);
        claim->nodes = nodes;
    }
}

static bool
read_definition(gpuvm_claim *claim, const xmlNode *domain, GError **error)
{
    claim->metadata = get_metadata(domain);
    claim->left = gpuvm_xml_attr_is(find_record(domain), "transient", "yes");
    claim->hugepages = has_hugepages(domain);
    add_pins(claim->pins, domain);
    add_nodes(claim, domain);
    return gpuvm_guest_memory(domain, &claim->memory_kib, error) && add_devices(claim->next, domain, error);
}

gpuvm_claim *
gpuvm_claim_from_element(const xmlNode *element, GError **error)
{
    g_autofree char *name = gpuvm_xml_text(gpuvm_xml_child(element, "name"));
    g_autofree char *uuid = gpuvm_xml_text(gpuvm_xml_child(element, "uuid"));
    g_autoptr(gpuvm_claim) claim = NULL;

    if (!name) {
        gpuvm_xml_fail(element, error, "a domain without a name");
        return NULL;
    }
    claim = gpuvm_claim_new(name, uuid);
    return read_definition(claim, element, error) ? g_steal_pointer(&claim) : NULL;
}

gpuvm_claim *
gpuvm_claim_parse(const char *xml, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);

    return doc ? gpuvm_claim_from_element(xmlDocGetRootElement(doc), error) : NULL;
}

bool
gpuvm_claim_run_element(gpuvm_claim *claim, const xmlNode *element, GError **error)
{
    g_autoptr(gpuvm_guest) guest = gpuvm_guest_from_element(element, error);

    if (!guest)
        return false;
    claim->active = true;
    claim->left = false;
    claim->memory_live_kib = guest->memory_kib;
    claim->memory_now_kib = has_hugepages(element) ? 0 : guest->memory_kib;
    claim->cpus_now = gpuvm_guest_cpus(element);
    for (guint i = 0; i < guest->assets->len; i++) {
        const gpuvm_asset *asset = guest->assets->pdata[i];

        if (asset->disk)
            g_ptr_array_add(asset->readonly || asset->shareable ? claim->shares : claim->writes,
                            g_strdup(asset->name));
    }
    add_pins(claim->pins_now, element);
    return add_devices(claim->now, element, error);
}

bool
gpuvm_claim_run(gpuvm_claim *claim, const char *xml, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);

    return doc && gpuvm_claim_run_element(claim, xmlDocGetRootElement(doc), error);
}
