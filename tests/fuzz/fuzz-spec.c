/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-spec.c: any bytes as a definition file, of any kind and of each: decoded or refused
 */
#include <config.h>

#include "fuzz.h"
#include "model/spec.h"

static void
parse(gpuvm_source *source, const char *kind)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, kind, diags);

    FUZZ_REQUIRE(specs->len > 0 || diags->errors > 0);
    for (guint i = 0; i < specs->len; i++) {
        const gpuvm_spec *spec = specs->pdata[i];

        FUZZ_REQUIRE(gpuvm_spec_name(spec));
        FUZZ_REQUIRE(!kind || g_str_equal(gpuvm_kind_names[spec->kind], kind));
        gpuvm_schema_later(gpuvm_kind_table(spec->kind), spec->object, diags);
    }
    gpuvm_diags_sort(diags);
    fuzz_check_diags(diags);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(gpuvm_source) source = fuzz_source(data, size);

    parse(source, NULL);
    for (int i = 0; i < GPUVM_KINDS; i++)
        parse(source, gpuvm_kind_names[i]);
    return 0;
}
