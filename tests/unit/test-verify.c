/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/verify.h"

/* Two cards, the first one with sound, behind root ports; the second one below an expander of node 1. */
#define HOST                                                                                                 \
    "0000:17:00.0 030000 10de:2204 link=16x16/2.5x16\n"                                                      \
    "0000:17:00.1 040300 10de:1aef link=16x16/16x16\n"                                                       \
    "0000:c1:00.0 120000 1002:74a1 link=32x16/32x16\n"

#define ADDRESS(bus, slot, function)                                                                         \
    "<address type='pci' domain='0x0000' bus='" bus "' slot='" slot "' function='" function "'/>"
#define PCI(source, address)                                                                                 \
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' " source            \
    "/></source>" address "</hostdev>"
#define PORT(index, address)                                                                                 \
    "<controller type='pci' index='" index "' model='pcie-root-port'>" address "</controller>"
#define BEGIN "<domain type='kvm' id='1'><name>vm</name><memory unit='KiB'>8388608</memory>"
#define ROOT "<devices><controller type='pci' index='0' model='pcie-root'/>"
#define PORTS                                                                                                        \
    PORT("1", ADDRESS("0x00", "0x01", "0x0"))                                                                        \
    PORT("2", ADDRESS("0x03", "0x00", "0x0"))                                                                        \
    "<controller type='pci' index='3' model='pcie-expander-bus'><target busNr='64'><node>1</node></target>" ADDRESS( \
        "0x00", "0x02", "0x0") "</controller>"
#define GPU PCI("bus='0x17' slot='0x00' function='0x0'", ADDRESS("0x01", "0x00", "0x0"))
#define SOUND PCI("bus='0x17' slot='0x00' function='0x1'", ADDRESS("0x01", "0x00", "0x1"))
#define ACCELERATOR PCI("bus='0xc1' slot='0x00' function='0x0'", ADDRESS("0x02", "0x00", "0x0"))
#define UNASSIGNED PCI("bus='0x17' slot='0x00' function='0x1'", "<address type='unassigned'/>")
#define DISK                                                                                                       \
    "<disk type='nvme'><source><address domain='0x0000' bus='0x17' slot='0x00' function='0x1'/></source>" ADDRESS( \
        "0x00", "0x05", "0x0") "</disk>"
#define END "</devices></domain>"
#define DOMAIN(devices) BEGIN "<vcpu>4</vcpu>" ROOT PORTS devices END

#define RESOURCES "cpus 0-3\nmemory 8000000\n"
#define SEEN(path, ids, class, node, link, driver)                                                           \
    "function /sys/devices/" path " " ids " " class " " node " " link " " driver "\n"
#define SEEN_GPU                                                                                             \
    SEEN("pci0000:00/0000:00:01.0/0000:01:00.0", "0x10de 0x2204", "0x030000", "0", "16.0 16", "nvidia")
#define SEEN_SOUND                                                                                           \
    SEEN("pci0000:00/0000:00:01.0/0000:01:00.1", "0x10de 0x1aef", "0x040300", "0", "16.0 16", "-")
#define SEEN_ACCELERATOR                                                                                     \
    SEEN("pci0000:40/0000:40:00.0/0000:41:00.0", "0x1002 0x74a1", "0x120000", "1", "32.0 16", "amdgpu")
#define BAR "resource 0x10000000 0x10ffffff 0x40200\n"
#define STOP "end\n"

/* "what: planned / seen" of each; those that differ begin with '!'. */
static char *
describe(const GPtrArray *promises)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < promises->len; i++) {
        const gpuvm_promise *c = promises->pdata[i];

        g_string_append_printf(text, "%s%s%s%s%s%s%s: %s / %s\n", c->equal ? "" : "!",
                               c->device ? c->device : "", c->device ? " " : "", c->guest ? "(" : "",
                               c->guest ? c->guest : "", c->guest ? ") " : "", c->what, c->planned,
                               c->seen ? c->seen : "none");
    }
    return g_string_free(text, FALSE);
}

static char *
verify(const char *xml, const char *host, const char *guest)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    g_autoptr(gpuvm_facts) facts = build_facts(host);
    g_autoptr(gpuvm_inside) inside = gpuvm_inside_parse(guest);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) promises = NULL;

    assert_non_null(doc);
    assert_non_null(inside);
    promises = gpuvm_verify_compare(xmlDocGetRootElement(doc), facts, inside, &error);
    return promises ? describe(promises) : g_strdup(error->message);
}

#define EXPECT "CPUs: 4 / 4\nmemory: 8.0 GiB / 7.6 GiB\n"
#define EXPECT_GPU                                                                                           \
    "0000:17:00.0 (0000:01:00.0) place: 00:01.0/00.0 / 00:01.0/00.0\n"                                       \
    "0000:17:00.0 (0000:01:00.0) ids: 10de:2204 / 10de:2204\n"                                               \
    "0000:17:00.0 (0000:01:00.0) BARs: with addresses / with addresses\n"                                    \
    "0000:17:00.0 (0000:01:00.0) link: 16 GT/s x16 / 16 GT/s x16\n"                                          \
    "0000:17:00.0 (0000:01:00.0) driver: any / nvidia\n"

