/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/virtual.h"

static void
check_physical(const gpuvm_admission *admission, const gpuvm_plan_function *function)
{
    const gpuvm_device *device = function->device;
    g_autofree char *message = NULL;

    if (device->virtual_functions->len == 0)
        return;
    message = g_strdup_printf("device %s has %u virtual functions, which go away when it is passed",
                              GPUVM_PCI(&device->addr), device->virtual_functions->len);
    if (admission->occasion == GPUVM_CHOOSE)
        gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark, "%s", message);
    else
        gpuvm_diags_warning(admission->diags, &function->mark, "%s", message);
}

void
gpuvm_virtual_rule(const gpuvm_admission *admission)
{
    for (guint i = 0; i < admission->functions->len; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];
        const gpuvm_device *device = function->device;
        gpuvm_diag *diag;

        check_physical(admission, function);
        if (!device->virtual_function ||
            !gpuvm_functions_find(admission->functions, &device->physical_function))
            continue;
        diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                                 "device %s is a virtual function of %s, and goes away when that is passed",
                                 GPUVM_PCI(&device->addr), GPUVM_PCI(&device->physical_function));
        gpuvm_diag_hint(diag, "pass the one or the other");
    }
}
