/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/domain.h"

#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "host/claims.h"

void
gpuvm_domain_free(gpuvm_domain *domain)
{
    if (!domain)
        return;
    gpuvm_virt.DomainFree(domain->dom);
    g_free(domain->name);
    g_free(domain->uuid);
    g_free(domain);
}

gpuvm_domain *
gpuvm_domain_copy(const gpuvm_domain *domain)
{
    gpuvm_domain *copy = g_new(gpuvm_domain, 1);

    *copy = *domain;
    copy->name = g_strdup(domain->name);
    copy->uuid = g_strdup(domain->uuid);
    gpuvm_virt.DomainRef(copy->dom);
    return copy;
}

bool
gpuvm_domain_refresh(gpuvm_domain *domain, GError **error)
{
    int active, persistent = 0, autostart = 0, state = VIR_DOMAIN_SHUTOFF;

    active = gpuvm_virt.DomainIsActive(domain->dom);
    if (active < 0 || (persistent = gpuvm_virt.DomainIsPersistent(domain->dom)) < 0 ||
        gpuvm_virt.DomainGetState(domain->dom, &state, NULL, 0) < 0 ||
        (persistent && gpuvm_virt.DomainGetAutostart(domain->dom, &autostart) < 0)) {
        if (gpuvm_virt_error() != VIR_ERR_NO_DOMAIN)
            return gpuvm_virt_failed(error, "cannot read the state of domain '%s'", domain->name);
        active = persistent = autostart = 0;
        state = VIR_DOMAIN_SHUTOFF;
    }
    domain->active = active;
    domain->persistent = persistent;
    domain->autostart = autostart;
    domain->state = state;
    return true;
}

/* What the handle itself tells, without asking the host. Takes ownership of @dom. */
static gpuvm_domain *
wrap(virDomain *dom, GError **error)
{
    g_autoptr(gpuvm_domain) domain = g_new0(gpuvm_domain, 1);
    char uuid[VIR_UUID_STRING_BUFLEN];

    domain->dom = dom;
    domain->name = g_strdup(gpuvm_virt.DomainGetName(dom));
    if (!domain->name || gpuvm_virt.DomainGetUUIDString(dom, uuid) < 0) {
        gpuvm_virt_failed(error, "cannot read a domain's name");
        return NULL;
    }
    domain->uuid = g_strdup(uuid);
    return g_steal_pointer(&domain);
}

/* Takes ownership of @dom. */
static gpuvm_domain *
look_at(virDomain *dom, GError **error)
{
    g_autoptr(gpuvm_domain) domain = wrap(dom, error);

    return domain && gpuvm_domain_refresh(domain, error) ? g_steal_pointer(&domain) : NULL;
}

/* a domain that vanished while it was read */
static bool
is_gone(const gpuvm_domain *domain)
{
    return !domain->active && !domain->persistent;
}

bool
gpuvm_domain_find(gpuvm_connection *connection, const char *name, gpuvm_domain **ret_domain, GError **error)
{
    virDomain *dom = gpuvm_virt.DomainLookupByName(connection->conn, name);
    g_autoptr(gpuvm_domain) domain = NULL;

    if (dom) {
        domain = look_at(dom, error);
        if (!domain)
            return false;
    } else if (gpuvm_virt_error() != VIR_ERR_NO_DOMAIN) {
        return gpuvm_virt_failed(error, "cannot look up domain '%s'", name);
    }
    *ret_domain = domain && !is_gone(domain) ? g_steal_pointer(&domain) : NULL;
    return true;
}

gpuvm_domain *
gpuvm_domain_apart(const gpuvm_domain *domain)
{
    g_autofree char *uri = gpuvm_virt.ConnectGetURI(gpuvm_virt.DomainGetConnect(domain->dom));
    g_autoptr(gpuvm_connection) connection = uri ? gpuvm_connection_open(uri, NULL) : NULL;

    return connection ? gpuvm_domain_get(connection, domain->name, NULL) : NULL;
}