static void
compares(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml, *host, *guest, *expected;
    } cases[] = {
        {DOMAIN(""), HOST, RESOURCES SEEN_GPU STOP, EXPECT},
        {DOMAIN(GPU), HOST, SEEN_GPU BAR RESOURCES STOP, EXPECT EXPECT_GPU},
        /* sound needs no driver beside its GPU, but alone */
        {DOMAIN(GPU SOUND), HOST, SEEN_GPU SEEN_SOUND RESOURCES STOP,
         EXPECT EXPECT_GPU "0000:17:00.1 (0000:01:00.1) place: 00:01.0/00.1 / 00:01.0/00.1\n"
                           "0000:17:00.1 (0000:01:00.1) ids: 10de:1aef / 10de:1aef\n"
                           "0000:17:00.1 (0000:01:00.1) BARs: with addresses / with addresses\n"
                           "0000:17:00.1 (0000:01:00.1) link: 16 GT/s x16 / 16 GT/s x16\n"},
        {DOMAIN(SOUND), HOST, SEEN_SOUND RESOURCES STOP,
         EXPECT "0000:17:00.1 (0000:01:00.1) place: 00:01.0/00.1 / 00:01.0/00.1\n"
                "0000:17:00.1 (0000:01:00.1) ids: 10de:1aef / 10de:1aef\n"
                "0000:17:00.1 (0000:01:00.1) BARs: with addresses / with addresses\n"
                "0000:17:00.1 (0000:01:00.1) link: 16 GT/s x16 / 16 GT/s x16\n"
                "!0000:17:00.1 (0000:01:00.1) driver: any / none\n"},
        {DOMAIN(UNASSIGNED DISK), HOST, RESOURCES STOP, EXPECT},
        /* below an expander, whose number is decimal */
        {DOMAIN(ACCELERATOR), HOST, SEEN_ACCELERATOR RESOURCES STOP,
         EXPECT "0000:c1:00.0 (0000:41:00.0) place: 40:00.0/00.0 / 40:00.0/00.0\n"
                "0000:c1:00.0 (0000:41:00.0) ids: 1002:74a1 / 1002:74a1\n"
                "0000:c1:00.0 (0000:41:00.0) BARs: with addresses / with addresses\n"
                "0000:c1:00.0 (0000:41:00.0) link: 32 GT/s x16 / 32 GT/s x16\n"
                "0000:c1:00.0 (0000:41:00.0) NUMA node: 1 / 1\n"
                "0000:c1:00.0 (0000:41:00.0) driver: any / amdgpu\n"},
        /* what differs */
        {DOMAIN(GPU), HOST, SEEN_ACCELERATOR RESOURCES STOP,
         EXPECT "!0000:17:00.0 place: 00:01.0/00.0 / none\n"},
        {DOMAIN(GPU), HOST,
         SEEN("pci0000:00/0000:00:01.0/0000:01:00.0", "0x10de 0x2206", "0x030000", "0", "16.0 8", "-") BAR
         "resource 0x0 0xffffff 0x40200\n" RESOURCES STOP,
         EXPECT "0000:17:00.0 (0000:01:00.0) place: 00:01.0/00.0 / 00:01.0/00.0\n"
                "!0000:17:00.0 (0000:01:00.0) ids: 10de:2204 / 10de:2206\n"
                "!0000:17:00.0 (0000:01:00.0) BARs: with addresses / 1 without an address\n"
                "!0000:17:00.0 (0000:01:00.0) link: 16 GT/s x16 / 16 GT/s x8\n"
                "!0000:17:00.0 (0000:01:00.0) driver: any / none\n"},
        {DOMAIN(ACCELERATOR), "",
         SEEN("pci0000:40/0000:40:00.0/0000:41:00.0", "0x1002 0x74a1", "0x120000", "-1", "- -", "-")
             RESOURCES STOP,
         EXPECT "0000:c1:00.0 (0000:41:00.0) place: 40:00.0/00.0 / 40:00.0/00.0\n"
                "0000:c1:00.0 (0000:41:00.0) BARs: with addresses / with addresses\n"
                "!0000:c1:00.0 (0000:41:00.0) NUMA node: 1 / none\n"
                "!0000:c1:00.0 (0000:41:00.0) driver: any / none\n"},
        {DOMAIN(""), HOST, "cpus 0-1\nmemory 4000000\nend\n", "!CPUs: 4 / 2\n!memory: 8.0 GiB / 3.8 GiB\n"},
        {DOMAIN(""), HOST, "cpus 0-3\nmemory 9000000\nend\n", "CPUs: 4 / 4\n!memory: 8.0 GiB / 8.6 GiB\n"},
        {BEGIN "<vcpu current='2'>4</vcpu>" ROOT END, HOST, "cpus 0-1\nmemory 7100000\nend\n",
         "CPUs: 2 / 2\nmemory: 8.0 GiB / 6.8 GiB\n"},
        {BEGIN "<vcpu>4</vcpu><cpu><numa><cell id='0' cpus='0-1' memory='4194304' unit='KiB'/>"
               "<cell id='1' cpus='2-3' memory='4194304' unit='KiB'/></numa></cpu>" ROOT END,
         HOST, "cell 0 4100000 0-1\ncell 1 2000000 3\n" RESOURCES STOP,
         EXPECT "CPUs of node 0: 0-1 / 0-1\nmemory of node 0: 4.0 GiB / 3.9 GiB\n"
                "!CPUs of node 1: 2-3 / 3\n!memory of node 1: 4.0 GiB / 1.9 GiB\n"},
        {BEGIN
         "<vcpu>4</vcpu><cpu><numa><cell id='3' cpus='0-3' memory='8388608' unit='KiB'/></numa></cpu>" ROOT
             END,
         HOST, RESOURCES STOP, EXPECT "!CPUs of node 3: 0-3 / none\n!memory of node 3: 8.0 GiB / 0 bytes\n"},
        /* programs of drivers', where there is a GPU for them */
        {DOMAIN(GPU), HOST,
         SEEN_GPU "tool nvidia-smi 1\ntool rocm-smi 0\ntool clinfo 2\ntool other 9\n" RESOURCES STOP,
         EXPECT EXPECT_GPU "GPUs of nvidia-smi: 1 / 1\nGPUs of clinfo: at least 1 / 2\n"},
        {DOMAIN(GPU), HOST, SEEN_GPU "tool nvidia-smi 2\ntool clinfo 0\n" RESOURCES STOP,
         EXPECT EXPECT_GPU "!GPUs of nvidia-smi: 1 / 2\n!GPUs of clinfo: at least 1 / 0\n"},
        /* a domain that nobody understands */
        {DOMAIN(PCI("bus='0x17' slot='0x20' function='0x0'", ADDRESS("0x01", "0x00", "0x0"))), HOST,
         RESOURCES STOP, "domain:1: attribute slot of <address> is not a number up to 31: '0x20'"},
        {BEGIN ROOT PORT("1", ADDRESS("0x01", "0x00", "0x0")) GPU END, HOST, RESOURCES STOP,
         "domain:1: more than 8 bridges above a device"},
        {BEGIN "<cpu><numa><cell id='0' cpus='x' memory='1'/></numa></cpu>" ROOT END, HOST, RESOURCES STOP,
         "domain:1: attribute cpus of <cell> is not a list of CPUs: 'x'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *seen = verify(cases[i].xml, cases[i].host, cases[i].guest);

        expect_text(cases[i].guest, seen, cases[i].expected);
    }
}

