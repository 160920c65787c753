/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/state.h"

#include <string.h>

#include "host/assets.h"
#include "host/claims.h"
#include "host/file.h"
#include "host/statefile.h"
#include "model/pcixml.h"

/* DRIVER/NAME.xml: a <domstatus>, <networkstatus> or <poolstate> with the <domain>, <network> or <pool> in it */
#define STATE "/run/libvirt"
#define DEFINED "/etc/libvirt/qemu" /* NAME.xml, a <domain> */
#define DOMAINS STATE "/qemu"

/* A file appears whole, under its name (virFileRewrite), and goes when the domain stops. */
static bool
read_running(const char *root, const char *name, gpuvm_facts *facts, GError **error)
{
    g_autofree char *text = gpuvm_file_text(root, DOMAINS "/%s", name);
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(gpuvm_claim) claim = NULL;
    const xmlNode *domain;

    if (!text && !gpuvm_file_exists(root, DOMAINS "/%s", name))
        return true;
    if (!text) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read %s/%s", DOMAINS, name);
        return false;
    }
    doc = gpuvm_xml_parse(text, strlen(text), name, error);
    if (!doc)
        return false;
    domain = gpuvm_xml_child(xmlDocGetRootElement(doc), "domain");
    if (!domain)
        return gpuvm_xml_fail(xmlDocGetRootElement(doc), error, "no <domain> in it");
    claim = gpuvm_claim_from_element(domain, error);
    if (!claim || !gpuvm_claim_run_element(claim, domain, error))
        return false;
    gpuvm_facts_add_claim(facts, g_steal_pointer(&claim));
    return true;
}

const xmlNode *
gpuvm_state_read(const char *root, const char *driver, const char *name, const char *element,
                 xmlDoc **ret_doc)
{
    g_autofree char *text =
        strchr(name, '/') ? NULL : gpuvm_file_text(root, STATE "/%s/%s.xml", driver, name);

    *ret_doc = text ? gpuvm_xml_parse(text, strlen(text), name, NULL) : NULL;
    return *ret_doc ? gpuvm_xml_child(xmlDocGetRootElement(*ret_doc), element) : NULL;
}

/* <origstates> is what libvirt remembers of a function for when it gives it back: <unbind/>, that it bound it to VFIO itself. */
bool
gpuvm_state_taken(const char *root, const char *name, GArray *addrs)
{
    g_autoptr(xmlDoc) doc = NULL;
    const xmlNode *domain = gpuvm_state_read(root, "qemu", name, "domain", &doc);
    const xmlNode *devices = gpuvm_xml_child(domain, "devices");

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        const xmlNode *source = gpuvm_xml_child(node, "source");

        if (gpuvm_xml_takes_pci(node) && gpuvm_xml_attr_is(node, "managed", "yes") &&
            gpuvm_xml_child(gpuvm_xml_child(source, "origstates"), "unbind"))
            gpuvm_xml_addresses(source, addrs, NULL);
    }
    return domain != NULL;
}

/* One that is not active, no domain starts with. */
static void
look_at_network(const char *root, gpuvm_asset *asset)
{
    g_autoptr(xmlDoc) doc = NULL;
    const xmlNode *network = gpuvm_state_read(root, "network", asset->name, "network", &doc);

    if (network || gpuvm_file_exists(root, STATE "/network/%s.xml", asset->name))
        gpuvm_asset_learn_network(asset, network);
}

static void
look_at_volume(const char *root, gpuvm_asset *asset)
{
    g_auto(GStrv) parts = g_strsplit(asset->name, "/", 2);

    asset->active = gpuvm_file_exists(root, STATE "/storage/%s.xml", parts[0]);
    asset->path = gpuvm_state_volume_path(root, asset->name, &asset->unseen);
    asset->unseen &= asset->active == 1; /* no domain starts with another */
}

void
gpuvm_state_look(const char *root, const GPtrArray *assets, guint first)
{
    for (guint i = first; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_NETWORK)
            look_at_network(root, asset);
        else if (asset->kind == GPUVM_ASSET_VOLUME)
            look_at_volume(root, asset);
        else if (asset->kind == GPUVM_ASSET_DOMAIN)
            asset->exists = gpuvm_state_has_domain(root, asset->name);
    }
}

bool
gpuvm_state_has_domain(const char *root, const char *name)
{
    return strchr(name, '/') || gpuvm_file_exists(root, DEFINED "/%s.xml", name) ||
           gpuvm_file_exists(root, DOMAINS "/%s.xml", name);
}

static char *
find_volume(void *root, const char *name)
{
    return gpuvm_state_volume_path(root, name, NULL);
}

bool
gpuvm_state_domains(const char *root, gpuvm_facts *facts, GError **error)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", DOMAINS);

    for (guint i = 0; i < names->len; i++) {
        if (g_str_has_suffix(names->pdata[i], ".xml") && !read_running(root, names->pdata[i], facts, error))
            return false;
    }
    gpuvm_assets_identify(root, facts, find_volume, (char *)root);
    return true;
}
