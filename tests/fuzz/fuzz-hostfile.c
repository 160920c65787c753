/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-hostfile.c: any bytes as a host file: every fact of it, or refused
 */
#include <config.h>

#include "fuzz.h"
#include "host/hostfile.h"

static void
check_device(const gpuvm_facts *facts, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) slot = gpuvm_facts_slot(facts, &device->addr);
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, &device->addr, NULL);

    FUZZ_REQUIRE(gpuvm_facts_device(facts, &device->addr) == device);
    FUZZ_REQUIRE(g_ptr_array_find(slot, device, NULL));
    for (guint i = 1; i < claims->len; i++)
        FUZZ_REQUIRE(((const gpuvm_claim *)claims->pdata[i - 1])->active ||
                     !((const gpuvm_claim *)claims->pdata[i])->active);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autoptr(gpuvm_facts) facts = gpuvm_hostfile_parse((const char *)data, size, "fuzz", &error);

    fuzz_check_error(facts, error);
    if (facts) {
        g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);

        FUZZ_REQUIRE(devices->len > 0);
        for (guint i = 0; i < devices->len; i++)
            check_device(facts, devices->pdata[i]);
    }
    return 0;
}
