/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * connection.h: facts of a host, asked of libvirt; only what is asked for, and nothing twice
 *
 * Errors are those of gpuvm_virt_failed (host/virt.h). A device or domain that vanishes while it is being
 * read is as good as one that was never there.
 */
#pragma once

#include "host/virt.h"
#include "model/facts.h"

typedef struct gpuvm_connection {
    virConnectPtr conn;
    char *uri;             /* as libvirt knows it, the default resolved */
    char *server;          /* the name of the remote host; NULL: it is this machine, or a host of its name */
    bool local;            /* this machine's hypervisor: /sys and /proc are the host's */
    bool test;             /* libvirt's test driver: nothing runs, and nothing is stored */
    char *host_file;       /* of a test:///path connection: the file its facts come from; NULL */
    unsigned long version; /* of its libvirt; 0: not asked yet */
} gpuvm_connection;

/**
 * Opens @uri (NULL: LIBVIRT_DEFAULT_URI, else libvirt's own default) for reading and writing; ssh and SASL
 * may ask the user at the terminal. Loads libvirt when it is not loaded.
 */
gpuvm_connection *gpuvm_connection_open(const char *uri, GError **error);

/** Whether @uri names this machine's hypervisor, with its /sys and /proc. */
bool gpuvm_connection_is_local(const char *uri);

/** The host file that the facts of a connection to @uri come from, "test:///path"; NULL: none. g_malloc. */
char *gpuvm_connection_host_file(const char *uri);

/** The host's name; NULL: libvirt does not tell it. g_malloc. */
char *gpuvm_connection_hostname(gpuvm_connection *connection);

/** The version of its libvirt, as libvirt counts: 9000000 is 9.0.0. It is asked for once. */
bool gpuvm_connection_version(gpuvm_connection *connection, uint64_t *ret_version, GError **error);

void gpuvm_connection_close(gpuvm_connection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_connection, gpuvm_connection_close)

/**
 * Adds the function at @addr to @facts, with sysfs additions when local; that there is none is not an error. One that
 * @facts has already is not asked for again.
 */
bool gpuvm_connection_device(gpuvm_connection *connection, const gpuvm_pci_addr *addr, gpuvm_facts *facts,
                             GError **error);

/** Returns the function at @addr from vfio-pci to the driver that is its own. */
bool gpuvm_connection_reattach(gpuvm_connection *connection, const gpuvm_pci_addr *addr, GError **error);

/** The XML of every PCI function of the host, as libvirt gives it (char *, owned by the array). */
GPtrArray *gpuvm_connection_list_devices(gpuvm_connection *connection, GError **error);

/** Adds the PCI function that @xml is to @facts, with sysfs additions when local; one that is there already stays. */
bool gpuvm_connection_add_device(gpuvm_connection *connection, const char *xml, gpuvm_facts *facts,
                                 GError **error);

/** Adds every PCI function of the host that is not in @facts yet. */
bool gpuvm_connection_devices(gpuvm_connection *connection, gpuvm_facts *facts, GError **error);

/**
 * Adds capabilities: cells, memory, CPUs, arch, the domain type (kvm, else qemu, else what there is),
 * emulator. On a host_file connection only the last three: what the test driver makes of the file's machine
 * is not the file's.
 */
bool gpuvm_connection_capabilities(gpuvm_connection *connection, gpuvm_facts *facts, GError **error);

/** Fills in how many pages of each size the cells in @facts have free. */
bool gpuvm_connection_free_pages(gpuvm_connection *connection, gpuvm_facts *facts, GError **error);

/** The domains that @flags (virConnectListAllDomainsFlags) are for: virDomainPtr, owned by the array. */
GPtrArray *gpuvm_connection_domains(gpuvm_connection *connection, unsigned flags, GError **error);

/** Adds every domain with PCI devices, for now or its next start, to @facts' claims; on errors, none. */
bool gpuvm_connection_claims(gpuvm_connection *connection, gpuvm_facts *facts, GError **error);
