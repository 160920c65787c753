/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's own test driver, which needs no daemon; its default machine has one domain, "test", which runs */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "host/domain.h"

#define NS "urn:gpuvm:domain:1"
#define XML(name, rest)                                                                                      \
    "<domain type='test'><name>" name "</name><metadata><gpuvm:vm xmlns:gpuvm='" NS                          \
    "' digest='x'/></metadata>"                                                                              \
    "<memory>1024</memory><os><type>hvm</type></os>" rest "</domain>"

static gpuvm_connection *connection;

static int
set_up(void **state)
{
    (void)state;
    connection = gpuvm_connection_open("test:///default", NULL);
    return connection ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    g_clear_pointer(&connection, gpuvm_connection_close);
    return 0;
}

static gpuvm_domain *
define(const char *xml)
{
    g_autoptr(GError) error = NULL;
    gpuvm_domain *domain = gpuvm_domain_define(connection, xml, NULL, &error);

    if (error)
        fail_msg("%s", error->message);
    return domain;
}

static void
test_find(void **state)
{
    g_autoptr(gpuvm_domain) domain = NULL, none = NULL;
    g_autoptr(GError) error = NULL, near = NULL;

    (void)state;
    assert_true(gpuvm_domain_find(connection, "test", &domain, NULL));
    assert_string_equal(domain->name, "test");
    assert_int_equal(strlen(domain->uuid), VIR_UUID_STRING_BUFLEN - 1);
    assert_true(domain->active && domain->persistent);
    assert_false(domain->autostart);
    assert_int_equal(domain->state, VIR_DOMAIN_RUNNING);

    assert_true(gpuvm_domain_find(connection, "nobody", &none, NULL));
    assert_null(none);
    assert_null(gpuvm_domain_get(connection, "nobody", &error));
    assert_string_equal(error->message,
                        "no VM is named 'nobody'\n`gpuvm list --all` names the VMs there are");
    assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_HOST);
    assert_null(gpuvm_domain_get(connection, "tset", &near));
    assert_string_equal(near->message, "no VM is named 'tset'\ndid you mean 'test'?");
}

static void
test_life(void **state)
{
    g_autoptr(gpuvm_domain) domain = define(XML("life", ""));
    g_autoptr(gpuvm_domain) again = NULL, gone = NULL;
    g_autoptr(GError) twice = NULL;
    g_autofree char *xml = NULL;

    (void)state;
    assert_true(domain->persistent && !domain->active);
    assert_int_equal(domain->state, VIR_DOMAIN_SHUTOFF);
    /* off already */
    assert_true(gpuvm_domain_shutdown(domain, NULL));
    assert_true(gpuvm_domain_destroy(domain, NULL));

    assert_true(gpuvm_domain_set_autostart(domain, true, NULL));
    assert_true(domain->autostart);
    assert_true(gpuvm_domain_start(domain, NULL));
    assert_true(domain->active && domain->autostart);
    assert_int_equal(domain->state, VIR_DOMAIN_RUNNING);
    assert_false(gpuvm_domain_start(domain, &twice));
    assert_true(g_str_has_prefix(twice->message, "cannot start domain 'life': "));

    xml = gpuvm_domain_xml(domain, true, NULL);
    again = gpuvm_domain_define(connection, xml, domain, NULL);
    assert_non_null(again);
    assert_true(again->active && again->persistent && again->autostart);
    assert_int_equal(again->state, VIR_DOMAIN_RUNNING);

    assert_true(gpuvm_domain_shutdown(domain, NULL)); /* the test driver's guests go off at once */
    assert_true(gpuvm_domain_refresh(domain, NULL));
    assert_false(domain->active);
    assert_true(gpuvm_domain_start(domain, NULL));
    assert_true(gpuvm_domain_destroy(domain, NULL));
    assert_int_equal(domain->state, VIR_DOMAIN_SHUTOFF);

    assert_true(gpuvm_domain_undefine(domain, false, NULL));
    assert_true(gpuvm_domain_find(connection, "life", &gone, NULL));
    assert_null(gone);
}

static void
test_undefine_nvram(void **state)
{
    g_autoptr(gpuvm_domain) domain = define(XML("nvram", ""));

    (void)state;
    assert_true(gpuvm_domain_undefine(domain, true, NULL));
    assert_true(gpuvm_domain_undefine(domain, true, NULL)); /* as when another program did it meanwhile */
}

