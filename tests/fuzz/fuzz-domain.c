/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-domain.c: any text as a domain's XML, live and persistent: its claim, and what gpuvm remembers of it
 */
#include <config.h>

#include <string.h>

#include "core/record.h"
#include "fuzz.h"
#include "host/claims.h"

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

    /* started as it is defined, it has what it names */
    bool runs = gpuvm_claim_run(claim, text, NULL);
    guint n = claim->now->len + claim->next->len;
    FUZZ_REQUIRE(runs && n == 2 * claim->next->len);
    gpuvm_facts_add_claim(facts, claim);
    FUZZ_REQUIRE(facts->claims->len == (n > 0));
    return 0;
}
