/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "host/capabilities.h"

#define GUEST(os, arch, rest)                                                                                \
    "<guest><os_type>" os "</os_type><arch name='" arch "'><emulator>/usr/bin/" os "-" arch                  \
    "</emulator>" rest "</arch></guest>"
#define CAPABILITIES(arch, guests)                                                                           \
    "<capabilities><host><cpu><arch>" arch "</arch></cpu></host>" guests "</capabilities>"

/* two cells, the second first; CPU 5 is offline */
static const char two_cells[] =
    "<capabilities>\n"
    "  <host>\n"
    "    <cpu><arch>x86_64</arch><maxphysaddr mode='emulate' bits='46'/></cpu>\n"
    "    <iommu support='yes'/>\n"
    "    <cache><bank id='0' level='3' cpus='3,5-7'/><bank id='1' level='2' cpus='1'/></cache>\n"
    "    <topology><cells num='2'>\n"
    "      <cell id='1'>\n"
    "        <memory unit='KiB'>67108864</memory>\n"
    "        <pages unit='KiB' size='4'>16777216</pages>\n"
    "        <pages unit='KiB' size='2048'>0</pages>\n"
    "        <pages unit='KiB' size='1048576'>16</pages>\n"
    "        <distances><sibling id='0' value='21'/><sibling id='1' value='10'/></distances>\n"
    "        <cpus num='4'>\n"
    "          <cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "          <cpu id='3' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "          <cpu id='1' socket_id='1' die_id='0' core_id='0' siblings='1'/>\n"
    "          <cpu id='5'/>\n"
    "        </cpus>\n"
    "      </cell>\n"
    "      <cell id='0'>\n"
    "        <memory unit='KiB'>33554432</memory>\n"
    "        <cpus num='2'><cpu id='0'/><cpu id='2'/></cpus>\n"
    "      </cell>\n"
    "    </cells></topology>\n"
    "  </host>\n"
    "</capabilities>\n";

static void
test_host(void **state)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    static const gpuvm_cpu cpus[] = {{1, 1, GPUVM_UNKNOWN}, {3, 3, 3}, {7, 3, 3}};
    const gpuvm_cell *cell;
    const gpuvm_pages *pages;

    (void)state;
    assert_true(gpuvm_capabilities_parse(two_cells, GPUVM_CAPABILITIES_ALL, facts, NULL));
    /* again: nothing twice */
    assert_true(gpuvm_capabilities_parse(two_cells, GPUVM_CAPABILITIES_ALL, facts, NULL));
    assert_int_equal(facts->memory_kib, 67108864 + 33554432);
    assert_int_equal(facts->cpus, 5);
    assert_int_equal(facts->address_bits, 46);
    assert_true(facts->iommu);
    assert_int_equal(facts->cells->len, 2);
    assert_int_equal(((gpuvm_cell *)facts->cells->pdata[0])->id, 0);

    cell = gpuvm_facts_cell(facts, 1);
    assert_non_null(cell);
    assert_int_equal(cell->memory_kib, 67108864);
    assert_int_equal(cell->cpus->len, 3);
    for (size_t i = 0; i < G_N_ELEMENTS(cpus); i++)
        assert_memory_equal(&g_array_index(cell->cpus, gpuvm_cpu, i), &cpus[i], sizeof cpus[i]);
    assert_int_equal(cell->distances->len, 2);
    assert_int_equal(g_array_index(cell->distances, gpuvm_distance, 0).id, 0);
    assert_int_equal(g_array_index(cell->distances, gpuvm_distance, 0).value, 21);
    assert_int_equal(cell->pages->len, 3);
    pages = &g_array_index(cell->pages, gpuvm_pages, 2);
    assert_int_equal(pages->size_kib, 1048576);
    assert_int_equal(pages->total, 16);
    assert_int_equal(gpuvm_facts_cell(facts, 0)->cpus->len, 2);
}

