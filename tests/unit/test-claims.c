/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "host/claims.h"

#define ADDRESS(slot) "<source><address domain='0x0000' bus='0x01' slot='" slot "' function='0x0'/></source>"
#define HOSTDEV(slot) "<hostdev mode='subsystem' type='pci' managed='yes'>" ADDRESS(slot) "</hostdev>"
#define DOMAIN(rest, devices)                                                                                \
    "<domain type='kvm'><name>a</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>" rest                \
    "<devices>" devices "</devices></domain>"

static gpuvm_claim *
parse(const char *xml, bool active)
{
    g_autoptr(GError) error = NULL;
    gpuvm_claim *claim = gpuvm_claim_parse(xml, active, &error);

    assert_null(error);
    assert_non_null(claim);
    return claim;
}

static void
assert_devices(const gpuvm_claim *claim, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < claim->devices->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               GPUVM_PCI(&g_array_index(claim->devices, gpuvm_pci_addr, i)));
    assert_string_equal(text->str, expected);
}

static void
test_devices(void **state)
{
    static const struct {
        const char *xml, *devices;
    } cases[] = {
        {DOMAIN("", ""), ""},
        {DOMAIN("", HOSTDEV("0x02") HOSTDEV("0x01") HOSTDEV("0x02")), "0000:01:01.0 0000:01:02.0"},
        /* where it sits in the guest is not which one it is */
        {DOMAIN("", "<hostdev type='pci'>" ADDRESS("0x03") "<address type='pci' bus='0x09'/></hostdev>"),
         "0000:01:03.0"},
        {DOMAIN("", "<interface type='hostdev'>" ADDRESS("0x04") "</interface>"), "0000:01:04.0"},
        {DOMAIN("", "<disk type='nvme'>" ADDRESS("0x05") "</disk>"), "0000:01:05.0"},
        {DOMAIN("",
                "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='x'/></source>"
                "</hostdev><hostdev type='usb'><source><address bus='1' device='2'/></source></hostdev>"
                "<interface type='network'><source network='default'/></interface>"),
         ""},
        /* an address without its zeroes */
        {DOMAIN("", "<hostdev type='pci'><source><address bus='6'/></source></hostdev>"), "0000:06:00.0"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_claim *claim = parse(cases[i].xml, true);

        assert_string_equal(claim->domain, "a");
        assert_string_equal(claim->uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
        assert_true(claim->active);
        assert_devices(claim, cases[i].devices);
        gpuvm_claim_free(claim);
    }
}

static void
test_managed(void **state)
{
    static const struct {
        const char *xml;
        bool managed;
    } cases[] = {
        {DOMAIN("", ""), false},
        {DOMAIN("<metadata><v xmlns='urn:gpuvm:domain:1'/></metadata>", ""), true},
        {DOMAIN("<metadata>\n<o:os xmlns:o='urn:other'/><g:vm xmlns:g='urn:gpuvm:domain:1'/></metadata>", ""),
         true},
        {DOMAIN("<metadata><o:os xmlns:o='urn:other'/><vm/></metadata>", ""), false},
        {DOMAIN("<g:vm xmlns:g='urn:gpuvm:domain:1'/>", ""), false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_claim *claim = parse(cases[i].xml, false);

        if ((claim->metadata != NULL) != cases[i].managed)
            fail_msg("%s: metadata is %s", cases[i].xml, claim->metadata);
        gpuvm_claim_free(claim);
    }
}

static void
test_add(void **state)
{
    gpuvm_claim *claim = parse(DOMAIN("", HOSTDEV("0x02")), true);

    (void)state;
    assert_true(gpuvm_claim_add(claim, DOMAIN("", HOSTDEV("0x01") HOSTDEV("0x02")), NULL));
    assert_devices(claim, "0000:01:01.0 0000:01:02.0");
    gpuvm_claim_free(claim);
}

static void
add(gpuvm_facts *facts, const char *name, const char *devices)
{
    g_autofree char *xml =
        g_strdup_printf("<domain><name>%s</name><devices>%s</devices></domain>", name, devices);

    gpuvm_claims_add(facts, parse(xml, false));
}

static void
assert_names(const gpuvm_facts *facts, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < facts->claims->len; i++)
        g_string_append(text, ((const gpuvm_claim *)facts->claims->pdata[i])->domain);
    assert_string_equal(text->str, expected);
}

static void
test_order(void **state)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

    (void)state;
    add(facts, "c", HOSTDEV("0x01"));
    add(facts, "a", HOSTDEV("0x01"));
    add(facts, "b", "");
    add(facts, "d", HOSTDEV("0x01"));
    assert_names(facts, "acd");
    add(facts, "c", HOSTDEV("0x07"));
    add(facts, "d", "");
    assert_names(facts, "ac");
    assert_devices(facts->claims->pdata[1], "0000:01:07.0");
}

static void
test_malformed(void **state)
{
    static const struct {
        const char *xml, *message;
    } cases[] = {
        {"<domain/>", "domain:1: a domain without a name"},
        {DOMAIN("", "<hostdev type='pci'><source><address slot='0x20'/></source></hostdev>"),
         "attribute slot"},
        {"<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>", "document type declaration"},
        {"<domain><name>&a;</name></domain>", "domain:1: "},
        {"no XML", "domain:1: "},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_claim_parse(cases[i].xml, false, &error));
        if (!strstr(error->message, cases[i].message))
            fail_msg("%s: %s", cases[i].xml, error->message);
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices), cmocka_unit_test(test_managed),   cmocka_unit_test(test_add),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
