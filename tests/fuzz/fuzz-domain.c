/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-domain.c: any text as a domain's XML, live and persistent: its claim, what gpuvm remembers of it, the definition that
 * says most of it, and whether others changed it
 */
#include <config.h>

#include <string.h>

#include "core/drift.h"
#include "core/record.h"
#include "core/sketch.h"
#include "doc/emit.h"
#include "fuzz.h"
#include "host/claims.h"
#include "model/vm.h"

static void
check_record(const char *xml)
{
    GError *error = NULL;
    g_autoptr(gpuvm_record) record = gpuvm_record_parse(xml, &error);

    if (record)
        FUZZ_REQUIRE(record->digest && gpuvm_functions_names[record->functions] &&
                     gpuvm_group_mode_names[record->iommu_group]);
    fuzz_check_error(record, error);
}

/** A definition can be written of any domain, which reads back as YAML. */
static void
check_sketch(const char *xml)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free), docs = NULL;
    g_autoptr(gpuvm_doc) sketch = gpuvm_sketch_make(xmlDocGetRootElement(doc), unsaid);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source = NULL;
    char *yaml;

    gpuvm_schema_arrange(&gpuvm_vm_table, sketch->root);
    yaml = gpuvm_emit_yaml(sketch->root);
    source = gpuvm_source_new("sketch", yaml, strlen(yaml));
    docs = gpuvm_doc_parse(source, diags);
    fuzz_check_diags(diags);
    FUZZ_REQUIRE(docs->len == 1 || diags->errors > 0);
}

/** What was noted is what is seen: nobody changed it since. */
static void
check_drift(const char *xml)
{
    g_autofree char *note = gpuvm_drift_note(xml, 9000000);
    g_autoptr(gpuvm_record) record = note ? gpuvm_record_parse(note, NULL) : NULL;

    FUZZ_REQUIRE(gpuvm_drift_equal(xml, xml));
    if (record)
        FUZZ_REQUIRE(gpuvm_drift_look(record, xml, 9000000) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    GError *error = NULL;
    gpuvm_claim *claim = gpuvm_claim_parse(text, &error);

    check_record(text);
    fuzz_check_error(claim, error);
    if (!claim)
        return 0;
    if (claim->metadata)
        check_record(claim->metadata);
    check_sketch(text);
    check_drift(text);

    /* started as it is defined, it has what it names */
    bool runs = gpuvm_claim_run(claim, text, NULL);
    guint n = claim->now->len + claim->next->len;
    FUZZ_REQUIRE(runs && n == 2 * claim->next->len);
    bool kept = !claim->left && (n > 0 || claim->pins_now->len + claim->pins->len > 0 ||
                                 claim->memory_now_kib + claim->cpus_now > 0);
    gpuvm_facts_add_claim(facts, claim);
    FUZZ_REQUIRE(facts->claims->len == kept);
    return 0;
}
