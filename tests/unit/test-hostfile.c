/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "host/hostfile.h"

#define DEVICE(bus, rest)                                                                                    \
    "<device><capability type='pci'><domain>0</domain><bus>" bus "</bus><slot>0</slot>"                      \
    "<function>0</function></capability>" rest "</device>\n"
#define NODE(rest) "<node>\n" DEVICE("1", "") rest "</node>"
#define ADDITIONS(rest) NODE("<gpuvm:host xmlns:gpuvm='urn:gpuvm:host:1'>\n" rest "</gpuvm:host>")
#define DOMAIN(name, rest)                                                                                      \
    "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>" name "</name>" rest    \
    "<devices><hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/>" \
    "</source></hostdev></devices></domain>\n"

static const char machine[] =
    "<node>\n"
    "  <cpu><mhz>2400</mhz><model>x86_64</model><active>16</active></cpu>\n"
    "  <memory>67108864</memory>\n"
    "  <device><name>computer</name><capability type='system'/></device>\n" DEVICE(
        "1", "<driver><name>nvidia</name></driver>") DEVICE("2", "<driver><name>amdgpu</name></driver>")
        DEVICE("3", "<driver><name>xe</name></driver>") DOMAIN("running", "")
            DOMAIN("off", "<test:runstate>5</test:runstate>") DOMAIN(
                "paused",
                "<test:runstate>3</test:runstate>") "  <domain type='test'><name>idle</name></domain>\n"
                                                    "  <gpuvm:host xmlns:gpuvm='urn:gpuvm:host:1'>\n"
                                                    "    <!-- as captured -->\n"
                                                    "    <capabilities>\n"
                                                    "      <host><cpu><arch>x86_64</arch></cpu><iommu support='yes'/><topology><cells num='1'><cell id='0'>\n"
                                                    "        <memory unit='KiB'>1048576</memory><cpus num='1'><cpu id='0'/></cpus></cell></cells></topology></host>\n"
                                                    "      <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
                                                    "        <domain type='qemu'/><domain type='kvm'/></arch></guest>\n"
                                                    "    </capabilities>\n"
                                                    "    <gpuvm:function address='0000:01:00.0' boot_vga='1' memory='25769803776' reset_method='flr bus'>\n"
                                                    "      <gpuvm:bar size='16777216'/>\n"
                                                    "      <gpuvm:bar size='268435456' wide='1' prefetchable='1' largest='34359738368'/>\n"
                                                    "    </gpuvm:function>\n"
                                                    "    <gpuvm:function address='02:00.0' driver='vfio-pci' boot_vga='0' memory='25769803776' silent='1' reserved='1'/>\n"
                                                    "    <gpuvm:function address='0000:03:00.0' driver=''/>\n"
                                                    "    <gpuvm:policy><![CDATA[\nkind: policy\nallowlist: ['10de:*']\n]]></gpuvm:policy>\n"
                                                    "    <gpuvm:defaults>kind: defaults</gpuvm:defaults>\n"
                                                    "  </gpuvm:host>\n"
                                                    "</node>\n";

static gpuvm_facts *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    gpuvm_facts *facts = gpuvm_hostfile_parse(text, strlen(text), "host.xml", &error);

    if (error)
        fail_msg("%s", error->message);
    return facts;
}

static const gpuvm_device *
device(const gpuvm_facts *facts, const char *address)
{
    const gpuvm_device *found;
    gpuvm_pci_addr addr;

    assert_true(gpuvm_pci_addr_parse(address, &addr, NULL, NULL));
    found = gpuvm_facts_device(facts, &addr);
    assert_non_null(found);
    return found;
}

