/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "fake-virt.h"

#define CONNECTION ((virConnect *)"connection")

const char *fake_virt_devices = "";
int fake_virt_opened;
virDomain *const fake_virt_apart = (virDomain *)"apart";

static virConnect *
get_connect(virDomain *domain)
{
    (void)domain;
    return CONNECTION;
}

static char *
get_uri(virConnect *connection)
{
    (void)connection;
    return g_strdup("fake:///");
}

static virConnect *
open_auth(const char *uri, virConnectAuth *auth, unsigned flags)
{
    (void)uri, (void)auth, (void)flags;
    fake_virt_opened++;
    return CONNECTION;
}

static int
close_connection(virConnect *connection)
{
    (void)connection;
    return 0;
}

static virDomain *
look_up(virConnect *connection, const char *name)
{
    (void)connection, (void)name;
    return fake_virt_apart;
}

static const char *
get_name(virDomain *domain)
{
    return (const char *)domain;
}

static int
get_uuid(virDomain *domain, char *ret_uuid)
{
    (void)domain;
    *ret_uuid = '\0';
    return 0;
}

static int
yes(virDomain *domain)
{
    (void)domain;
    return 1;
}

static int
get_state(virDomain *domain, int *ret_state, int *ret_reason, unsigned flags)
{
    (void)domain, (void)ret_reason, (void)flags;
    *ret_state = VIR_DOMAIN_RUNNING;
    return 0;
}

static int
get_autostart(virDomain *domain, int *ret_autostart)
{
    (void)domain;
    *ret_autostart = 0;
    return 0;
}

static char *
get_xml(virDomain *domain, unsigned flags)
{
    (void)domain, (void)flags;
    return g_strdup_printf("<domain><devices>%s</devices></domain>", fake_virt_devices);
}

static virError *
get_error(void)
{
    static virError error = {.code = VIR_ERR_INTERNAL_ERROR, .message = (char *)"lost"};

    return &error;
}

void
fake_virt_set_up(fake_virt_addresses addresses, void (*free_nic)(virDomainInterface *nic))
{
    static virConnectAuth auth;
    static virConnectAuth *pointer = &auth;

    gpuvm_virt.ConnectAuthPtrDefault = &pointer;
    gpuvm_virt.ConnectClose = close_connection;
    gpuvm_virt.ConnectGetURI = get_uri;
    gpuvm_virt.ConnectOpenAuth = open_auth;
    gpuvm_virt.DomainFree = yes;
    gpuvm_virt.DomainGetAutostart = get_autostart;
    gpuvm_virt.DomainGetConnect = get_connect;
    gpuvm_virt.DomainGetName = get_name;
    gpuvm_virt.DomainGetState = get_state;
    gpuvm_virt.DomainGetUUIDString = get_uuid;
    gpuvm_virt.DomainIsActive = yes;
    gpuvm_virt.DomainIsPersistent = yes;
    gpuvm_virt.DomainLookupByName = look_up;
    gpuvm_virt.DomainInterfaceAddresses = addresses;
    gpuvm_virt.DomainInterfaceFree = free_nic;
    gpuvm_virt.DomainGetXMLDesc = get_xml;
    gpuvm_virt.GetLastError = get_error;
}
