/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's own test driver, which needs no daemon, with its default machine and with a host file */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "host/connection.h"
#include "host/hostfile.h"

#define ADDRESS(function) "<address domain='0x0000' bus='0x01' slot='0x00' function='" function "'/>"
#define DEVICE(function, class)                                                                              \
    "<device><name>pci_0000_01_00_" function "</name><parent>computer</parent><capability type='pci'>"       \
    "<class>" class "</class><domain>0</domain><bus>1</bus><slot>0</slot><function>" function "</function>"  \
                    "<product id='0x2204'>GA102</product><vendor id='0x10de'>NVIDIA Corporation</vendor>"    \
                    "<iommuGroup number='14'>" ADDRESS("0x0") ADDRESS("0x1") "</iommuGroup><numa node='0'/>" \
                                                                             "</capability></device>\n"
#define DOMAIN(name, state, function)                                                                        \
    "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>" name "</name>"      \
    "<memory>1024</memory><os><type>hvm</type></os><test:runstate>" state "</test:runstate><devices>"        \
    "<hostdev mode='subsystem' type='pci'><source>" ADDRESS(                                                 \
        function) "</source></hostdev></devices></domain>\n"

static const char machine[] =
    "<node>\n<cpu><mhz>2400</mhz><model>x86_64</model><active>16</active>"
    "<nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>2</threads></cpu><memory>67108864</memory>\n"
    "<device><name>computer</name><capability type='system'><hardware><uuid>"
    "11111111-2222-3333-4444-555555555555</uuid></hardware><firmware/></capability></device>\n"
    "<device><name>net_eth0</name><parent>computer</parent><capability type='net'><interface>eth0</interface>"
    "</capability></device>\n" DEVICE("0", "0x030000") DEVICE("1", "0x040300") DOMAIN("running", "1", "0x0")
        DOMAIN(
            "off", "5",
            "0x1") "<gpuvm:host xmlns:gpuvm='urn:gpuvm:host:1'><gpuvm:function address='0000:01:00.0' boot_vga='0'/></gpuvm:host>"
                   "</node>\n";

typedef struct fixture {
    char *folder, *path, *uri;
} fixture;

static int
set_up(void **state)
{
    fixture *made = g_new0(fixture, 1);

    made->folder = g_dir_make_tmp("gpuvm-connection-XXXXXX", NULL);
    made->path = g_build_filename(made->folder, "host 1.xml", NULL);
    made->uri = g_strdup_printf("test://%s/host%%201.xml", made->folder);
    *state = made;
    return g_file_set_contents(made->path, machine, -1, NULL) ? 0 : -1;
}

static int
tear_down(void **state)
{
    fixture *made = *state;

    g_remove(made->path);
    g_rmdir(made->folder);
    g_free(made->folder);
    g_free(made->path);
    g_free(made->uri);
    g_free(made);
    return 0;
}

static gpuvm_connection *
open_uri(const char *uri)
{
    g_autoptr(GError) error = NULL;
    gpuvm_connection *connection = gpuvm_connection_open(uri, &error);

    if (error)
        fail_msg("%s", error->message);
    return connection;
}

static void
test_open(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) standard = open_uri("test:///default");
    g_autoptr(gpuvm_connection) file = open_uri(made->uri);
    g_autoptr(gpuvm_connection) chosen = NULL;

    assert_string_equal(standard->uri, "test:///default");
    assert_null(standard->host_file);
    assert_false(standard->local);
    assert_string_equal(file->host_file, made->path);
    assert_false(file->local);

    assert_true(g_setenv("LIBVIRT_DEFAULT_URI", "test:///default", TRUE));
    chosen = open_uri(NULL);
    assert_string_equal(chosen->uri, "test:///default");
    g_unsetenv("LIBVIRT_DEFAULT_URI");
}

static const char *remote_name; /* of the host, as libvirt there knows it */

static virConnect *
open_remote(const char *uri, virConnectAuth *auth, unsigned flags)
{
    (void)uri, (void)auth, (void)flags;
    return (virConnect *)"remote";
}

static char *
get_remote_uri(virConnect *conn)
{
    (void)conn;
    return g_strdup("qemu+ssh://root@alias/system");
}

static char *
get_remote_name(virConnect *conn)
{
    (void)conn;
    return g_strdup(remote_name);
}

