/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestpci.h"

static int
compare_functions(gconstpointer a, gconstpointer b)
{
    const gpuvm_plan_function *x = *(const gpuvm_plan_function *const *)a;
    const gpuvm_plan_function *y = *(const gpuvm_plan_function *const *)b;
    bool x_detached = x->role == GPUVM_ROLE_DETACHED, y_detached = y->role == GPUVM_ROLE_DETACHED;

    if (x_detached != y_detached)
        return x_detached ? 1 : -1;
    return gpuvm_pci_addr_compare(&x->device->addr, &y->device->addr);
}

unsigned
gpuvm_guestpci_layout(GPtrArray *functions)
{
    gpuvm_plan_function *first = NULL; /* of the card */
    unsigned ports = 0;

    g_ptr_array_sort(functions, compare_functions);
    for (guint i = 0; i < functions->len; i++) {
        gpuvm_plan_function *function = functions->pdata[i];

        if (function->role == GPUVM_ROLE_DETACHED)
            continue;
        if (first && gpuvm_device_same_card(first->device, function->device)) {
            first->guest.multifunction = true;
            function->guest.function = function->device->addr.function;
        } else {
            first = function;
            ports++;
        }
        function->guest.bus = ports;
    }
    return ports;
}
