/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/connection.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/uri.h>

#include "host/capabilities.h"
#include "host/claims.h"
#include "host/nodedev.h"
#include "host/sysfs.h"
#include "model/pcixml.h"

#define THREADS 4 /* libvirtd serves five calls of a client at once */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlURI, xmlFreeURI)

static const char *const local_schemes[] = {
    "qemu", "qemu+unix", "xen", "xen+unix", "ch", "ch+unix", "lxc", "lxc+unix", NULL,
};

/* @uri: NULL is none. */
static bool
is_local(const xmlURI *uri)
{
    return uri && uri->scheme && !(uri->server && *uri->server) &&
           g_strv_contains(local_schemes, uri->scheme);
}

bool
gpuvm_connection_is_local(const char *text)
{
    g_autoptr(xmlURI) uri = xmlParseURI(text);

    return is_local(uri);
}

/*
 * A remote host has many URIs, and one name: without its domain, which it does not always know. Two of one name exclude each other
 * without need.
 */
static bool
find_server(gpuvm_connection *connection, GError **error)
{
    g_autofree char *name = gpuvm_virt.ConnectGetHostname(connection->conn);
    size_t length = name ? strcspn(name, ".") : 0;
    const char *own = g_get_host_name();

    if (!name)
        return gpuvm_virt_failed(error, "cannot read the name of the host of %s", connection->uri);
    if (length != strcspn(own, ".") || g_ascii_strncasecmp(name, own, length) != 0)
        connection->server = g_ascii_strdown(name, (gssize)length);
    return true;
}

char *
gpuvm_connection_host_file(const char *text)
{
    g_autoptr(xmlURI) uri = xmlParseURI(text);

    return uri && g_strcmp0(uri->scheme, "test") == 0 && !(uri->server && *uri->server) &&
                   g_strcmp0(uri->path, "/default") != 0
               ? g_strdup(uri->path)
               : NULL;
}

/* libvirt reads URIs with the same parser */
static bool
look_at_uri(gpuvm_connection *connection, GError **error)
{
    g_autoptr(xmlURI) uri = xmlParseURI(connection->uri);

    connection->test = uri && uri->scheme && g_str_has_prefix(uri->scheme, "test");
    if (uri && uri->server && *uri->server)
        return find_server(connection, error);
    connection->local = is_local(uri);
    connection->host_file = gpuvm_connection_host_file(connection->uri);
    return true;
}

gpuvm_connection *
gpuvm_connection_open(const char *uri, GError **error)
{
    g_autoptr(gpuvm_connection) connection = NULL;
    g_autofree char *actual = NULL;

    if (!gpuvm_virt_load(error))
        return NULL;
    connection = g_new0(gpuvm_connection, 1);
    connection->conn = gpuvm_virt.ConnectOpenAuth(uri, *gpuvm_virt.ConnectAuthPtrDefault, 0);
    if (connection->conn)
        actual = gpuvm_virt.ConnectGetURI(connection->conn);
    if (!actual) {
        const char *shown = uri ? uri : g_getenv("LIBVIRT_DEFAULT_URI");
        gpuvm_virt_failed(error, "cannot connect to %s", shown && *shown ? shown : "the default hypervisor");
        return NULL;
    }
    connection->uri = g_strdup(actual);
    return look_at_uri(connection, error) ? g_steal_pointer(&connection) : NULL;
}

void
gpuvm_connection_close(gpuvm_connection *connection)
{
    if (!connection)
        return;
    if (connection->conn)
        gpuvm_virt.ConnectClose(connection->conn);
    g_free(connection->uri);
    g_free(connection->server);
    g_free(connection->host_file);
    g_free(connection);
}

char *
gpuvm_connection_hostname(gpuvm_connection *connection)
{
    return gpuvm_virt.ConnectGetHostname(connection->conn);
}

bool
gpuvm_connection_version(gpuvm_connection *connection, uint64_t *ret_version, GError **error)
{
    if (connection->version == 0 &&
        gpuvm_virt.ConnectGetLibVersion(connection->conn, &connection->version) < 0)
        return gpuvm_virt_failed(error, "cannot read the version of libvirt");
    *ret_version = connection->version;
    return true;
}

bool
gpuvm_connection_add_device(gpuvm_connection *connection, const char *xml, gpuvm_facts *facts, GError **error)
{
    g_autoptr(GError) malformed = NULL;
    gpuvm_device *device = gpuvm_nodedev_parse(xml, &malformed);

    if (malformed) {
        g_propagate_error(error, g_steal_pointer(&malformed));
        return false;
    }
    /* one that is known stays: plans borrow from it */
    if (!device || gpuvm_facts_device(facts, &device->addr)) {
        gpuvm_device_free(device);
        return true;
    }
    if (connection->local)
        gpuvm_sysfs_fill("", device);
    facts->local = connection->local;
    facts->iommu |= device->iommu_group != GPUVM_UNKNOWN;
    gpuvm_facts_add_device(facts, device);
    return true;
}