static void
fail_absent(gpuvm_connection *connection, const char *name, GError **error)
{
    g_autoptr(GPtrArray) domains = gpuvm_domain_list(connection, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;

    for (guint i = 0; domains && i < domains->len; i++)
        g_ptr_array_add(names, ((gpuvm_domain *)g_ptr_array_index(domains, i))->name);
    nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST, "no VM is named '%s'\n%s%s%s", name,
                nearest          ? "did you mean '"
                : names->len > 0 ? "`gpuvm list --all` names the VMs there are"
                                 : "none is defined here: to make one, gpuvm define FILE",
                nearest ? nearest : "", nearest ? "'?" : "");
}

gpuvm_domain *
gpuvm_domain_get(gpuvm_connection *connection, const char *name, GError **error)
{
    gpuvm_domain *domain = NULL;

    if (gpuvm_domain_find(connection, name, &domain, error) && !domain)
        fail_absent(connection, name, error);
    return domain;
}

static void
free_domain(gpointer domain)
{
    gpuvm_domain_free(domain);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    const gpuvm_domain *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/* What a list of libvirt's tells of all domains at once, which each would have to be asked for by itself. */
static const struct {
    unsigned flag;
    int state;
} filters[] = {
    {VIR_CONNECT_LIST_DOMAINS_PERSISTENT, 0},
    {VIR_CONNECT_LIST_DOMAINS_AUTOSTART, 0},
    {VIR_CONNECT_LIST_DOMAINS_RUNNING, VIR_DOMAIN_RUNNING},
    {VIR_CONNECT_LIST_DOMAINS_PAUSED, VIR_DOMAIN_PAUSED},
    {VIR_CONNECT_LIST_DOMAINS_SHUTOFF, VIR_DOMAIN_SHUTOFF},
};

static void
learn(gpuvm_domain *domain, virDomain *dom, unsigned flag, int state)
{
    if (flag == VIR_CONNECT_LIST_DOMAINS_PERSISTENT) {
        domain->persistent = true;
    } else if (flag == VIR_CONNECT_LIST_DOMAINS_AUTOSTART) {
        domain->autostart = true;
    } else {
        domain->state = state;
        domain->active = gpuvm_virt.DomainGetID(dom) != (unsigned)-1;
    }
}

/* What the lists tell of @domains, by their UUIDs. */
static bool
look_at_all(gpuvm_connection *connection, GHashTable *domains, GError **error)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    for (size_t f = 0; f < G_N_ELEMENTS(filters); f++) {
        g_autoptr(GPtrArray) doms = gpuvm_connection_domains(connection, filters[f].flag, error);

        for (guint i = 0; doms && i < doms->len; i++) {
            gpuvm_domain *domain = gpuvm_virt.DomainGetUUIDString(doms->pdata[i], uuid) == 0
                                       ? g_hash_table_lookup(domains, uuid)
                                       : NULL;
            if (domain)
                learn(domain, doms->pdata[i], filters[f].flag, filters[f].state);
        }
        if (!doms)
            return false;
    }
    return true;
}

GPtrArray *
gpuvm_domain_list(gpuvm_connection *connection, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_domain);
    g_autoptr(GHashTable) domains = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) doms = gpuvm_connection_domains(connection, 0, error);

    for (guint i = 0; doms && i < doms->len; i++) {
        gpuvm_domain *domain;

        gpuvm_virt.DomainRef(doms->pdata[i]);
        domain = wrap(doms->pdata[i], error);
        if (!domain)
            return NULL;
        domain->state = GPUVM_UNKNOWN;
        g_ptr_array_add(list, domain);
        g_hash_table_insert(domains, domain->uuid, domain);
    }
    if (!doms || !look_at_all(connection, domains, error))
        return NULL;
    for (guint i = list->len; i-- > 0;) {
        gpuvm_domain *domain = list->pdata[i];

        /* of another state, or changing it right now */
        if (domain->state == GPUVM_UNKNOWN && !gpuvm_domain_refresh(domain, error))
            return NULL;
        if (is_gone(domain))
            g_ptr_array_remove_index(list, i);
    }
    g_ptr_array_sort(list, compare_names);
    return g_steal_pointer(&list);
}