static int
close_remote(virConnect *conn)
{
    (void)conn;
    return 0;
}

/* By its own name, whatever URI leads to it: that of this machine is none. */
static void
test_remote_host(void **state)
{
    g_autofree char *host = g_strndup(g_get_host_name(), strcspn(g_get_host_name(), "."));
    g_autofree char *qualified = g_strconcat(host, ".example.org", NULL),
                    *other = g_strconcat(host, "2", NULL);
    const char *const cases[][2] = {{"node7", "node7"}, {"Node7.example.org", "node7"},
                                    {"", ""},           {host, NULL},
                                    {qualified, NULL},  {other, other}};
    g_autoptr(gpuvm_connection) loaded = open_uri("test:///default");
    const gpuvm_virt_functions before = gpuvm_virt;
    g_autoptr(GError) error = NULL;

    (void)state;
    gpuvm_virt.ConnectOpenAuth = open_remote;
    gpuvm_virt.ConnectGetURI = get_remote_uri;
    gpuvm_virt.ConnectGetHostname = get_remote_name;
    gpuvm_virt.ConnectClose = close_remote;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_connection) connection = NULL;
        g_autofree char *expected = cases[i][1] ? g_ascii_strdown(cases[i][1], -1) : NULL;

        remote_name = cases[i][0];
        connection = open_uri("qemu+ssh://root@alias/system");
        assert_false(connection->local);
        if (g_strcmp0(connection->server, expected) != 0)
            fail_msg("%s: the server is %s", remote_name, connection->server);
    }
    remote_name = NULL;
    assert_null(gpuvm_connection_open("qemu+ssh://root@alias/system", &error));
    assert_non_null(
        strstr(error->message, "cannot read the name of the host of qemu+ssh://root@alias/system"));
    gpuvm_virt = before;
}

static void
test_open_fails(void **state)
{
    static const struct {
        const char *uri, *message, *hint;
        enum gpuvm_exit exit;
    } cases[] = {
        {"test:///nonexistent.xml", "cannot connect to test:///nonexistent.xml: ", "host file",
         GPUVM_EXIT_INVALID},
        {"qemu+unix:///system?socket=/nonexistent/socket",
         "cannot connect to qemu+unix:///system?socket=/nonexistent/socket: "
         "Failed to connect socket to '/nonexistent/socket': No such file or directory",
         "systemctl status libvirtd", GPUVM_EXIT_FAILED},
        {"qemu+telepathy:///system",
         "cannot connect to qemu+telepathy:///system: invalid argument: remote_open: transport", NULL,
         GPUVM_EXIT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        const char *hint;

        assert_null(gpuvm_connection_open(cases[i].uri, &error));
        hint = strchr(error->message, '\n');
        if (!g_str_has_prefix(error->message, cases[i].message) || !hint != !cases[i].hint ||
            (hint && !strstr(hint, cases[i].hint)))
            fail_msg("%s", error->message);
        assert_int_equal(gpuvm_error_exit(error), cases[i].exit);
    }
}

static void
test_device(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) connection = open_uri(made->uri);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    const gpuvm_pci_addr card = {0, 1, 0, 0}, absent = {0, 9, 0, 0};
    const gpuvm_device *device;

    assert_true(gpuvm_connection_device(connection, &absent, facts, NULL));
    assert_int_equal(g_hash_table_size(facts->devices), 0);
    assert_true(gpuvm_connection_device(connection, &card, facts, NULL));
    device = gpuvm_facts_device(facts, &card);
    assert_non_null(device);
    assert_int_equal(device->device_id, 0x2204);
    assert_int_equal(device->iommu_group, 14);
    assert_int_equal(device->group_members->len, 2);
    assert_true(facts->iommu);
    assert_false(facts->local);
    assert_int_equal(g_hash_table_size(facts->devices), 1);
    /* known: not asked again */
    assert_true(gpuvm_connection_device(connection, &card, facts, NULL));
    assert_ptr_equal(gpuvm_facts_device(facts, &card), device);
}

static void
test_devices(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) connection = open_uri(made->uri);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(GPtrArray) devices = NULL;

    assert_true(gpuvm_connection_devices(connection, facts, NULL));
    devices = gpuvm_facts_devices(facts);
    assert_int_equal(devices->len, 2);
    assert_int_equal(((const gpuvm_device *)devices->pdata[1])->class_code, 0x040300);
    /* plans borrow what is known */
    assert_true(gpuvm_connection_devices(connection, facts, NULL));
    assert_ptr_equal(gpuvm_facts_device(facts, &((const gpuvm_device *)devices->pdata[0])->addr),
                     devices->pdata[0]);
}

