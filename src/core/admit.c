/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/admit.h"

#include "core/claim.h"
#include "core/group.h"
#include "core/permit.h"
#include "core/present.h"
#include "core/protect.h"
#include "core/ready.h"
#include "core/virtual.h"

#define PASSED (GPUVM_PLAN | GPUVM_CHOOSE | GPUVM_SHOW | GPUVM_START)

const gpuvm_admit_rule gpuvm_admit_rules[] = {
    {"present", GPUVM_PLAN | GPUVM_START | GPUVM_RELEASE, gpuvm_present_rule},
    {"whole", GPUVM_START, gpuvm_whole_rule},
    {"identity", GPUVM_START, gpuvm_identity_rule},
    {"ready", GPUVM_PLAN | GPUVM_START, gpuvm_ready_rule},
    {"memory", GPUVM_PLAN | GPUVM_START, gpuvm_ready_memory_rule},
    {"card", GPUVM_PLAN | GPUVM_CHOOSE | GPUVM_SHOW, gpuvm_card_rule},
    {"group", PASSED, gpuvm_group_rule},
    {"answers", PASSED, gpuvm_answers_rule},
    {"permit", PASSED, gpuvm_permit_rule},
    {"virtual function", PASSED, gpuvm_virtual_rule},
    {"protect", PASSED, gpuvm_protect_rule},
    {"unseen", GPUVM_PLAN | GPUVM_START | GPUVM_RELEASE, gpuvm_protect_unseen_rule},
    {"holder", GPUVM_RELEASE, gpuvm_protect_holder_rule},
    {"claim", PASSED | GPUVM_RELEASE, gpuvm_claim_rule},
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

void
gpuvm_admit_start(const gpuvm_facts *facts, const gpuvm_policies *policies, const gpuvm_claim *claim,
                  const gpuvm_record *record, GPtrArray *functions, gpuvm_diags *diags)
{
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    const gpuvm_admission admission = {.occasion = GPUVM_START,
                                       .domain = claim->domain,
                                       .facts = facts,
                                       .policies = policies,
                                       .vm_allowlist = record ? record->allowlist : NULL,
                                       .plugin_allowlist = record ? record->plugin_allowlist : NULL,
                                       .pinned_kib = pinned_kib(claim),
                                       .record = record,
                                       .functions = functions,
                                       .absent = absent,
                                       .diags = diags};

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