char *
gpuvm_domain_xml(gpuvm_domain *domain, bool inactive, GError **error)
{
    char *xml = gpuvm_virt.DomainGetXMLDesc(domain->dom, inactive ? VIR_DOMAIN_XML_INACTIVE : 0);

    if (!xml)
        gpuvm_virt_failed(error, "cannot read domain '%s'", domain->name);
    return xml;
}

gpuvm_claim *
gpuvm_domain_claim(gpuvm_domain *domain, xmlDoc **ret_definition, xmlDoc **ret_live, GError **error)
{
    g_autofree char *xml = gpuvm_domain_xml(domain, true, error);
    g_autofree char *live_xml = xml && domain->active ? gpuvm_domain_xml(domain, false, error) : NULL;
    g_autoptr(xmlDoc) definition = NULL, live = NULL;
    g_autoptr(gpuvm_claim) claim = NULL;

    if (!xml || (domain->active && !live_xml))
        return NULL;
    definition = gpuvm_xml_parse(xml, strlen(xml), "domain", error);
    live = definition && live_xml ? gpuvm_xml_parse(live_xml, strlen(live_xml), "domain", error) : NULL;
    if (!definition || (live_xml && !live))
        return NULL;
    claim = gpuvm_claim_from_element(xmlDocGetRootElement(definition), error);
    if (!claim || (live && !gpuvm_claim_run_element(claim, xmlDocGetRootElement(live), error)))
        return NULL;
    *ret_definition = g_steal_pointer(&definition);
    *ret_live = g_steal_pointer(&live);
    return g_steal_pointer(&claim);
}

static char *
read_metadata(gpuvm_domain *domain, const char *uri, unsigned flags, GError **error)
{
    char *element = gpuvm_virt.DomainGetMetadata(domain->dom, VIR_DOMAIN_METADATA_ELEMENT, uri, flags);

    if (!element && gpuvm_virt_error() != VIR_ERR_NO_DOMAIN_METADATA)
        gpuvm_virt_failed(error, "cannot read the metadata of domain '%s'", domain->name);
    return element;
}

char *
gpuvm_domain_metadata(gpuvm_domain *domain, const char *uri, GError **error)
{
    return read_metadata(domain, uri, domain->persistent ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE,
                         error);
}

char *
gpuvm_domain_running_metadata(gpuvm_domain *domain, const char *uri, GError **error)
{
    return domain->active ? read_metadata(domain, uri, VIR_DOMAIN_AFFECT_LIVE, error) : NULL;
}

bool
gpuvm_domain_set_metadata(gpuvm_domain *domain, const char *prefix, const char *uri, const char *element,
                          GError **error)
{
    if (gpuvm_virt.DomainSetMetadata(domain->dom, VIR_DOMAIN_METADATA_ELEMENT, element, prefix, uri,
                                     VIR_DOMAIN_AFFECT_CONFIG) < 0)
        return gpuvm_virt_failed(error, "cannot write the metadata of domain '%s'", domain->name);
    return true;
}

gpuvm_domain *
gpuvm_domain_define(gpuvm_connection *connection, const char *xml, const gpuvm_domain *before, GError **error)
{
    gpuvm_domain *domain;
    virDomain *dom = gpuvm_virt.DomainDefineXMLFlags(connection->conn, xml, VIR_DOMAIN_DEFINE_VALIDATE);

    if (!dom) {
        gpuvm_virt_failed(error, "cannot define the domain");
        return NULL;
    }
    domain = wrap(dom, error);
    if (!domain)
        return NULL;
    domain->active = gpuvm_virt.DomainGetID(dom) != (unsigned)-1;
    domain->persistent = true;
    domain->autostart = before && before->autostart;
    domain->state = before ? before->state : VIR_DOMAIN_SHUTOFF;
    return domain;
}

bool
gpuvm_domain_set_autostart(gpuvm_domain *domain, bool autostart, GError **error)
{
    if (gpuvm_virt.DomainSetAutostart(domain->dom, autostart) < 0)
        return gpuvm_virt_failed(error, "cannot set autostart of domain '%s'", domain->name);
    domain->autostart = autostart;
    return true;
}

