/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "host/claims.h"
#include "model/cpuset.h"

#define ADDRESS(slot) "<source><address domain='0x0000' bus='0x01' slot='" slot "' function='0x0'/></source>"
#define HOSTDEV(slot) "<hostdev mode='subsystem' type='pci' managed='yes'>" ADDRESS(slot) "</hostdev>"
#define DOMAIN(rest, devices)                                                                                \
    "<domain type='kvm'><name>a</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>" rest                \
    "<devices>" devices "</devices></domain>"

static gpuvm_claim *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    gpuvm_claim *claim = gpuvm_claim_parse(xml, &error);

    assert_null(error);
    assert_non_null(claim);
    return claim;
}

static void
assert_devices(const GArray *addrs, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < addrs->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               GPUVM_PCI(&g_array_index(addrs, gpuvm_pci_addr, i)));
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
        /* what libvirt keeps for itself of a network that gives out functions */
        {DOMAIN(
             "",
             "<interface type='network'><source network='vfs'/><actual type='hostdev' managed='yes'>" ADDRESS(
                 "0x06") "</actual></interface>"),
         "0000:01:06.0"},
        {DOMAIN("", "<interface type='network'><source network='lan'/><actual type='bridge'><source "
                    "bridge='br0'/></actual></interface>"),
         ""},
        /* an address without its zeroes */
        {DOMAIN("", "<hostdev type='pci'><source><address bus='6'/></source></hostdev>"), "0000:06:00.0"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_claim *claim = parse(cases[i].xml);

        assert_string_equal(claim->domain, "a");
        assert_string_equal(claim->uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
        assert_false(claim->active);
        assert_devices(claim->next, cases[i].devices);
        assert_devices(claim->now, "");
        assert_true(gpuvm_claim_run(claim, cases[i].xml, NULL));
        assert_true(claim->active);
        assert_devices(claim->now, cases[i].devices);
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
        gpuvm_claim *claim = parse(cases[i].xml);

        if ((claim->metadata != NULL) != cases[i].managed)
            fail_msg("%s: metadata is %s", cases[i].xml, claim->metadata);
        gpuvm_claim_free(claim);
    }
}

static void
test_now_and_next(void **state)
{
#define NEXT(addresses) "<metadata><h:next xmlns:h='urn:gpuvm:host:1'>" addresses "</h:next></metadata>"
    static const struct {
        const char *definition, *live, *next, *now;
    } cases[] = {
        {DOMAIN("", HOSTDEV("0x02")), DOMAIN("", HOSTDEV("0x01") HOSTDEV("0x02")), "0000:01:02.0",
         "0000:01:01.0 0000:01:02.0"},
        {DOMAIN("", HOSTDEV("0x02")), DOMAIN("", ""), "0000:01:02.0", ""},
        {DOMAIN("", ""), DOMAIN("", HOSTDEV("0x02")), "", "0000:01:02.0"},
        /* whatever else its metadata says */
        {DOMAIN(NEXT("<address bus='0x01' slot='0x04'/>"), HOSTDEV("0x02")),
         DOMAIN(NEXT("<address bus='0x01' slot='0x04'/>"), HOSTDEV("0x02")), "0000:01:02.0", "0000:01:02.0"},
        {DOMAIN(NEXT(""), HOSTDEV("0x02")), DOMAIN(NEXT(""), HOSTDEV("0x02")), "0000:01:02.0",
         "0000:01:02.0"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_claim *claim = parse(cases[i].definition);

        assert_true(gpuvm_claim_run(claim, cases[i].live, NULL));
        assert_devices(claim->next, cases[i].next);
        assert_devices(claim->now, cases[i].now);
        gpuvm_claim_free(claim);
    }
}

static void
test_memory(void **state)
{
    static const struct {
        const char *definition, *live;
        uint64_t next_kib, now_kib;
        bool hugepages;
    } cases[] = {
        {"<memory unit='KiB'>2048</memory>", "<memory unit='KiB'>1024</memory>", 2048, 1024, false},
        {"<memory unit='MiB'>2</memory>", "<memory>1024</memory>", 2048, 1024, false},
        {"<memory unit='KiB'>2048</memory>",
         "<memory unit='KiB'>1024</memory><memoryBacking><hugepages/></memoryBacking>", 2048, 0, false},
        {"<memory unit='KiB'>2048</memory><memoryBacking><hugepages/></memoryBacking>",
         "<memory unit='KiB'>1024</memory>", 2048, 1024, true},
        {"", "", 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *definition = g_strdup_printf(DOMAIN("%s", ""), cases[i].definition);
        g_autofree char *live = g_strdup_printf(DOMAIN("%s", ""), cases[i].live);
        g_autoptr(gpuvm_claim) claim = parse(definition);

        assert_true(gpuvm_claim_run(claim, live, NULL));
        assert_int_equal(claim->memory_kib, cases[i].next_kib);
        assert_int_equal(claim->memory_now_kib, cases[i].now_kib);
        assert_int_equal(claim->hugepages, cases[i].hugepages);
    }
}

/* The CPUs that one of its own has for itself: others may run on those of a pin to several. */
static void
test_pins(void **state)
{
#define PINS(pins) DOMAIN("<vcpu>4</vcpu><cputune>" pins "<emulatorpin cpuset='7'/></cputune>", "")
#define PIN(cpuset) "<vcpupin vcpu='0' cpuset='" cpuset "'/>"
    static const struct {
        const char *definition, *live, *next, *now;
    } cases[] = {
        {DOMAIN("", ""), DOMAIN("", ""), "", ""},
        {PINS(PIN("5") PIN("4") PIN("5")), PINS(PIN("8-9,^8")), "4-5", "9"},
        {PINS(PIN("0-3") PIN("") PIN("x") PIN("99999")), PINS(PIN("0,1")), "", ""},
    };
    g_autoptr(gpuvm_claim) nowhere = parse(DOMAIN("<numatune><memory mode='strict'/></numatune>", ""));
    g_autoptr(gpuvm_claim) both = parse(DOMAIN("<numatune><memory nodeset='0-1'/></numatune>", ""));

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_claim) claim = parse(cases[i].definition);
        g_autofree char *next = gpuvm_cpuset_format(claim->pins), *now = NULL;

        assert_int_equal(claim->pins_now->len, 0);
        assert_true(gpuvm_claim_run(claim, cases[i].live, NULL));
        now = gpuvm_cpuset_format(claim->pins_now);
        assert_string_equal(next, cases[i].next);
        assert_string_equal(now, cases[i].now);
    }
    assert_int_equal(nowhere->nodes->len, 0);
    assert_int_equal(both->nodes->len, 2);
}