static void
test_complete(void **state)
{
    static const struct {
        const char *domain;
        bool active;
    } claims[] = {{"off", false}, {"paused", true}, {"running", true}};
    g_autoptr(gpuvm_facts) facts = parse(machine);
    const gpuvm_device *card = device(facts, "01:00.0");

    (void)state;
    assert_int_equal(g_hash_table_size(facts->devices), 3);
    assert_string_equal(card->driver, "nvidia");
    assert_int_equal(card->boot_vga, 1);
    assert_int_equal(card->memory_size, UINT64_C(272) << 20);
    assert_int_equal(card->bars->len, 2);
    assert_false(g_array_index(card->bars, gpuvm_bar, 0).wide);
    assert_int_equal(g_array_index(card->bars, gpuvm_bar, 1).size, UINT64_C(256) << 20);
    assert_int_equal(g_array_index(card->bars, gpuvm_bar, 1).largest, UINT64_C(32) << 30);
    assert_true(g_array_index(card->bars, gpuvm_bar, 1).wide);
    assert_true(g_array_index(card->bars, gpuvm_bar, 1).prefetchable);
    /* as older files have it */
    assert_int_equal(device(facts, "02:00.0")->memory_size, UINT64_C(24) << 30);
    assert_int_equal(device(facts, "02:00.0")->bars->len, 0);
    assert_string_equal(card->reset_method, "flr bus");
    assert_false(card->silent);
    assert_true(device(facts, "02:00.0")->silent);
    assert_false(card->reserved);
    assert_true(device(facts, "02:00.0")->reserved);
    assert_string_equal(device(facts, "02:00.0")->driver, "vfio-pci");
    assert_int_equal(device(facts, "02:00.0")->boot_vga, 0);
    assert_null(device(facts, "03:00.0")->driver);
    assert_int_equal(device(facts, "03:00.0")->boot_vga, GPUVM_UNKNOWN);
    assert_int_equal(facts->claims->len, G_N_ELEMENTS(claims));
    for (size_t i = 0; i < G_N_ELEMENTS(claims); i++) {
        const gpuvm_claim *claim = facts->claims->pdata[i];

        assert_string_equal(claim->domain, claims[i].domain);
        assert_int_equal(claim->active, claims[i].active);
    }
    assert_int_equal(facts->memory_kib, 1048576);
    assert_int_equal(facts->cpus, 1);
    assert_string_equal(facts->domain_type, "kvm");
    assert_string_equal(facts->emulator, "/usr/bin/qemu-system-x86_64");
    assert_string_equal(facts->policy, "\nkind: policy\nallowlist: ['10de:*']\n");
    assert_string_equal(facts->defaults, "kind: defaults");
    assert_true(facts->local);
    assert_true(facts->iommu);
}

/* What is known of the host itself, and what a running domain names besides what it has. */
static void
test_host_itself(void **state)
{
    static const char *const malformed[] = {
        "<gpuvm:fact name='vfio' value='3'/>",
        "<gpuvm:fact name='vfio' value='-1'/>",
        "<gpuvm:fact name='vfio'/>",
        "<gpuvm:fact value='1'/>",
        "<gpuvm:fact name='colour' value='1'/>",
        "<gpuvm:fact name='grub' value='1'/><gpuvm:fact name='grub' value='1'/>",
        "<gpuvm:fact name='libvirt_version' value='9223372036854775807'/>",
        "<gpuvm:pages cell='0' size='2048'/>",
        "<gpuvm:pages cell='1' size='2048' free='1'/>",
        "<gpuvm:pages cell='0' size='4' free='1'/>",
        "<gpuvm:pages cell='0' size='2048' free='many'/>",
        "<gpuvm:next domain='vm'/>",
        "<gpuvm:next devices='0000:01:00.0'/>",
        "<gpuvm:next domain='vm' devices='0000:01:00.0 zz'/>",
    };
    g_autoptr(gpuvm_facts) facts = parse(ADDITIONS(
        "<gpuvm:fact name='cpu_vendor' value='Genu&#x9b;ine'/><gpuvm:fact name='vfio' value='1'/>"
        "<gpuvm:next domain='vm' devices='0000:02:00.0 0000:01:00.0'/><gpuvm:next domain='none' devices=''/>"));
    const gpuvm_claim *claim = gpuvm_facts_claim(facts, "vm");

    (void)state;
    assert_string_equal(facts->host.cpu_vendor, "Genu<U+009B>ine");
    assert_int_equal(facts->host.vfio, GPUVM_VFIO_LOADABLE);
    assert_int_equal(facts->host.memlock, GPUVM_UNKNOWN);
    assert_true(claim->active);
    assert_int_equal(claim->now->len, 0);
    assert_int_equal(claim->next->len, 2);
    assert_int_equal(g_array_index(claim->next, gpuvm_pci_addr, 0).bus, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
        g_autofree char *text = g_strdup_printf(ADDITIONS("%s"), malformed[i]);
        g_autoptr(GError) error = NULL;

        if (gpuvm_hostfile_parse(text, strlen(text), "machine.xml", &error))
            fail_msg("%s is taken", malformed[i]);
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_INVALID);
    }
}