bool
gpuvm_domain_start(gpuvm_domain *domain, GError **error)
{
    if (gpuvm_virt.DomainCreate(domain->dom) < 0)
        return gpuvm_virt_failed(error, "cannot start domain '%s'", domain->name);
    domain->active = true;
    domain->state = VIR_DOMAIN_RUNNING;
    return true;
}

gpuvm_domain *
gpuvm_domain_create(gpuvm_connection *connection, const char *xml, GError **error)
{
    /* the test driver, which has no UEFI variables, refuses the flag for them */
    unsigned flags = VIR_DOMAIN_START_VALIDATE | (connection->test ? 0 : VIR_DOMAIN_START_RESET_NVRAM);
    virDomain *dom = gpuvm_virt.DomainCreateXML(connection->conn, xml, flags);
    gpuvm_domain *domain;

    if (!dom) {
        gpuvm_virt_failed(error, "cannot start the domain");
        return NULL;
    }
    gpuvm_virt.DomainRef(dom);
    domain = wrap(dom, error);
    if (domain) {
        domain->active = true;
        domain->state = VIR_DOMAIN_RUNNING;
    } else {
        gpuvm_virt.DomainDestroy(dom);
    }
    gpuvm_virt.DomainFree(dom);
    return domain;
}

bool
gpuvm_domain_is_listed(gpuvm_connection *connection, const char *name)
{
    virDomain *dom = gpuvm_virt.DomainLookupByName(connection->conn, name);

    if (dom)
        gpuvm_virt.DomainFree(dom);
    return dom != NULL;
}

/* After stopping failed: that it went off by itself meanwhile is as good. */
static bool
off_or_failed(gpuvm_domain *domain, const char *what, GError **error)
{
    g_autoptr(GError) why = NULL;

    gpuvm_virt_failed(&why, "cannot %s domain '%s'", what, domain->name);
    if (gpuvm_domain_refresh(domain, NULL) && !domain->active)
        return true;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
gpuvm_domain_shutdown(gpuvm_domain *domain, GError **error)
{
    if (!domain->active || gpuvm_virt.DomainShutdownFlags(domain->dom, 0) == 0)
        return true;
    return off_or_failed(domain, "shut down", error);
}

void
gpuvm_domain_press_power(gpuvm_domain *domain)
{
    gpuvm_virt.DomainShutdownFlags(domain->dom, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
}

bool
gpuvm_domain_destroy(gpuvm_domain *domain, GError **error)
{
    if (!domain->active)
        return true;
    if (gpuvm_virt.DomainDestroy(domain->dom) < 0)
        return off_or_failed(domain, "stop", error);
    return gpuvm_domain_refresh(domain, error);
}

bool
gpuvm_domain_undefine(gpuvm_domain *domain, bool nvram, GError **error)
{
    const unsigned basic = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
    const unsigned full = basic | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
                          (nvram ? VIR_DOMAIN_UNDEFINE_NVRAM : VIR_DOMAIN_UNDEFINE_KEEP_NVRAM);
    int result = gpuvm_virt.DomainUndefineFlags(domain->dom, full);

    /* a hypervisor without checkpoints or UEFI variables, such as the test driver, refuses the flags for them
     */
    if (result < 0 && gpuvm_virt_error() == VIR_ERR_INVALID_ARG)
        result = gpuvm_virt.DomainUndefineFlags(domain->dom, basic);
    if (result < 0 && gpuvm_virt_error() != VIR_ERR_NO_DOMAIN)
        return gpuvm_virt_failed(error, "cannot undefine domain '%s'", domain->name);
    domain->persistent = false;
    domain->autostart = false;
    return true;
}

const char *
gpuvm_domain_state_name(int state)
{
    static const char *const names[] = {
        [VIR_DOMAIN_NOSTATE] = "no state",     [VIR_DOMAIN_RUNNING] = "running",
        [VIR_DOMAIN_BLOCKED] = "idle",         [VIR_DOMAIN_PAUSED] = "paused",
        [VIR_DOMAIN_SHUTDOWN] = "in shutdown", [VIR_DOMAIN_SHUTOFF] = "shut off",
        [VIR_DOMAIN_CRASHED] = "crashed",      [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
    };

    return state >= 0 && (size_t)state < G_N_ELEMENTS(names) ? names[state] : "no state";
}
