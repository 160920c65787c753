/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain.h: libvirt's domains by name: read, define, start, stop, undefine
 *
 * Errors are those of gpuvm_virt_failed (host/virt.h) unless said otherwise.
 */
#pragma once

#include "base/xml.h"
#include "host/connection.h"

typedef struct gpuvm_domain {
    virDomainPtr dom;
    char *name;
    char *uuid;
    /* as they were when it was looked up, and after each change made through this object */
    bool active;
    bool persistent;
    bool autostart;
    int state; /* virDomainState */
} gpuvm_domain;

void gpuvm_domain_free(gpuvm_domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_domain, gpuvm_domain_free)

/** Another object for the same domain: for another thread. */
gpuvm_domain *gpuvm_domain_copy(const gpuvm_domain *domain);

/**
 * The same domain on a connection of its own, which ends with it; NULL when there is none to be had. For calls that may
 * take long: what another thread asks on the same connection meanwhile may not be sent until they end (libvirt
 * 9.0: the wake-up of the thread that waits in virNetClient's event loop may be lost).
 */
gpuvm_domain *gpuvm_domain_apart(const gpuvm_domain *domain);

/** Reads again what may change. A transient domain that is gone is off. */
bool gpuvm_domain_refresh(gpuvm_domain *domain, GError **error);

/** The domain @name. That there is none is success with *@ret_domain NULL. */
bool
gpuvm_domain_find(gpuvm_connection *connection, const char *name, gpuvm_domain **ret_domain, GError **error);

/** As above, but that there is none is an error (GPUVM_EXIT_HOST) with the nearest name as a hint. */
gpuvm_domain *gpuvm_domain_get(gpuvm_connection *connection, const char *name, GError **error);

/** All domains, by name (gpuvm_domain, owned by the array). */
GPtrArray *gpuvm_domain_list(gpuvm_connection *connection, GError **error);

/** Its XML (g_free): the persistent one when @inactive, else the live one when it runs. */
char *gpuvm_domain_xml(gpuvm_domain *domain, bool inactive, GError **error);

/**
 * The PCI devices that it has, and those that its definition, *@ret_definition, names for its next start; what it runs with is
 * *@ret_live, NULL when it is off (both xmlFreeDoc).
 */
gpuvm_claim *
gpuvm_domain_claim(gpuvm_domain *domain, xmlDoc **ret_definition, xmlDoc **ret_live, GError **error);

/**
 * The element of @uri's namespace in its persistent metadata (of a transient domain, which has none, the live
 * one), without its prefix (g_free); NULL without @error when there is none.
 */
char *gpuvm_domain_metadata(gpuvm_domain *domain, const char *uri, GError **error);

/** The same of what it runs with (g_free); NULL without @error when it is off, too. */
char *gpuvm_domain_running_metadata(gpuvm_domain *domain, const char *uri, GError **error);

/** Puts @element, without a namespace, into the persistent metadata as @prefix of @uri's, in place of one that is there. */
bool gpuvm_domain_set_metadata(gpuvm_domain *domain, const char *prefix, const char *uri, const char *element,
                               GError **error);

/**
 * Defines @xml, validated against libvirt's schema. @before is the domain that it replaces, NULL when there is
 * none: what a definition does not change, autostart and the state, is taken from there and not asked for again.
 */
gpuvm_domain *gpuvm_domain_define(gpuvm_connection *connection, const char *xml, const gpuvm_domain *before,
                                  GError **error);

bool gpuvm_domain_set_autostart(gpuvm_domain *domain, bool autostart, GError **error);
bool gpuvm_domain_start(gpuvm_domain *domain, GError **error);

/**
 * Starts @xml, validated against libvirt's schema, as a transient domain: when it is off, there is none. UEFI variables that an
 * earlier one of its name left are made anew.
 */
gpuvm_domain *gpuvm_domain_create(gpuvm_connection *connection, const char *xml, GError **error);

/** Whether libvirt has a domain @name already, though it may be none to act on yet: it is just being created. */
bool gpuvm_domain_is_listed(gpuvm_connection *connection, const char *name);

/** Asks the guest to shut down. One that is off already is success: @domain->active tells. */
bool gpuvm_domain_shutdown(gpuvm_domain *domain, GError **error);

/** Presses the power button of its guest (ACPI), as far as it has one. */
void gpuvm_domain_press_power(gpuvm_domain *domain);

/** Stops it at once, as if its power was cut; one that is off already is success. */
bool gpuvm_domain_destroy(gpuvm_domain *domain, GError **error);

/**
 * Removes its definition, with its saved state and its snapshots' records; with its UEFI variables when @nvram. That
 * there is none any more is success; one that runs goes on without.
 */
bool gpuvm_domain_undefine(gpuvm_domain *domain, bool nvram, GError **error);

/** "running", "shut off", … as virsh says it. */
const char *gpuvm_domain_state_name(int state);
