/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/admit.h"

#include <string.h>

#include "core/claim.h"
#include "core/group.h"
#include "core/permit.h"
#include "core/present.h"
#include "core/protect.h"
#include "core/ready.h"
#include "core/virtual.h"

#define PASSED (GPUVM_PLAN | GPUVM_CHOOSE | GPUVM_SHOW | GPUVM_START)

const gpuvm_admit_rule gpuvm_admit_rules[] = {
    {"present", GPUVM_PLAN | GPUVM_START | GPUVM_RELEASE, gpuvm_present_rule, "whether the host has it"},
    {"whole", GPUVM_START, gpuvm_whole_rule, "whether the domain still has all that it was defined with"},
    {"identity", GPUVM_START, gpuvm_identity_rule, "whether it is the device that was there at define"},
    {"ready", GPUVM_PLAN | GPUVM_START, gpuvm_ready_rule, "whether the host is able to pass devices at all"},
    {"memory", GPUVM_PLAN | GPUVM_START, gpuvm_ready_memory_rule,
     "whether the host has room for the guest's memory, all of which is pinned"},
    {"card", GPUVM_PLAN | GPUVM_CHOOSE | GPUVM_SHOW, gpuvm_card_rule,
     "what else is on the card, which goes along"},
    {"group", PASSED, gpuvm_group_rule, "whether the host uses what else is in its IOMMU group"},
    {"answers", PASSED, gpuvm_answers_rule, "whether it answers on the PCI bus"},
    {"permit", PASSED, gpuvm_permit_rule, "whether every policy and allowlist lets it pass"},
    {"virtual function", PASSED, gpuvm_virtual_rule,
     "what becomes of virtual functions, which go away with their physical one"},
    {"protect", PASSED, gpuvm_protect_rule, "whether the host itself needs it"},
    {"unseen", GPUVM_PLAN | GPUVM_START | GPUVM_RELEASE, gpuvm_protect_unseen_rule,
     "whether all that the host does with it can be seen"},
    {"holder", GPUVM_RELEASE, gpuvm_protect_holder_rule, "whether a process has it open"},
    {"claim", PASSED | GPUVM_RELEASE, gpuvm_claim_rule, "whether another domain has it, or names it"},
    {NULL},
};

void
gpuvm_admit(const gpuvm_admission *admission)
{
    for (const gpuvm_admit_rule *rule = gpuvm_admit_rules; rule->name; rule++) {
        if (rule->occasions & admission->occasion)
            rule->apply(admission);
    }
}

/* What starting the domain takes from the host's memory: a guest with devices that runs gives back what it has. */
static uint64_t
pinned_kib(const gpuvm_claim *claim)
{
    uint64_t given_back = claim->now->len > 0 ? claim->memory_now_kib : 0;

    return claim->hugepages || given_back > claim->memory_kib ? 0 : claim->memory_kib - given_back;
}

gpuvm_admission
gpuvm_admit_of_start(const gpuvm_facts *facts, const gpuvm_policies *policies, const gpuvm_claim *claim,
                     const gpuvm_record *record)
{
    return (gpuvm_admission){.occasion = GPUVM_START,
                             .domain = claim->domain,
                             .facts = facts,
                             .policies = policies,
                             .vm_allowlist = record ? record->allowlist : NULL,
                             .plugin_allowlist = record ? record->plugin_allowlist : NULL,
                             .pinned_kib = pinned_kib(claim),
                             .record = record};
}

void
gpuvm_admit_start(const gpuvm_facts *facts, const gpuvm_policies *policies, const gpuvm_claim *claim,
                  const gpuvm_record *record, GPtrArray *functions, gpuvm_diags *diags)
{
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    gpuvm_admission admission = gpuvm_admit_of_start(facts, policies, claim, record);

    admission.functions = functions;
    admission.absent = absent;
    admission.diags = diags;
    gpuvm_admission_name_hostdevs(&admission, claim->next);
    gpuvm_admit(&admission);
}

const char *
gpuvm_admit_unseen(const gpuvm_facts *facts, const gpuvm_policies *policies, gpuvm_diags *diags)
{
    const gpuvm_diag *diag = gpuvm_protect_unseen(policies, GPUVM_PLAN, facts, diags);

    return diag && diag->severity != GPUVM_DIAG_NOTE ? diag->message : NULL;
}

char *
gpuvm_admit_why_not(const gpuvm_admission *admission, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_admission alone = *admission;

    alone.functions = functions;
    alone.diags = diags;
    gpuvm_functions_add(functions, device, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    gpuvm_admit(&alone);
    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_DIAG_ERROR)
            return g_strdup(diag->message);
    }
    return NULL;
}

char *
gpuvm_admit_about(const char *reason, const char *address)
{
    g_autofree char *which = g_strdup_printf("device %s ", address),
                    *of = g_strdup_printf(" of device %s", address);
    GString *text = NULL;

    if (g_str_has_prefix(reason, which)) {
        reason += strlen(which);
        if (reason[0] == '(' && strcspn(reason, ":") == 5 && strcspn(reason, ")") == 10) /* its ids */
            reason += strlen("(10de:2204) ");
    }
    text = g_string_new(reason);
    g_string_replace(text, of, "", 1);
    return g_string_free(text, FALSE);
}
