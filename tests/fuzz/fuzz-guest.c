/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-guest.c: any text as the XML of a domain that is about to start: what it names is read, and what reaches past the
 * policy is refused
 */
#include <config.h>

#include "core/bounds.h"
#include "core/guestcheck.h"
#include "core/judge.h"
#include "core/record.h"
#include "fuzz.h"
#include "host/claims.h"
#include "model/plan.h"

/* Elements that give a guest something of the host, whatever is in them and wherever below <devices> they are. */
static bool
is_forbidden(const xmlNode *device)
{
    static const char *const always[] = {"filesystem", "shmem", "pstore"};

    for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
        if (xmlStrEqual(device->name, BAD_CAST always[i]))
            return true;
    }
    return xmlStrEqual(device->name, BAD_CAST "hostdev") && xmlHasProp(device, BAD_CAST "type") &&
           !gpuvm_xml_attr_is(device, "type", "pci");
}

static bool
has_forbidden(const xmlNode *domain)
{
    for (const xmlNode *child = domain->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (xmlStrEqual(child->name, BAD_CAST "commandline"))
            return true;
        for (const xmlNode *device = child->children; device; device = device->next) {
            if (xmlStrEqual(child->name, BAD_CAST "devices") && device->type == XML_ELEMENT_NODE &&
                is_forbidden(device))
                return true;
        }
    }
    return false;
}

/* What is known of what the guest names: @known for all of it. */
static void
know(gpuvm_guest *guest, int known)
{
    for (guint i = 0; i < guest->assets->len; i++) {
        gpuvm_asset *asset = guest->assets->pdata[i];

        FUZZ_REQUIRE(asset->what && *asset->what && asset->name);
        asset->exists = asset->active = asset->passes_devices = known;
    }
}

static void
check(gpuvm_guest *guest, gpuvm_occasion occasion, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();

    for (int known = GPUVM_UNKNOWN; known <= 1; known++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        know(guest, known);
        gpuvm_guest_check(&(gpuvm_guest_question){.occasion = occasion,
                                                  .guest = guest,
                                                  .domain = "vm",
                                                  .functions = functions,
                                                  .facts = facts,
                                                  .diags = diags});
        fuzz_check_diags(diags);
        FUZZ_REQUIRE(occasion == GPUVM_START || diags->errors == 0);
    }
}

/* As the hook does it, of a host of which nothing is known: what has a device may not start. */
static void
judge(const gpuvm_guest *guest, const char *text)
{
    g_autoptr(gpuvm_claim) claim = gpuvm_claim_parse(text, NULL);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    const gpuvm_policies none = {0};

    if (!claim)
        return;
    if (claim->metadata)
        record = gpuvm_record_parse(claim->metadata, NULL);
    gpuvm_judge_start(
        &(gpuvm_start_question){
            .claim = claim, .record = record, .guest = guest, .facts = facts, .policies = &none},
        diags);
    fuzz_check_diags(diags);
    FUZZ_REQUIRE(claim->next->len == 0 || diags->errors > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    GError *error = NULL;
    g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(text, &error);
    gpuvm_claim *claim = gpuvm_claim_parse(text, NULL);

    if (claim) {
        claim->active = true;
        gpuvm_facts_add_claim(facts, claim); /* another domain, which has just this */
    }
    fuzz_check_error(guest, error);
    if (!guest)
        return 0;
    gpuvm_bounds_check(xmlDocGetRootElement(guest->doc), GPUVM_BOUNDS_DOMAIN, "vm", NULL, NULL, diags);
    fuzz_check_diags(diags);
    FUZZ_REQUIRE(diags->errors > 0 || !has_forbidden(xmlDocGetRootElement(guest->doc)));
    check(guest, GPUVM_PLAN, facts);
    check(guest, GPUVM_START, facts);
    judge(guest, text);
    return 0;
}