/* Reads @node's XML into *@ret_xml; NULL, which is success, when the device is gone. */
static bool
read_device(virNodeDevice *node, char **ret_xml, GError **error)
{
    char *xml = gpuvm_virt.NodeDeviceGetXMLDesc(node, 0);

    if (!xml && gpuvm_virt_error() != VIR_ERR_NO_NODE_DEVICE)
        return gpuvm_virt_failed(error, "cannot read a PCI device of the host");
    *ret_xml = xml;
    return true;
}

bool
gpuvm_connection_device(gpuvm_connection *connection, const gpuvm_pci_addr *addr, gpuvm_facts *facts,
                        GError **error)
{
    g_autofree char *name = gpuvm_pci_addr_nodedev(addr);
    g_autofree char *xml = NULL;
    virNodeDevice *node;
    bool read;

    if (gpuvm_facts_device(facts, addr))
        return true;
    node = gpuvm_virt.NodeDeviceLookupByName(connection->conn, name);
    if (!node)
        return gpuvm_virt_error() == VIR_ERR_NO_NODE_DEVICE ||
               gpuvm_virt_failed(error, "cannot look up PCI device %s", GPUVM_PCI(addr));
    read = read_device(node, &xml, error);
    gpuvm_virt.NodeDeviceFree(node);
    return read && (!xml || gpuvm_connection_add_device(connection, xml, facts, error));
}

bool
gpuvm_connection_reattach(gpuvm_connection *connection, const gpuvm_pci_addr *addr, GError **error)
{
    g_autofree char *name = gpuvm_pci_addr_nodedev(addr);
    virNodeDevice *node = gpuvm_virt.NodeDeviceLookupByName(connection->conn, name);
    bool done = node && gpuvm_virt.NodeDeviceReAttach(node) == 0;

    if (!done)
        gpuvm_virt_failed(error, "cannot give device %s back to its driver", GPUVM_PCI(addr));
    if (node)
        gpuvm_virt.NodeDeviceFree(node);
    return done;
}

GPtrArray *
gpuvm_connection_list_devices(gpuvm_connection *connection, GError **error)
{
    g_autoptr(GPtrArray) xmls = g_ptr_array_new_with_free_func(free);
    g_autofree virNodeDevice **nodes = NULL;
    bool right = true;
    int n;

    /* no other flags: the test driver refuses those */
    n = gpuvm_virt.ConnectListAllNodeDevices(connection->conn, &nodes,
                                             VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
    if (n < 0) {
        gpuvm_virt_failed(error, "cannot list the PCI devices of the host");
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        char *xml = NULL;

        right = right && read_device(nodes[i], &xml, error);
        if (xml)
            g_ptr_array_add(xmls, xml);
        gpuvm_virt.NodeDeviceFree(nodes[i]);
    }
    return right ? g_steal_pointer(&xmls) : NULL;
}

bool
gpuvm_connection_devices(gpuvm_connection *connection, gpuvm_facts *facts, GError **error)
{
    g_autoptr(GPtrArray) xmls = gpuvm_connection_list_devices(connection, error);

    for (guint i = 0; xmls && i < xmls->len; i++)
        if (!gpuvm_connection_add_device(connection, xmls->pdata[i], facts, error))
            return false;
    if (xmls && connection->local)
        gpuvm_sysfs_slots("", facts);
    return xmls != NULL;
}

bool
gpuvm_connection_capabilities(gpuvm_connection *connection, gpuvm_facts *facts, GError **error)
{
    g_autofree char *xml = gpuvm_virt.ConnectGetCapabilities(connection->conn);

    if (!xml)
        return gpuvm_virt_failed(error, "cannot read the host's capabilities");
    return gpuvm_capabilities_parse(
        xml, connection->host_file ? GPUVM_CAPABILITIES_GUEST : GPUVM_CAPABILITIES_ALL, facts, error);
}

/* The test driver makes numbers up. */
bool
gpuvm_connection_free_pages(gpuvm_connection *connection, gpuvm_facts *facts, GError **error)
{
    for (guint c = 0; c < facts->cells->len && !connection->test; c++) {
        const gpuvm_cell *cell = facts->cells->pdata[c];

        for (guint p = 0; p < cell->pages->len; p++) {
            gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, p);
            unsigned size = (unsigned)pages->size_kib;
            unsigned long long n = 0;

            if (gpuvm_virt.NodeGetFreePages(connection->conn, 1, &size, cell->id, 1, &n, 0) > 0)
                pages->free = n;
            else if (gpuvm_virt_error() != VIR_ERR_NO_SUPPORT)
                return gpuvm_virt_failed(error, "cannot read how many hugepages of the host are free");
        }
    }
    return true;
}