static unsigned pressed; /* how often its power button was */

static int
press(virDomainPtr domain, unsigned flags)
{
    (void)domain;
    pressed += flags == VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
    return -1;
}

/* a guest that goes off by itself between the look and the call */
static int
lose_race(virDomainPtr domain)
{
    assert_int_equal(gpuvm_virt.DomainShutdownFlags(domain, 0), 0);
    return gpuvm_virt.DomainShutdownFlags(domain, 0); /* off: an error */
}

static void
test_power_off(void **state)
{
    const gpuvm_virt_functions real = gpuvm_virt;
    g_autoptr(gpuvm_domain) domain = define(XML("deaf", ""));

    (void)state;
    assert_true(gpuvm_domain_start(domain, NULL));
    gpuvm_virt.DomainShutdownFlags = press;
    gpuvm_domain_press_power(domain);
    gpuvm_virt = real;
    assert_int_equal(pressed, 1);
    assert_true(domain->active);

    gpuvm_virt.DomainDestroy = lose_race;
    assert_true(gpuvm_domain_destroy(domain, NULL));
    gpuvm_virt = real;
    assert_false(domain->active);
    assert_true(gpuvm_domain_undefine(domain, false, NULL));
}

static void
test_metadata(void **state)
{
    g_autoptr(gpuvm_domain) domain = define(XML("metadata", ""));
    g_autofree char *element = gpuvm_domain_metadata(domain, NS, NULL);
    g_autofree char *xml = gpuvm_domain_xml(domain, true, NULL);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_string_equal(element, "<vm digest=\"x\"/>");
    assert_null(gpuvm_domain_metadata(domain, "urn:other", &error));
    assert_null(error);
    assert_non_null(strstr(xml, "<name>metadata</name>"));
    assert_true(gpuvm_domain_undefine(domain, false, NULL));
}

static void
test_define_fails(void **state)
{
    static const struct {
        const char *xml, *message;
        enum gpuvm_exit exit;
    } cases[] = {
        {XML("invalid", "<devic/>"),
         "cannot define the domain: XML document failed to validate against schema: Unable to validate doc against "
         "/usr/share/libvirt/schemas/domain.rng; ",
         GPUVM_EXIT_INVALID},
        {XML("test", ""),
         "cannot define the domain: operation failed: domain 'test' already exists with uuid ",
         GPUVM_EXIT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(gpuvm_domain_define(connection, cases[i].xml, NULL, &error));
        if (!g_str_has_prefix(error->message, cases[i].message))
            fail_msg("%s", error->message);
        assert_int_equal(gpuvm_error_exit(error), cases[i].exit);
    }
}

static void
test_list(void **state)
{
    static const char *const names[] = {"alpha", "test", "zulu"};
    g_autoptr(gpuvm_domain) zulu = define(XML("zulu", "")), alpha = define(XML("alpha", ""));
    g_autoptr(GPtrArray) list = gpuvm_domain_list(connection, NULL);

    (void)state;
    assert_int_equal(list->len, G_N_ELEMENTS(names));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        assert_string_equal(((const gpuvm_domain *)list->pdata[i])->name, names[i]);
    assert_true(gpuvm_domain_undefine(zulu, false, NULL));
    assert_true(gpuvm_domain_undefine(alpha, false, NULL));
}

static void
test_state_names(void **state)
{
    (void)state;
    assert_string_equal(gpuvm_domain_state_name(VIR_DOMAIN_RUNNING), "running");
    assert_string_equal(gpuvm_domain_state_name(VIR_DOMAIN_SHUTOFF), "shut off");
    assert_string_equal(gpuvm_domain_state_name(VIR_DOMAIN_PMSUSPENDED), "pmsuspended");
    assert_string_equal(gpuvm_domain_state_name(99), "no state");
    assert_string_equal(gpuvm_domain_state_name(-1), "no state");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),           cmocka_unit_test(test_life),
        cmocka_unit_test(test_undefine_nvram), cmocka_unit_test(test_power_off),
        cmocka_unit_test(test_metadata),       cmocka_unit_test(test_define_fails),
        cmocka_unit_test(test_list),           cmocka_unit_test(test_state_names),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