/* a file for the test driver alone */
static void
test_plain(void **state)
{
    g_autoptr(gpuvm_facts) facts =
        parse("<node><cpu><active>16</active></cpu><memory>2048</memory>" DEVICE("1", "") "</node>");
    g_autoptr(gpuvm_facts) grouped = parse(
        "<node><device><capability type='pci'><domain>0</domain><bus>1</bus><slot>0</slot><function>0</function>"
        "<iommuGroup number='0'><address bus='1'/></iommuGroup></capability></device></node>");

    (void)state;
    assert_int_equal(facts->memory_kib, 2048);
    assert_int_equal(facts->cpus, 16);
    assert_false(facts->local);
    assert_false(facts->iommu);
    assert_null(facts->domain_type);
    assert_null(facts->policy);
    assert_null(facts->defaults);
    assert_true(grouped->iommu);
    assert_int_equal(grouped->cpus, 0);
}

static void
test_malformed(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "host.xml:1: "},
        {"name: vm\n", "host.xml:1: "},
        {"<node>", "host.xml:1: "},
        {"<node><device><capability type='pci'><domain>0</domain><bus>1</bus><slot>0</slot><function>0</function><iommuGroup number='0'/></capability></device></node>",
         "host.xml:1: device 0000:01:00.0 is not among the members of its IOMMU group 0"},
        {"<node><device><capability type='pci'><domain>0</domain><bus>1</bus><slot>0</slot><function>0</function><iommuGroup number='0'><address bus='1'/><address bus='2'/>"
         "</iommuGroup></capability></device><device><capability type='pci'><domain>0</domain><bus>2</bus><slot>0</slot><function>0</function></capability></device></node>",
         "host.xml:1: device 0000:01:00.0 says that 0000:02:00.0 is in its IOMMU group 0, which that denies"},
        {"<domain/>", "host.xml:1: not a host file: its root element is <domain>, not <node>"},
        {"<node xmlns='urn:other'/>", "not a host file"},
        {"<node/>", "host.xml:1: not a host file: there is no PCI device in it"},
        {"<!DOCTYPE node>\n<node/>", "a document type declaration is not accepted"},
        {"<!DOCTYPE node [<!ENTITY a '&b;&b;'><!ENTITY b 'c'>]>\n" NODE("&a;"), "document type declaration"},
        {"<!DOCTYPE node SYSTEM 'file:///etc/passwd'>" NODE(""), "document type declaration"},
        {NODE("<device file='other.xml'/>"), "host.xml:3: <device file=…>: a host file is one file"},
        {NODE("<domain file='other.xml'/>"), "<domain file=…>"},
        {NODE(DEVICE("1", "")), "host.xml:3: a second <device> 0000:01:00.0"},
        {NODE("<device><capability type='pci'/></device>"), "host.xml:3: a PCI device without <domain>"},
        {NODE("<domain/>"), "host.xml:3: a domain without a name"},
        {NODE("<memory>64 GiB</memory>"), "'64 GiB'"},
        {NODE("<cpu><active>all</active></cpu>"), "'all'"},
        {ADDITIONS("<gpuvm:function/>"), "host.xml:4: <function> without an address"},
        {ADDITIONS("<gpuvm:function address='gpu0'/>"), "host.xml:4: invalid PCI address: gpu0"},
        {ADDITIONS("<gpuvm:function address='09:00.0'/>"), "host.xml:4: there is no <device> 09:00.0"},
        {ADDITIONS("<gpuvm:function address='01:00.0' boot_vga='yes'/>"), "attribute boot_vga of <function>"},
        {ADDITIONS("<gpuvm:function address='01:00.0' silent='no'/>"), "attribute silent of <function>"},
        {ADDITIONS("<gpuvm:function address='01:00.0' memory='24G'/>"), "'24G'"},
        {ADDITIONS("<gpuvm:function address='01:00.0' drivre='x'/>"),
         "unknown attribute drivre of <function>"},
        {ADDITIONS("<gpuvm:function address='01:00.0'><gpuvm:bar/></gpuvm:function>"),
         "<bar> without a size"},
        {ADDITIONS("<gpuvm:function address='01:00.0'><gpuvm:bar size='9007199254740992'/></gpuvm:function>"),
         "attribute size of <bar>"},
        {ADDITIONS("<gpuvm:function address='01:00.0'><gpuvm:rom/></gpuvm:function>"),
         "unknown element <rom>"},
        {ADDITIONS("<gpuvm:polciy/>"), "host.xml:4: unknown element <polciy>"},
        {ADDITIONS("<policy/>"), "unknown element <policy>"},
        {ADDITIONS("<capabilities><host><topology><cells><cell/></cells></topology></host></capabilities>"),
         "<cell> without an id"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_hostfile_parse(cases[i].text, strlen(cases[i].text), "host.xml", &error));
        if (!strstr(error->message, cases[i].message) || strchr(error->message, '\n'))
            fail_msg("%s: %s", cases[i].text, error->message);
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_INVALID);
    }
}

