/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-inside.c: any bytes as what a guest shows of its hardware
 */
#include <config.h>

#include "core/reporter.h"
#include "core/verify.h"
#include "fuzz.h"

static const char xml[] =
    "<domain><memory unit='KiB'>1024</memory><vcpu>2</vcpu><devices><controller type='pci' index='1' model='pcie-root-port'>"
    "<address type='pci' bus='0x00' slot='0x01' function='0x0'/></controller><hostdev type='pci'><source>"
    "<address domain='0x0000' bus='0x17' slot='0x00' function='0x0'/></source>"
    "<address type='pci' bus='0x01' slot='0x00' function='0x0'/></hostdev></devices></domain>";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autofree char *report = gpuvm_reporter_find((const char *)data, size);
    g_autoptr(gpuvm_inside) inside = gpuvm_inside_parse(report ? report : text);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, sizeof xml - 1, "domain", NULL);
    g_autoptr(GPtrArray) promises = NULL;

    if (!inside)
        return 0;
    promises = gpuvm_verify_compare(xmlDocGetRootElement(doc), facts, inside, NULL);
    FUZZ_REQUIRE(promises && promises->len >= 3);
    return 0;
}
