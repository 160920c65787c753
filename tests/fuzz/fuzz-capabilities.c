/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-capabilities.c: any text as libvirt's capabilities: taken whole, or refused and nothing changed
 */
#include <config.h>

#include "fuzz.h"
#include "host/capabilities.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    GError *error = NULL;
    bool right = gpuvm_capabilities_parse(text, GPUVM_CAPABILITIES_ALL, facts, &error);

    fuzz_check_error(right ? facts : NULL, error);
    if (!right)
        FUZZ_REQUIRE(facts->cells->len == 0 && facts->cpus == 0 && facts->memory_kib == 0 && !facts->arch);
    for (guint i = 1; i < facts->cells->len; i++) {
        const gpuvm_cell *before = facts->cells->pdata[i - 1], *cell = facts->cells->pdata[i];

        FUZZ_REQUIRE(before->id < cell->id);
        FUZZ_REQUIRE(gpuvm_facts_cell(facts, cell->id) == cell);
    }
    return 0;
}