/* Reads the domain's XML into *@xml; NULL, which is success, when the domain is gone. */
static bool
read_domain(virDomain *domain, unsigned flags, char **ret_xml, GError **error)
{
    char *xml = gpuvm_virt.DomainGetXMLDesc(domain, flags);

    if (!xml && gpuvm_virt_error() != VIR_ERR_NO_DOMAIN) {
        gpuvm_virt_failed(error, "cannot read it");
        /* not before: asking for the name puts an end to the error */
        g_prefix_error(error, "domain '%s': ", gpuvm_virt.DomainGetName(domain));
        return false;
    }
    *ret_xml = xml;
    return true;
}

static void
free_domain(gpointer domain)
{
    gpuvm_virt.DomainFree(domain);
}

GPtrArray *
gpuvm_connection_domains(gpuvm_connection *connection, unsigned flags, GError **error)
{
    virDomain **domains = NULL;
    int n = gpuvm_virt.ConnectListAllDomains(connection->conn, &domains, flags);
    GPtrArray *list;

    if (n < 0) {
        gpuvm_virt_failed(error, "cannot list the host's domains");
        return NULL;
    }
    list = g_ptr_array_new_full((guint)n, free_domain);
    for (int i = 0; i < n; i++)
        g_ptr_array_add(list, domains[i]);
    free(domains);
    return list;
}

/* A domain whose claim is wanted. */
typedef struct question {
    virDomain *domain;
    gpuvm_claim *claim; /* NULL: it is gone */
    GError *error;
} question;

typedef struct inquiry {
    question *questions;
    guint n, next; /* the one that no thread has taken yet */
} inquiry;

/*
 * Most definitions name no PCI device, and pin no CPU: those without the words for it are not parsed, which costs as much as
 * asking. Of what runs, the disks are of interest, too.
 */
static gpuvm_claim *
parse_claim(virDomain *domain, const char *definition, const char *live, GError **error)
{
    g_autoptr(gpuvm_claim) claim = NULL;

    if (!live && !gpuvm_xml_may_take_pci(definition) && !strstr(definition, "<vcpupin "))
        return gpuvm_claim_new(gpuvm_virt.DomainGetName(domain), NULL);
    claim = gpuvm_claim_parse(definition, error);
    return claim && (!live || gpuvm_claim_run(claim, live, error)) ? g_steal_pointer(&claim) : NULL;
}

static void
ask_claim(question *asked)
{
    bool active = gpuvm_virt.DomainGetID(asked->domain) != (unsigned)-1;
    g_autofree char *definition = NULL, *live = NULL;

    if (read_domain(asked->domain, VIR_DOMAIN_XML_INACTIVE, &definition, &asked->error) &&
        (!active || read_domain(asked->domain, 0, &live, &asked->error)) && definition)
        asked->claim = parse_claim(asked->domain, definition, live, &asked->error);
    if (asked->claim && asked->claim->left && gpuvm_virt.DomainIsPersistent(asked->domain) == 0)
        asked->claim->left = false; /* it is just being started */
}

static gpointer
ask_claims(gpointer data)
{
    inquiry *all = data;

    for (guint i; (i = g_atomic_int_add(&all->next, 1)) < all->n;)
        ask_claim(&all->questions[i]);
    return NULL;
}

/*
 * At once, by threads on the one connection, whose calls are short: when libvirt 9.0's client loses a wake-up
 * (gpuvm_domain_apart), a call waits no longer than for the one that is under way. This thread does what others that could
 * not be made would have done.
 */
static void
ask_together(inquiry *all)
{
    GThread *threads[THREADS - 1];
    guint n = 0;

    while (n < G_N_ELEMENTS(threads) && n + 1 < all->n &&
           (threads[n] = g_thread_try_new("claims", ask_claims, all, NULL)))
        n++;
    ask_claims(all);
    while (n > 0)
        g_thread_join(threads[--n]);
}

bool
gpuvm_connection_claims(gpuvm_connection *connection, gpuvm_facts *facts, GError **error)
{
    g_autoptr(GPtrArray) domains = gpuvm_connection_domains(connection, 0, error);
    guint n = domains ? domains->len : 0;
    g_autofree question *questions = g_new0(question, n);
    bool right = domains != NULL;

    for (guint i = 0; i < n; i++)
        questions[i].domain = domains->pdata[i];
    ask_together(&(inquiry){.questions = questions, .n = n});
    for (guint i = 0; right && i < n; i++) {
        right = !questions[i].error;
        if (!right)
            g_propagate_error(error, g_steal_pointer(&questions[i].error));
    }
    for (guint i = 0; i < n; i++) {
        if (right && questions[i].claim)
            gpuvm_facts_add_claim(facts, questions[i].claim);
        else
            gpuvm_claim_free(questions[i].claim);
        g_clear_error(&questions[i].error);
    }
    return right;
}