/* A host that knows how large the BARs are. */
static void
adds_up_bars(void **state G_GNUC_UNUSED)
{
    static const struct {
        uint64_t size;
        const char *resources, *expected;
    } cases[] = {
        {16 << 20, BAR, "16 MiB / 16 MiB"},
        {UINT64_C(34376515584), BAR, "!32784 MiB / 16 MiB"},
        {16384, "", "!16 KiB / 0 B"},
        {UINT64_C(1) << 40, BAR "resource 0x0 0xffffff 0x40200\n", "!1024 GiB / 1 without an address"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *guest = g_strconcat(SEEN_GPU, cases[i].resources, RESOURCES STOP, NULL);
        g_autoptr(xmlDoc) doc = gpuvm_xml_parse(DOMAIN(GPU), strlen(DOMAIN(GPU)), "domain", NULL);
        g_autoptr(gpuvm_facts) facts = build_facts(HOST);
        g_autoptr(gpuvm_inside) inside = gpuvm_inside_parse(guest);
        g_autoptr(GPtrArray) promises = NULL;
        const gpuvm_promise *bars;
        g_autofree char *seen = NULL;
        const gpuvm_pci_addr addr = build_addr("0000:17:00.0");

        ((gpuvm_device *)gpuvm_facts_device(facts, &addr))->memory_size = cases[i].size;
        promises = gpuvm_verify_compare(xmlDocGetRootElement(doc), facts, inside, NULL);
        bars = promises->pdata[4];
        seen = g_strdup_printf("%s%s / %s", bars->equal ? "" : "!", bars->planned, bars->seen);
        expect_text(cases[i].resources, seen, cases[i].expected);
    }
}

static void
judges_commands(void **state G_GNUC_UNUSED)
{
    static const struct {
        gpuvm_guestexec process;
        const char *expected;
    } cases[] = {
        {{.exited = true}, "command: exit status 0 / exit status 0\n"},
        {{.exited = true, .exit_code = 137}, "!command: exit status 0 / exit status 137\n"},
        {{.exited = true, .exit_code = 124}, "!command: exit status 0 / no end in 60 s\n"},
        {{.exited = false}, "!command: exit status 0 / no end in 60 s\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) one = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_promise_free);
        g_autofree char *seen = NULL;

        g_ptr_array_add(one, gpuvm_verify_command(&cases[i].process, 60));
        seen = describe(one);
        expect_text("command", seen, cases[i].expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(adds_up_bars),
        cmocka_unit_test(judges_commands),
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