/* large files are read, up to the limit; what grows in other ways is not */
static void
test_limits(void **state)
{
    g_autoptr(GString) text = g_string_new("<node>");
    g_autoptr(GError) deep = NULL, large = NULL;
    g_autoptr(gpuvm_facts) facts = NULL;

    (void)state;
    for (int i = 0; i < 1000; i++)
        g_string_append(text, "<a>");
    assert_null(gpuvm_hostfile_parse(text->str, text->len, "host.xml", &deep));
    assert_non_null(strstr(deep->message, "depth"));

    g_string_assign(text, "<node>" DEVICE("1", ""));
    while (text->len < 20 * 1024 * 1024)
        g_string_append(text,
                        "<device><name>net_eth0</name><capability type='net'><interface>eth0</interface>"
                        "</capability></device>\n");
    g_string_append(text, DEVICE("2", "") "</node>");
    facts = parse(text->str);
    assert_int_equal(g_hash_table_size(facts->devices), 2);

    g_string_set_size(text, GPUVM_HOSTFILE_MAX_SIZE + 1);
    assert_null(gpuvm_hostfile_parse(text->str, text->len, "host.xml", &large));
    assert_string_equal(large->message, "host.xml: larger than a host file may be (64 MiB)");
}

static void
test_load(void **state)
{
    static const struct {
        const char *path, *message;
        enum gpuvm_exit exit;
    } cases[] = {
        {"/nonexistent/host.xml", "cannot read host file /nonexistent/host.xml: No such file or directory",
         GPUVM_EXIT_FAILED},
        {"/", "cannot read host file /: Is a directory", GPUVM_EXIT_FAILED},
        {"/dev/null", "not a host file: /dev/null:1: ", GPUVM_EXIT_INVALID},
        {"/dev/zero", "/dev/zero: larger than a host file may be", GPUVM_EXIT_INVALID},
    };
    g_autofree char *folder = g_dir_make_tmp("gpuvm-host-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a b%20c.xml", NULL);
    g_autoptr(gpuvm_facts) facts = NULL;
    g_autoptr(GError) wrong = NULL;

    (void)state;
    assert_true(g_file_set_contents(path, machine, -1, NULL));
    facts = gpuvm_hostfile_load(path, NULL);
    assert_non_null(facts);
    assert_true(g_file_set_contents(path, "<node/>", -1, NULL));
    assert_null(gpuvm_hostfile_load(path, &wrong));
    assert_true(g_str_has_prefix(wrong->message, path));
    g_remove(path);
    g_rmdir(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_hostfile_load(cases[i].path, &error));
        if (!g_str_has_prefix(error->message, cases[i].message))
            fail_msg("%s", error->message);
        assert_int_equal(gpuvm_error_exit(error), cases[i].exit);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),  cmocka_unit_test(test_host_itself), cmocka_unit_test(test_plain),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_limits),      cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
