/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/admission.h"

gpuvm_plan_function *
gpuvm_admission_name(const gpuvm_admission *admission, const gpuvm_pci_addr *addr, gpuvm_role role,
                     const gpuvm_mark *mark, const char *why)
{
    const gpuvm_device *device = gpuvm_facts_device(admission->facts, addr);
    const gpuvm_absent absent = {.addr = *addr, .mark = *mark};

    if (device)
        return gpuvm_functions_add(admission->functions, device, role, mark, g_strdup(why));
    g_array_append_val(admission->absent, absent);
    return NULL;
}

gpuvm_plan_function *
gpuvm_admission_name_card(const gpuvm_admission *admission, const gpuvm_pci_addr *addr,
                          const gpuvm_mark *mark, const char *why)
{
    g_autoptr(GPtrArray) card = gpuvm_facts_card(admission->facts, addr);
    gpuvm_plan_function *first = NULL;

    if (card->len == 0)
        return gpuvm_admission_name(admission, addr, GPUVM_ROLE_REQUESTED, mark, why);
    for (guint i = 0; i < card->len; i++) {
        gpuvm_plan_function *function = gpuvm_admission_name(
            admission, &((const gpuvm_device *)card->pdata[i])->addr, GPUVM_ROLE_REQUESTED, mark, why);
        first = first ? first : function;
    }
    return first;
}

void
gpuvm_admission_name_hostdevs(const gpuvm_admission *admission, const GArray *hostdevs)
{
    for (guint i = 0; i < hostdevs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(hostdevs, gpuvm_pci_addr, i);
        const gpuvm_record_device *recorded = gpuvm_record_find(admission->record, addr);

        gpuvm_admission_name(admission, addr, recorded ? recorded->role : GPUVM_ROLE_REQUESTED,
                             &(gpuvm_mark){0}, NULL);
    }
}
