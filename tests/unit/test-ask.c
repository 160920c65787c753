/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-virt.h"

#include "ops/ask.h"

#define MANY 64

static pthread_barrier_t all; /* of those that are asked at once */

/* A domain's handle is its name; "off…" is off, "one…" answers when all of its sort are asked, "paused…" is paused. */
static bool
is(virDomain *domain, const char *what)
{
    return g_str_has_prefix((const char *)domain, what);
}

static int
fake_nothing(virDomain *domain)
{
    (void)domain;
    return 0;
}

static int
fake_active(virDomain *domain)
{
    return is(domain, "failing") ? -1 : !is(domain, "off");
}

static int
fake_state(virDomain *domain, int *ret_state, int *ret_reason, unsigned flags)
{
    (void)ret_reason, (void)flags;
    *ret_state = is(domain, "off")      ? VIR_DOMAIN_SHUTOFF
                 : is(domain, "paused") ? VIR_DOMAIN_PAUSED
                                        : VIR_DOMAIN_RUNNING;
    return 0;
}

/* One that is of no use. */
static int
fake_addresses(virDomain *domain, virDomainInterface ***ret_nics, unsigned source, unsigned flags)
{
    static virDomainIPAddress address = {.addr = (char *)"169.254.1.1"};
    static virDomainInterface nic = {.naddrs = 1, .addrs = &address};

    (void)flags;
    if (is(domain, "one") && source == VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
        pthread_barrier_wait(&all);
    *ret_nics = g_new0(virDomainInterface *, 1);
    (*ret_nics)[0] = &nic;
    return 1;
}

static void
fake_free(virDomainInterface *nic)
{
    (void)nic;
}

static int
fake_autostart(virDomain *domain, int *ret_autostart)
{
    (void)domain;
    *ret_autostart = 0;
    return 0;
}

static int
set_up(void **state G_GNUC_UNUSED)
{
    fake_virt_set_up(fake_addresses, fake_free);
    gpuvm_virt.DomainRef = fake_nothing;
    gpuvm_virt.DomainFree = fake_nothing;
    gpuvm_virt.DomainIsActive = fake_active;
    gpuvm_virt.DomainIsPersistent = fake_nothing;
    gpuvm_virt.DomainGetState = fake_state;
    gpuvm_virt.DomainGetAutostart = fake_autostart;
    return 0;
}

static void
add_vm(GPtrArray *vms, const char *name, const char *url)
{
    gpuvm_instance *vm = g_new0(gpuvm_instance, 1);

    vm->domain = g_new0(gpuvm_domain, 1);
    vm->domain->name = g_strdup(name);
    vm->domain->dom = (virDomain *)vm->domain->name;
    vm->record = gpuvm_record_new();
    vm->record->health_url = g_strdup(url);
    g_ptr_array_add(vms, vm);
}

static gpuvm_session *
session_new(void)
{
    gpuvm_session *session = gpuvm_session_new();

    session->connection = g_new0(gpuvm_connection, 1);
    return session;
}

/* "NAME STATE REASON URL" of each. */
static void
says_what_came_of_it(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][3] = {
        {"plain", NULL, "plain none - -"},
        {"off", "http://127.0.0.1:80/", "off off shut off -"},
        {"paused", "http://127.0.0.1:80/", "paused unhealthy paused -"},
        {"nowhere", "http://127.0.0.1:80/", "nowhere unhealthy no address yet: 169.254.1.1 is link-local -"},
        {"named", "http://me:secret@255.255.255.255:80/",
         "named unhealthy address not reachable http://255.255.255.255:80/"},
        {"failing", "http://127.0.0.1:80/",
         "failing unhealthy cannot read the state of domain 'failing': lost -"},
    };
    g_autoptr(gpuvm_session) session = session_new();
    g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);
    g_autoptr(GPtrArray) healths = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        add_vm(vms, cases[i][0], cases[i][1]);
    healths = gpuvm_health_ask(session, vms);
    assert_int_equal(healths->len, G_N_ELEMENTS(cases));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gpuvm_health *health = healths->pdata[i];
        g_autofree char *text =
            g_strdup_printf("%s %s %s %s", health->name, gpuvm_health_names[health->state],
                            health->reason ? health->reason : "-", health->url ? health->url : "-");

        assert_string_equal(text, cases[i][2]);
        assert_int_equal(health->taken_ms >= 0, health->url != NULL);
    }
}

/* Otherwise none of them would answer. */
static void
asks_many_at_once(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_session) session = session_new();
    g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);
    g_autoptr(GPtrArray) healths = NULL;

    pthread_barrier_init(&all, NULL, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        g_autofree char *name = g_strdup_printf("one%u", i);
        add_vm(vms, name, "http://127.0.0.1/");
    }
    healths = gpuvm_health_ask(session, vms);
    for (guint i = 0; i < healths->len; i++)
        assert_string_equal(((const gpuvm_health *)healths->pdata[i])->reason,
                            "no address yet: 169.254.1.1 is link-local");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_came_of_it),
        cmocka_unit_test(asks_many_at_once),
    };

    return cmocka_run_group_tests_name("ask", tests, set_up, NULL);
}
