/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-tree.h"
#include "fake-virt.h"

#include "host/address.h"

#define NIC "<interface type='bridge'><mac address='52:54:00:00:00:01'/></interface>"
#define AGENT(state)                                                                                         \
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'" state "/></channel>"

/* "MAC=ADDRESS,ADDRESS …" by virDomainInterfaceAddressesSource; "!": fails. */
static const char *sources[3];
static virDomain *asked; /* last */

static int
fake_addresses(virDomain *domain, virDomainInterface ***ret_nics, unsigned source, unsigned flags)
{
    g_auto(GStrv) words = g_strsplit(sources[source] ? sources[source] : "", " ", -1);
    int n = (int)g_strv_length(words);

    (void)flags;
    asked = domain;
    if (g_strcmp0(sources[source], "!") == 0)
        return -1;
    *ret_nics = g_new0(virDomainInterface *, n + 1);
    for (int i = 0; i < n; i++) {
        g_auto(GStrv) parts = g_strsplit_set(words[i], "=,", -1);
        virDomainInterface *nic = g_new0(virDomainInterface, 1);

        nic->hwaddr = g_strdup(*parts[0] ? parts[0] : NULL); /* the loopback device has none */
        nic->naddrs = g_strv_length(parts) - 1;
        nic->addrs = g_new0(virDomainIPAddress, nic->naddrs);
        for (unsigned k = 0; k < nic->naddrs; k++)
            nic->addrs[k].addr = g_strdup(parts[k + 1]);
        (*ret_nics)[i] = nic;
    }
    return n;
}

static void
fake_free(virDomainInterface *nic)
{
    for (unsigned i = 0; i < nic->naddrs; i++)
        g_free(nic->addrs[i].addr);
    g_free(nic->addrs);
    g_free(nic->hwaddr);
    g_free(nic);
}

static int
set_up(void **state G_GNUC_UNUSED)
{
    fake_virt_set_up(fake_addresses, fake_free);
    return 0;
}

static bool apart;

static void
expect_addresses(gpuvm_address_source source, const char *root, const char *expected)
{
    gpuvm_domain domain = {.name = (char *)"vm"};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) addresses = gpuvm_address_list(&domain, source, root, apart, &error);
    g_autofree char *text = NULL;

    assert_int_equal(addresses == NULL, error != NULL);
    if (addresses) {
        g_ptr_array_add(addresses, NULL);
        text = g_strjoinv(" ", (char **)addresses->pdata);
    }
    assert_string_equal(text ? text : error->message, expected);
}

static void
asks_libvirt(void **state G_GNUC_UNUSED)
{
    sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE] =
        "52:54:00:00:00:01=10.0.0.1,fd00::1 52:54:00:00:00:02=10.0.0.2";
    sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP] = "";
    expect_addresses(GPUVM_ADDRESS_LEASES, NULL, "10.0.0.1 fd00::1 10.0.0.2");
    expect_addresses(GPUVM_ADDRESS_ARP, NULL, "");
    sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE] = "!";
    expect_addresses(GPUVM_ADDRESS_LEASES, NULL, "cannot ask for the addresses of domain 'vm': lost");
}

static void
asks_the_agent(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *devices, *agent, *expected;
    } cases[] = {
        /* "!": it would fail, if it were asked */
        {NIC, "!", ""},
        {NIC AGENT(""), "!", ""},
        {NIC AGENT(" state='disconnected'"), "!", ""},
        {"<channel type='unix'><target type='virtio' name='other' state='connected'/></channel>", "!", ""},
        {NIC AGENT(" state='connected'"),
         "=127.0.0.1,::1 52:54:00:00:00:01=10.0.0.1 02:42:00:00:00:09=172.17.0.1", "10.0.0.1"},
        {NIC AGENT(" state='connected'"), "02:42:00:00:00:09=172.17.0.1 52:54:00:00:00:01=fe80::1,10.0.0.1",
         "fe80::1 10.0.0.1"},
        /* a NIC that is passed to the guest is none of the domain's */
        {AGENT(" state='connected'"), "=127.0.0.1 b8:00:00:00:00:01=10.0.0.7", "127.0.0.1 10.0.0.7"},
        {NIC AGENT(" state='connected'"), "52:54:00:00:00:01 b8:00:00:00:00:01=10.0.0.7", "10.0.0.7"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        fake_virt_devices = cases[i].devices;
        sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT] = cases[i].agent;
        expect_addresses(GPUVM_ADDRESS_AGENT, NULL, cases[i].expected);
    }
}

static virConnect *
opens_nothing(const char *uri, virConnectAuth *auth, unsigned flags)
{
    (void)uri, (void)auth, (void)flags;
    return NULL;
}

static void
asks_a_connected_agent_apart(void **state G_GNUC_UNUSED)
{
    fake_virt_opened = 0;
    apart = true;
    fake_virt_devices = NIC AGENT(" state='disconnected'");
    sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT] = "52:54:00:00:00:01=10.0.0.1";
    expect_addresses(GPUVM_ADDRESS_AGENT, NULL, "");
    expect_addresses(GPUVM_ADDRESS_ARP, NULL, "");
    assert_int_equal(fake_virt_opened, 0);
    assert_ptr_not_equal(asked, fake_virt_apart);
    fake_virt_devices = NIC AGENT(" state='connected'");
    expect_addresses(GPUVM_ADDRESS_AGENT, NULL, "10.0.0.1");
    assert_int_equal(fake_virt_opened, 1);
    assert_ptr_equal(asked, fake_virt_apart);
    gpuvm_virt.ConnectOpenAuth = opens_nothing;
    expect_addresses(GPUVM_ADDRESS_AGENT, NULL, "10.0.0.1");
    assert_ptr_not_equal(asked, fake_virt_apart);
    apart = false;
}

static void
reads_neighbours(void **state G_GNUC_UNUSED)
{
    char *root = tree_make("proc/net/arp: IP address HW type Flags HW address Mask Device\n"
                           "proc/net/arp: 10.0.0.9 0x1 0x2 52:54:00:00:00:09 * br0\n"
                           "proc/net/arp: 10.0.0.1 0x1 0x2 52:54:00:00:00:01 * br0\n"
                           "proc/net/arp: 10.0.0.2 0x1 0x0 52:54:00:00:00:01 * br0\n"
                           "proc/net/arp: 10.0.0.3 0x1 0x6 52:54:00:00:00:01 * br0\n"
                           "proc/net/arp: short\n");

    fake_virt_devices = NIC;
    sources[VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP] = "!";
    expect_addresses(GPUVM_ADDRESS_ARP, root, "10.0.0.1 10.0.0.3");
    expect_addresses(GPUVM_ADDRESS_ARP, "/nowhere", "");
    expect_addresses(GPUVM_ADDRESS_ARP, NULL, "cannot ask for the addresses of domain 'vm': lost");
    tree_remove(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_libvirt),
        cmocka_unit_test(asks_the_agent),
        cmocka_unit_test(asks_a_connected_agent_apart),
        cmocka_unit_test(reads_neighbours),
    };

    return cmocka_run_group_tests_name("address", tests, set_up, NULL);
}
