/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-scalar.c: any text as each type of scalar; what is an address or a pattern is written and read back
 */
#include <config.h>

#include "fuzz.h"
#include "model/pci.h"
#include "model/scalars.h"

static const gpuvm_scalar *const scalars[] = {
    &gpuvm_scalar_string,      &gpuvm_scalar_text,      &gpuvm_scalar_bool,
    &gpuvm_scalar_integer,     &gpuvm_scalar_name,      &gpuvm_scalar_path,
    &gpuvm_scalar_url,         &gpuvm_scalar_mac,       &gpuvm_scalar_checksum,
    &gpuvm_scalar_bridge,      &gpuvm_scalar_subnet,    &gpuvm_scalar_ip,
    &gpuvm_scalar_target,      &gpuvm_scalar_pci_ref,   &gpuvm_scalar_pci_ref_optional,
    &gpuvm_scalar_pci_pattern, &gpuvm_scalar_pci_class, &gpuvm_scalar_numa_node,
    &gpuvm_scalar_cpuset,
};

static void
check_scalar(const gpuvm_scalar *scalar, const char *text)
{
    union {
        char bytes[64];
        max_align_t aligned;
    } value = {0};
    g_autofree char *why = NULL;
    g_autofree char *hint = NULL;
    bool right;

    FUZZ_REQUIRE(scalar->size <= sizeof value);
    right = scalar->parse(text, &value, &why, &hint);
    FUZZ_REQUIRE(right || (why && *why));
    FUZZ_REQUIRE(!right || !why);
    if (scalar->clear)
        scalar->clear(&value);
}

static void
check_address(const char *text)
{
    gpuvm_pci_ref ref, again;
    gpuvm_pci_addr addr;

    if (!gpuvm_pci_ref_parse(text, &ref, NULL, NULL)) {
        FUZZ_REQUIRE(!gpuvm_pci_addr_parse(text, &addr, NULL, NULL));
        return;
    }
    g_autofree char *canonical = gpuvm_pci_ref_format(&ref);
    g_autofree char *nodedev = gpuvm_pci_addr_nodedev(&ref.addr);

    FUZZ_REQUIRE(gpuvm_pci_ref_parse(canonical, &again, NULL, NULL));
    FUZZ_REQUIRE(gpuvm_pci_addr_equal(&ref.addr, &again.addr) && ref.whole_card == again.whole_card);
    FUZZ_REQUIRE(ref.addr.slot <= GPUVM_PCI_SLOT_MAX && ref.addr.function <= GPUVM_PCI_FUNCTION_MAX);
    FUZZ_REQUIRE(gpuvm_pci_addr_parse(text, &addr, NULL, NULL) == !ref.whole_card);
    FUZZ_REQUIRE(gpuvm_pci_addr_parse(nodedev, &addr, NULL, NULL));
    FUZZ_REQUIRE(gpuvm_pci_addr_compare(&addr, &ref.addr) == 0);
}

static void
check_pattern(const char *text)
{
    gpuvm_pci_pattern pattern, again;

    if (!gpuvm_pci_pattern_parse(text, &pattern, NULL, NULL))
        return;
    g_autofree char *canonical = gpuvm_pci_pattern_format(&pattern);

    FUZZ_REQUIRE(gpuvm_pci_pattern_parse(canonical, &again, NULL, NULL));
    FUZZ_REQUIRE(pattern.vendor == again.vendor && pattern.device == again.device);
    FUZZ_REQUIRE(gpuvm_pci_pattern_match(&pattern, pattern.vendor < 0 ? 0x10de : (uint16_t)pattern.vendor,
                                         pattern.device < 0 ? 0x2204 : (uint16_t)pattern.device));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);

    if (!g_utf8_validate(text, -1, NULL))
        return 0; /* a node's text is valid (doc/node.h) */
    for (size_t i = 0; i < G_N_ELEMENTS(scalars); i++)
        check_scalar(scalars[i], text);
    check_address(text);
    check_pattern(text);
    return 0;
}
