/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/inspect.h"

#include "core/assess.h"
#include "core/claim.h"

char *
gpuvm_inspect_why_not(gpuvm_session *session, const gpuvm_device *device)
{
    const gpuvm_permit permit = {.policies = session->policies, .n_policies = session->n_policies};
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) functions =
        gpuvm_assess(device, GPUVM_FUNCTIONS_ALL, GPUVM_GROUP_REFUSE, session->facts, &permit, diags);

    gpuvm_claim_check(functions, "", true, session->facts, diags);
    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_ERRORED)
            return g_strdup(diag->message);
    }
    return NULL;
}
