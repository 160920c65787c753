/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/state.h"

#include <string.h>

#include "host/claims.h"
#include "host/file.h"
#include "model/pcixml.h"

#define DOMAINS "/run/libvirt/qemu" /* NAME.xml, a <domstatus> with the <domain> in it */

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
    if (!gpuvm_xml_may_take_pci(text))
        return true;
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

bool
gpuvm_state_domains(const char *root, gpuvm_facts *facts, GError **error)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", DOMAINS);

    for (guint i = 0; i < names->len; i++) {
        if (g_str_has_suffix(names->pdata[i], ".xml") && !read_running(root, names->pdata[i], facts, error))
            return false;
    }
    return true;
}
