/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-spec.c: any bytes as a definition file, of any kind and of each: decoded or refused; and what is a VM laid over
 * what is a plugin, or a host's defaults; and one with absolute paths is as right as it was
 */
#include <config.h>

#include "core/merge.h"
#include "fuzz.h"
#include "model/paths.h"

static void
merge(const GPtrArray *specs, gpuvm_diags *diags)
{
    for (guint i = 1; i < specs->len; i++) {
        gpuvm_spec *below = specs->pdata[i - 1];
        bool plugin = below->kind == GPUVM_KIND_PLUGIN, defaults = below->kind == GPUVM_KIND_DEFAULTS;
        const gpuvm_spec *vm = specs->pdata[i];
        unsigned errors = diags->errors;

        if (!(plugin || defaults) || vm->kind != GPUVM_KIND_VM)
            continue;
        g_autoptr(gpuvm_spec) merged = gpuvm_merge(vm, plugin ? below : NULL, defaults ? below : NULL, diags);
        FUZZ_REQUIRE(merged || diags->errors > errors);
        if (merged)
            g_ptr_array_unref(gpuvm_merge_origins(merged));
    }
}

static void
resolve_paths(gpuvm_spec *spec)
{
    const gpuvm_table *table = gpuvm_kind_table(spec->kind);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    void *object;

    gpuvm_paths_resolve(spec, "/srv");
    gpuvm_paths_check_foreign(spec, true, diags); /* no path is relative any more */
    object = gpuvm_schema_decode(table, spec->doc->root, diags);
    FUZZ_REQUIRE(object && diags->errors == 0);
    gpuvm_schema_free(table, object);
}

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
    merge(specs, diags);
    for (guint i = 0; i < specs->len; i++)
        resolve_paths(specs->pdata[i]);
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
