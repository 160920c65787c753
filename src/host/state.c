/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/state.h"

#include <string.h>

#include "host/assets.h"
#include "host/claims.h"
#include "host/file.h"

/* DRIVER/NAME.xml: a <domstatus>, <networkstatus> or <poolstate> with the <domain>, <network> or <pool> in it */
#define STATE "/run/libvirt"
#define DEFINED "/etc/libvirt" /* storage/NAME.xml, qemu/NAME.xml */
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

/* What is in the file of the active @name, which is called @element in it; *@ret_doc holds it. NULL: there is none. */
static const xmlNode *
read_active(const char *root, const char *driver, const char *name, const char *element, xmlDoc **ret_doc)
{
    g_autofree char *text = gpuvm_file_text(root, STATE "/%s/%s.xml", driver, name);

    *ret_doc = text ? gpuvm_xml_parse(text, strlen(text), name, NULL) : NULL;
    return *ret_doc ? gpuvm_xml_child(xmlDocGetRootElement(*ret_doc), element) : NULL;
}

/* Of one that is not active, for now, what it is defined as. What a domain says of its name may be anything. */
char *
gpuvm_state_pool_path(const char *root, const char *name)
{
    bool plain = !strchr(name, '/');
    g_autoptr(xmlDoc) doc = NULL, defined = NULL;
    const xmlNode *pool = plain ? read_active(root, "storage", name, "pool", &doc) : NULL;
    g_autofree char *text = plain && !pool ? gpuvm_file_text(root, DEFINED "/storage/%s.xml", name) : NULL;

    if (text && (defined = gpuvm_xml_parse(text, strlen(text), name, NULL)))
        pool = xmlDocGetRootElement(defined);
    return gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(pool, "target"), "path"));
}

/* As far as its pool names it as its files are named, which those of SCSI and iSCSI do not. */
static char *
find_volume(void *root, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", 2);
    g_autofree char *path = gpuvm_state_pool_path(root, parts[0]);

    return path ? g_build_filename(path, parts[1], NULL) : NULL;
}

/* One that is not active, no domain starts with. */
static int
passes_devices(const char *root, const char *name)
{
    g_autoptr(xmlDoc) doc = NULL;
    const xmlNode *network = read_active(root, "network", name, "network", &doc);

    if (!gpuvm_file_exists(root, STATE "/network/%s.xml", name))
        return GPUVM_UNKNOWN;
    return !network || gpuvm_guest_network_passes(network);
}

void
gpuvm_state_look(const char *root, const GPtrArray *assets, guint first)
{
    for (guint i = first; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->kind == GPUVM_ASSET_NETWORK)
            asset->passes_devices = passes_devices(root, asset->name);
        else if (asset->kind == GPUVM_ASSET_VOLUME)
            asset->path = find_volume((char *)root, asset->name);
        else if (asset->kind == GPUVM_ASSET_DOMAIN)
            asset->exists = gpuvm_state_has_domain(root, asset->name);
    }
}

bool
gpuvm_state_has_domain(const char *root, const char *name)
{
    return strchr(name, '/') || gpuvm_file_exists(root, DEFINED "/qemu/%s.xml", name) ||
           gpuvm_file_exists(root, DOMAINS "/%s.xml", name);
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