/* The disks that it runs with: those that it alone writes to, and the others. */
static void
test_disks(void **state)
{
#define DISK(path, more) "<disk type='file'><source file='" path "'/><target dev='vda'/>" more "</disk>"
    g_autoptr(gpuvm_claim) claim = parse(DOMAIN("", DISK("/next", "")));

    (void)state;
    assert_int_equal(claim->writes->len + claim->shares->len, 0);
    assert_true(gpuvm_claim_run(
        claim, DOMAIN("", DISK("/a", "") DISK("/b", "<readonly/>") DISK("/c", "<shareable/>")), NULL));
    assert_int_equal(claim->writes->len, 1);
    assert_string_equal(claim->writes->pdata[0], "/a");
    assert_int_equal(claim->shares->len, 2);
    assert_string_equal(claim->shares->pdata[0], "/b");
    assert_string_equal(claim->shares->pdata[1], "/c");
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

        assert_null(gpuvm_claim_parse(cases[i].xml, &error));
        if (!strstr(error->message, cases[i].message))
            fail_msg("%s: %s", cases[i].xml, error->message);
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_INVALID);
    }
}

static void
test_left(void **state)
{
    static const char off[] =
        DOMAIN("<metadata><gpuvm:vm xmlns:gpuvm='urn:gpuvm:domain:1' transient='yes'/></metadata>"
               "<memory>1024</memory><vcpu current='3'>4</vcpu>",
               HOSTDEV("0x01"));
    g_autoptr(gpuvm_claim) claim = parse(off);
    g_autoptr(gpuvm_claim) other = parse(DOMAIN("", HOSTDEV("0x01")));
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

    (void)state;
    assert_true(claim->left);
    assert_false(other->left);
    assert_int_equal(claim->cpus_now, 0);
    assert_devices(claim->next, "0000:01:01.0"); /* a start of it is judged by them */
    gpuvm_facts_add_claim(facts, parse(off));
    assert_null(gpuvm_facts_claim(facts, "a"));

    assert_true(gpuvm_claim_run(claim, off, NULL));
    assert_false(claim->left);
    assert_int_equal(claim->cpus_now, 3);
    assert_int_equal(claim->memory_live_kib, 1024);
    gpuvm_facts_add_claim(facts, g_steal_pointer(&claim));
    assert_non_null(gpuvm_facts_claim(facts, "a"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),   cmocka_unit_test(test_managed), cmocka_unit_test(test_now_and_next),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_pins),    cmocka_unit_test(test_disks),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
