/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/hook.h"

#include <string.h>

#include "core/admit.h"
#include "core/bounds.h"
#include "core/need.h"
#include "core/record.h"
#include "host/claims.h"
#include "host/observe.h"
#include "host/state.h"
#include "host/sysfs.h"
#include "host/uses.h"
#include "model/pcixml.h"
#include "ops/policy.h"

/* The functions at @addrs, their slots and groups. */
static void
read_devices(const char *root, const GArray *addrs, gpuvm_facts *facts)
{
    gpuvm_need *need = gpuvm_need_new();

    do {
        for (guint i = 0; i < need->missing->len; i++) {
            gpuvm_device *device = gpuvm_sysfs_device(root, &g_array_index(need->missing, gpuvm_pci_addr, i));

            if (device)
                gpuvm_facts_add_device(facts, device);
        }
        g_array_set_size(need->missing, 0);
        for (guint i = 0; i < addrs->len; i++)
            gpuvm_need_of_function(need, &g_array_index(addrs, gpuvm_pci_addr, i), facts);
    } while (need->missing->len > 0);
    gpuvm_need_free(need);
}

/* What a start is judged by. */
static bool
read_facts(const char *root, const gpuvm_claim *claim, gpuvm_facts *facts, GError **error)
{
    if (claim->next->len == 0)
        return true;
    read_devices(root, claim->next, facts);
    gpuvm_observe_files(root, &facts->host);
    gpuvm_uses_read(root, facts);
    return gpuvm_state_domains(root, facts, error);
}

static void
judge(const char *root, const xmlNode *domain, const gpuvm_claim *claim, const gpuvm_policies *policies,
      gpuvm_diags *diags)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    GError *error = NULL;

    if (claim->metadata) {
        record = gpuvm_record_parse(claim->metadata, &error);
        gpuvm_bounds_check(domain, GPUVM_BOUNDS_DOMAIN, claim->domain, NULL, diags);
    }
    if (error || !read_facts(root, claim, facts, &error))
        gpuvm_diags_fail(diags, NULL, error);
    else
        gpuvm_admit_start(facts, policies, claim, record, functions, diags);
}

/* The host's policy. One that is wrong does not say which domains are to be judged, either: it might have been all. */
static bool
read_policy(const char *path, gpuvm_policies *policies, gpuvm_diags *diags)
{
    bool absent;

    if (gpuvm_policy_add_own(policies, path, &absent, diags))
        return !absent || gpuvm_policy_add_builtin(policies, diags);
    gpuvm_diag_hint(g_ptr_array_index(diags->items, diags->items->len - 1),
                    "as long as this is wrong, no domain with a PCI device of the host starts");
    return false;
}

static bool
is_to_be_judged(const gpuvm_claim *claim, const gpuvm_policies *policies)
{
    int enforce = policies->of[0].spec->policy->enforce;

    return enforce == GPUVM_ENFORCE_ALL || (enforce == GPUVM_ENFORCE_GPUVM && claim->metadata);
}

void
gpuvm_hook_judge(const char *root, const char *xml, gpuvm_diags *diags)
{
    g_autofree char *path = g_strconcat(root, GPUVM_POLICY_FILE, NULL);
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(gpuvm_claim) claim = NULL;
    gpuvm_policies policies = {0};
    GError *error = NULL;

    if (!gpuvm_xml_may_take_pci(xml) && !strstr(xml, GPUVM_METADATA_NS))
        return;
    doc = gpuvm_xml_parse(xml, strlen(xml), "domain", &error);
    if (doc)
        claim = gpuvm_claim_from_element(xmlDocGetRootElement(doc), &error);
    if (!claim) {
        gpuvm_diags_fail(diags, NULL, error);
        return;
    }
    if ((claim->next->len > 0 || claim->metadata) && read_policy(path, &policies, diags) &&
        is_to_be_judged(claim, &policies))
        judge(root, xmlDocGetRootElement(doc), claim, &policies, diags);
    gpuvm_policies_clear(&policies);
}
