/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/hook.h"

#include <string.h>

#include "core/chain.h"
#include "core/judge.h"
#include "core/need.h"
#include "core/record.h"
#include "host/assets.h"
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

/* What files tell of what @guest names, and of what its images name. */
static void
look_at_assets(const char *root, gpuvm_guest *guest)
{
    for (guint first = 0, next; first < guest->assets->len; first = next) {
        next = guest->assets->len;
        gpuvm_state_look(root, guest->assets, first);
        gpuvm_assets_look_at_files(root, guest->assets, first);
        gpuvm_chain_follow(guest, first);
    }
}

/* What a start is judged by. */
static bool
read_facts(const char *root, const gpuvm_claim *claim, gpuvm_guest *guest, gpuvm_facts *facts, GError **error)
{
    look_at_assets(root, guest);
    if (claim->next->len + claim->pins->len == 0 && !gpuvm_guest_has_disks(guest))
        return true;
    read_devices(root, claim->next, facts);
    gpuvm_observe_files(root, &facts->host);
    gpuvm_uses_read(root, facts);
    return gpuvm_state_domains(root, facts, error);
}

static void
judge(const char *root, const gpuvm_claim *claim, gpuvm_guest *guest, const gpuvm_policies *policies,
      gpuvm_diags *diags)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(gpuvm_record) record = NULL;
    g_autofree char *pool_path = NULL, *name = NULL;
    GError *error = NULL;

    if (claim->metadata)
        record = gpuvm_record_parse(claim->metadata, &error);
    if (error || !read_facts(root, claim, guest, facts, &error)) {
        gpuvm_diags_fail(diags, NULL, error);
        return;
    }
    if (record && record->pool)
        pool_path = gpuvm_state_pool_path(root, record->pool);
    name = record ? gpuvm_record_name(record) : NULL;
    gpuvm_judge_start(
        &(gpuvm_start_question){.claim = claim,
                                .record = record,
                                .pool_path = pool_path,
                                .former_name = name && !gpuvm_state_has_domain(root, name) ? name : NULL,
                                .guest = guest,
                                .facts = facts,
                                .policies = policies},
        diags);
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

/* Whether libvirt is going to give @guest a PCI function, which @claim cannot name. */
static bool
joins_pool(const char *root, const gpuvm_guest *guest)
{
    bool joins = false;

    gpuvm_state_look(root, guest->assets, 0);
    for (guint i = 0; i < guest->assets->len; i++)
        joins |= ((const gpuvm_asset *)guest->assets->pdata[i])->passes_pci;
    return joins;
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
    g_autoptr(gpuvm_guest) guest = NULL;
    g_autoptr(gpuvm_claim) claim = NULL;
    gpuvm_policies policies = {0};
    GError *error = NULL;

    if (!gpuvm_xml_may_take_pci(xml) && !strstr(xml, GPUVM_METADATA_NS) && !strstr(xml, "network"))
        return;
    guest = gpuvm_guest_parse(xml, &error);
    if (guest)
        claim = gpuvm_claim_from_element(xmlDocGetRootElement(guest->doc), &error);
    if (!claim) {
        gpuvm_diags_fail(diags, NULL, error);
        return;
    }
    if ((claim->next->len > 0 || claim->metadata || joins_pool(root, guest)) &&
        read_policy(path, &policies, diags) && is_to_be_judged(claim, &policies))
        judge(root, claim, guest, &policies, diags);
    gpuvm_policies_clear(&policies);
}