static void
test_guest(void **state)
{
    static const struct {
        const char *xml, *arch, *type, *emulator;
    } cases[] = {
        /* kvm before qemu, the host's own architecture before the others, hvm before the rest */
        {CAPABILITIES("x86_64", GUEST("hvm", "i686", "<domain type='kvm'/>")
                                    GUEST("xen", "x86_64", "<domain type='xen'/>")
                                        GUEST("hvm", "x86_64", "<domain type='qemu'/><domain type='kvm'/>")),
         "x86_64", "kvm", "/usr/bin/hvm-x86_64"},
        {CAPABILITIES(
             "x86_64",
             GUEST("hvm", "x86_64",
                   "<domain type='qemu'/><domain type='kvm'><emulator>/usr/bin/kvm</emulator></domain>")),
         "x86_64", "kvm", "/usr/bin/kvm"},
        {CAPABILITIES("aarch64", GUEST("hvm", "x86_64", "<domain type='qemu'/>")
                                     GUEST("hvm", "aarch64", "<domain type='kvm'/>")),
         "aarch64", "kvm", "/usr/bin/hvm-aarch64"},
        {CAPABILITIES("riscv64", GUEST("hvm", "arm", "<domain type='qemu'/>")
                                     GUEST("hvm", "x86_64", "<domain type='qemu'/>")),
         "x86_64", "qemu", "/usr/bin/hvm-x86_64"},
        /* the test driver */
        {CAPABILITIES("i686", GUEST("hvm", "i686", "<domain type='test'/>")
                                  GUEST("xen", "i686", "<domain type='test'/>")),
         "i686", "test", "/usr/bin/hvm-i686"},
        {CAPABILITIES("s390x", GUEST("exe", "s390x", "<domain type='lxc'/>")), "s390x", "lxc",
         "/usr/bin/exe-s390x"},
        {CAPABILITIES("x86_64", ""), "x86_64", NULL, NULL},
        {"<capabilities/>", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

        facts->arch = g_strdup("old");
        facts->memory_kib = 7;
        assert_true(gpuvm_capabilities_parse(cases[i].xml, GPUVM_CAPABILITIES_GUEST, facts, NULL));
        if (g_strcmp0(facts->arch, cases[i].arch) || g_strcmp0(facts->domain_type, cases[i].type) ||
            g_strcmp0(facts->emulator, cases[i].emulator))
            fail_msg("case %zu: %s, %s, %s", i, facts->arch, facts->domain_type, facts->emulator);
        assert_int_equal(facts->memory_kib, 7);
    }
}

static void
test_malformed(void **state)
{
    static const char cell[] =
        "<capabilities><host><topology><cells>%s</cells></topology></host></capabilities>";
    static const struct {
        const char *cell, *message;
    } cases[] = {
        {"<cell/>", "<cell> without an id"},
        {"<cell id='-1'/>", "attribute id of <cell>"},
        {"<cell id='1'/><cell id='0'/><cell id='1'/>", "two <cell>s with the id 1"},
        {"<cell id='0'><memory unit='GiB'>1</memory></cell>", "<memory> is not in KiB"},
        {"<cell id='0'><memory>much</memory></cell>", "'much'"},
        {"<cell id='0'><memory>18014398509481984</memory></cell>", "'18014398509481984'"},
        {"<cell id='0'><cpus><cpu/></cpus></cell>", "<cpu> without an id"},
        {"<cell id='0'><pages unit='KiB' size='4k'>1</pages></cell>", "'4k'"},
    };
    g_autoptr(GError) other = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        g_autofree char *xml = g_strdup_printf(cell, cases[i].cell);
        g_autoptr(GError) error = NULL;

        facts->cpus = 3;
        assert_false(gpuvm_capabilities_parse(xml, GPUVM_CAPABILITIES_ALL, facts, &error));
        if (!strstr(error->message, cases[i].message))
            fail_msg("%s: %s", cases[i].cell, error->message);
        assert_int_equal(facts->cpus, 3);
        assert_int_equal(facts->cells->len, 0);
    }
    assert_false(gpuvm_capabilities_parse("<domain/>", GPUVM_CAPABILITIES_ALL, NULL, &other));
    assert_string_equal(other->message, "capabilities:1: <domain> where <capabilities> was expected");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_guest),
        cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