static void
test_capabilities(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) standard = open_uri("test:///default");
    g_autoptr(gpuvm_connection) file = open_uri(made->uri);
    g_autoptr(gpuvm_facts) asked = gpuvm_facts_new();
    g_autoptr(gpuvm_facts) loaded = gpuvm_hostfile_load(made->path, NULL);

    assert_true(gpuvm_connection_capabilities(standard, asked, NULL));
    assert_int_equal(asked->cells->len, 2);
    assert_int_equal(asked->cpus, 16);
    assert_int_equal(asked->memory_kib, 2097152 + 4194304);
    assert_string_equal(asked->domain_type, "test");
    assert_string_equal(asked->arch, "i686");
    assert_string_equal(asked->emulator, "/usr/bin/test-hv");

    /* the machine stays the file's; what a domain can be is the test driver's */
    assert_true(gpuvm_connection_capabilities(file, loaded, NULL));
    assert_int_equal(loaded->memory_kib, 67108864);
    assert_int_equal(loaded->cpus, 16);
    assert_string_equal(loaded->domain_type, "test");
}

static void
test_claims(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) standard = open_uri("test:///default");
    g_autoptr(gpuvm_connection) file = open_uri(made->uri);
    g_autoptr(gpuvm_facts) facts = gpuvm_hostfile_load(made->path, NULL);
    g_autoptr(gpuvm_facts) none = gpuvm_facts_new();
    const gpuvm_claim *off, *running;

    /* what libvirt says takes the place of what the file said, and is the same */
    assert_true(gpuvm_connection_claims(file, facts, NULL));
    assert_int_equal(facts->claims->len, 2);
    off = facts->claims->pdata[0];
    running = facts->claims->pdata[1];
    assert_string_equal(off->domain, "off");
    assert_non_null(off->uuid);
    assert_false(off->active);
    assert_null(off->metadata);
    assert_int_equal(off->now->len, 0);
    assert_int_equal(off->next->len, 1);
    assert_int_equal(g_array_index(off->next, gpuvm_pci_addr, 0).function, 1);
    assert_string_equal(running->domain, "running");
    assert_true(running->active);
    assert_int_equal(running->now->len, 1);
    assert_int_equal(g_array_index(running->now, gpuvm_pci_addr, 0).function, 0);

    assert_true(gpuvm_connection_claims(standard, none, NULL));
    assert_int_equal(none->claims->len, 1); /* without devices, it has memory */
    running = none->claims->pdata[0];
    assert_int_equal(running->now->len + running->next->len, 0);
    assert_true(running->memory_now_kib > 0);
}

/* a domain that vanishes between the list and its XML is skipped; one that cannot be read is not */
static virErrorPtr
not_there(void)
{
    static virError error = {.code = VIR_ERR_NO_DOMAIN};

    return &error;
}

static virErrorPtr
not_allowed(void)
{
    static char message[] = "access denied";
    static virError error = {.code = VIR_ERR_ACCESS_DENIED, .message = message};

    return &error;
}

static char *
no_xml(virDomainPtr domain, unsigned flags)
{
    (void)domain, (void)flags;
    return NULL;
}

static void
test_claims_vanish(void **state)
{
    const fixture *made = *state;
    g_autoptr(gpuvm_connection) connection = open_uri(made->uri);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(GError) error = NULL;
    const gpuvm_virt_functions real = gpuvm_virt;

    gpuvm_virt.DomainGetXMLDesc = no_xml;
    gpuvm_virt.GetLastError = not_there;
    assert_true(gpuvm_connection_claims(connection, facts, NULL));
    gpuvm_virt.GetLastError = not_allowed;
    assert_false(gpuvm_connection_claims(connection, facts, &error));
    gpuvm_virt = real;
    assert_non_null(strstr(error->message, ": access denied\n"));
    assert_int_equal(facts->claims->len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),          cmocka_unit_test(test_open_fails),
        cmocka_unit_test(test_device),        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_capabilities),  cmocka_unit_test(test_claims),
        cmocka_unit_test(test_claims_vanish), cmocka_unit_test(test_remote_host),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
