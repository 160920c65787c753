/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-nodedev.c: any text as a node device's XML: a PCI function, none, or malformed
 */
#include <config.h>

#include "fuzz.h"
#include "host/nodedev.h"

static void
check_order(const GArray *addrs)
{
    for (guint i = 1; i < addrs->len; i++)
        FUZZ_REQUIRE(gpuvm_pci_addr_compare(&g_array_index(addrs, gpuvm_pci_addr, i - 1),
                                            &g_array_index(addrs, gpuvm_pci_addr, i)) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    GError *error = NULL;
    g_autoptr(gpuvm_device) device = gpuvm_nodedev_parse(text, &error);

    if (!device) {
        g_clear_error(&error); /* what is no PCI function has none */
        return 0;
    }
    fuzz_check_error(device, error);
    FUZZ_REQUIRE(device->class_code <= 0xffffff);
    FUZZ_REQUIRE(device->addr.slot <= GPUVM_PCI_SLOT_MAX && device->addr.function <= GPUVM_PCI_FUNCTION_MAX);
    check_order(device->group_members);
    check_order(device->virtual_functions);
    g_free(gpuvm_device_describe(device));
    return 0;
}
