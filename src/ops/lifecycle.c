/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/lifecycle.h"

#include <fnmatch.h>

#include "core/drift.h"
#include "host/terminal.h"
#include "host/watchdog.h"
#include "ops/clustervm.h"
#include "ops/imagestore.h"
#include "ops/locks.h"

const char *const gpuvm_change_names[] = {"created", "updated", "unchanged", "removed"};

void
gpuvm_refuse_foreign(gpuvm_session *session, const char *name)
{
    gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                      "domain '%s' was not defined by gpuvm", name),
                    "use virsh, or take it over: gpuvm define --adopt FILE");
}

gpuvm_domain *
gpuvm_find_managed(gpuvm_session *session, const char *name, gpuvm_record **ret_record)
{
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autofree char *metadata = NULL;
    gpuvm_record *record = NULL;
    GError *error = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    domain = gpuvm_domain_get(session->connection, name, &error);
    if (!domain) {
        gpuvm_session_fail(session, error);
        gpuvm_clustervm_hint_where(session, name);
        return NULL;
    }
    metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, &error);
    if (metadata)
        record = gpuvm_record_parse(metadata, &error);
    if (error) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    if (!record) {
        gpuvm_refuse_foreign(session, name);
        return NULL;
    }
    *ret_record = record;
    return g_steal_pointer(&domain);
}

gpuvm_record *
gpuvm_running_record(gpuvm_session *session, gpuvm_domain *domain)
{
    GError *error = NULL;
    g_autofree char *metadata = gpuvm_domain_running_metadata(domain, GPUVM_METADATA_NS, &error);

    if (error)
        gpuvm_session_fail(session, error);
    return metadata ? gpuvm_record_parse(metadata, NULL) : NULL;
}

/* Takes both. */
static gpuvm_instance *
new_instance(gpuvm_domain *domain, gpuvm_record *record)
{
    gpuvm_instance *instance = g_new0(gpuvm_instance, 1);

    instance->domain = domain;
    instance->record = record;
    instance->drifted = GPUVM_UNKNOWN;
    return instance;
}

gpuvm_instance *
gpuvm_instance_find(gpuvm_session *session, const char *name)
{
    gpuvm_record *record = NULL;
    gpuvm_domain *domain = gpuvm_find_managed(session, name, &record);

    return domain ? new_instance(domain, record) : NULL;
}

const char *
gpuvm_instance_state(const gpuvm_instance *instance)
{
    return gpuvm_domain_state_name(instance->domain->state);
}

/* Whether what @live was defined by is something else than @record. */
static bool
runs_another(const xmlDoc *live, const gpuvm_record *record)
{
    const xmlNode *metadata = gpuvm_xml_child(xmlDocGetRootElement(live), "metadata");
    g_autofree char *digest = gpuvm_xml_attr(gpuvm_xml_foreign(metadata, GPUVM_METADATA_NS), "digest");

    return digest && !g_str_equal(digest, record->digest);
}

/* @claim is taken; @definition is of no further use; @live: NULL when it is off. */
static void
see(gpuvm_session *session, gpuvm_instance *instance, gpuvm_claim *claim, xmlDoc *definition, xmlDoc *live)
{
    uint64_t version;

    gpuvm_claim_free(instance->claim);
    gpuvm_hardware_free(instance->hardware);
    instance->claim = claim;
    instance->hardware = gpuvm_hardware_read(xmlDocGetRootElement(live ? live : definition));
    instance->pending = live && (gpuvm_claim_waits(claim) || runs_another(live, instance->record));
    if (gpuvm_connection_version(session->connection, &version, NULL))
        instance->drifted = gpuvm_drift_look_at(instance->record, definition, version);
}

bool
gpuvm_instance_look(gpuvm_session *session, gpuvm_instance *instance)
{
    g_autoptr(xmlDoc) definition = NULL, live = NULL;
    GError *error = NULL;
    gpuvm_claim *claim = gpuvm_domain_claim(instance->domain, &definition, &live, &error);

    if (!claim)
        return gpuvm_session_fail(session, error);
    see(session, instance, claim, definition, live);
    return true;
}

void
gpuvm_instance_free(gpuvm_instance *instance)
{
    if (!instance)
        return;
    gpuvm_domain_free(instance->domain);
    gpuvm_record_free(instance->record);
    gpuvm_claim_free(instance->claim);
    gpuvm_hardware_free(instance->hardware);
    g_free(instance);
}

/* @domain, which is taken, when gpuvm manages it; NULL: it does not, or see @error, of its record see @damaged. */
static gpuvm_instance *
read_record(gpuvm_domain *domain, GError **damaged, GError **error)
{
    g_autoptr(gpuvm_domain) taken = domain;
    g_autofree char *metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, error);
    gpuvm_record *record = metadata ? gpuvm_record_parse(metadata, damaged) : NULL;

    return record ? new_instance(g_steal_pointer(&taken), record) : NULL;
}

static gpuvm_instance *
read_managed(gpuvm_session *session, gpuvm_domain *domain, GError **error)
{
    (void)session;
    return read_record(domain, error, error);
}

static gpuvm_instance *
read_undamaged(gpuvm_session *session, gpuvm_domain *domain, GError **error)
{
    (void)session;
    return read_record(domain, NULL, error);
}

/* The same as the first, looked at: one question to libvirt tells all. */
static gpuvm_instance *
read_all(gpuvm_session *session, gpuvm_domain *domain, GError **error)
{
    g_autoptr(gpuvm_domain) taken = domain;
    g_autoptr(xmlDoc) definition = NULL, live = NULL;
    g_autoptr(gpuvm_claim) claim = gpuvm_domain_claim(domain, &definition, &live, error);
    gpuvm_record *record = claim && claim->metadata ? gpuvm_record_parse(claim->metadata, error) : NULL;
    gpuvm_instance *instance = record ? new_instance(g_steal_pointer(&taken), record) : NULL;

    if (instance)
        see(session, instance, g_steal_pointer(&claim), definition, live);
    return instance;
}

static bool
is_named(const gpuvm_domain *domain, char **names)
{
    for (char **name = names; name && *name; name++) {
        if (fnmatch(*name, domain->name, 0) == 0)
            return true;
    }
    return !names;
}

static GPtrArray *
list(gpuvm_session *session, bool all, char **names,
     gpuvm_instance *(*read)(gpuvm_session *session, gpuvm_domain *domain, GError **error))
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);
    g_autoptr(GPtrArray) domains = NULL;
    GError *error = NULL;

    if (!gpuvm_session_connect(session))
        return NULL;
    domains = gpuvm_domain_list(session->connection, &error);
    if (!domains) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    while (domains->len > 0) {
        gpuvm_domain *domain = g_ptr_array_steal_index(domains, 0);
        g_autofree char *name = g_strdup(domain->name);
        gpuvm_instance *instance = NULL;

        if ((domain->active || all) && is_named(domain, names))
            instance = read(session, domain, &error);
        else
            gpuvm_domain_free(domain);
        if (instance) {
            g_ptr_array_add(found, instance);
        } else if (error) { /* one that is damaged hides no other */
            gpuvm_diags_set_subject(session->diags, name);
            gpuvm_session_fail(session, g_steal_pointer(&error));
            gpuvm_diags_set_subject(session->diags, NULL);
        }
    }
    return g_steal_pointer(&found);
}

GPtrArray *
gpuvm_list_managed(gpuvm_session *session)
{
    return list(session, true, NULL, read_managed);
}

GPtrArray *
gpuvm_list_undamaged(gpuvm_session *session)
{
    return list(session, true, NULL, read_undamaged);
}

GPtrArray *
gpuvm_list_looked_at(gpuvm_session *session, bool all, char **names)
{
    return list(session, all, names, read_all);
}

bool
gpuvm_attach(gpuvm_session *session, const char *name, bool force, void (*connected)(const char *name))
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = NULL;
    GError *error = NULL;
    bool attached;

    if (!gpuvm_terminal_prepare(&error))
        return gpuvm_session_fail(session, error);
    domain = gpuvm_find_managed(session, name, &record);
    if (!domain)
        return false;
    if (!domain->active) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' is not running", domain->name),
                        "start it first: gpuvm start %s", domain->name);
        return false;
    }
    gpuvm_watchdog_pause(); /* who is at the terminal sees, and it is to be put back */
    attached = gpuvm_terminal_run(session->connection, domain, force, connected, &error);
    gpuvm_watchdog_resume();
    return attached || gpuvm_session_fail(session, error);
}

/* Says which disks stay, and, when nothing @uses them, how to remove them: without a definition gpuvm may not know whose they are. */
static void
note_volumes(gpuvm_session *session, const gpuvm_record *record, bool uses)
{
    g_autoptr(GString) names = g_string_new(NULL);
    gpuvm_diag *diag;

    if (record->volumes->len == 0)
        return;
    for (guint i = 0; i < record->volumes->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", (const char *)record->volumes->pdata[i]);
    diag = gpuvm_diags_note(session->diags, NULL, "its volumes stay in storage pool '%s': %s", record->pool,
                            names->str);
    gpuvm_diag_hint(diag, "a VM that is defined under the same name uses them again");
    for (guint i = 0; !uses && i < record->volumes->len; i++)
        gpuvm_diag_hint(diag, "%s: virsh vol-delete --pool %s %s", i == 0 ? "to remove them" : "and",
                        record->pool, (const char *)record->volumes->pdata[i]);
}

/* virsh, which has no lock, may start it at the last moment; once it is undefined, nothing can. */
static bool
is_off(gpuvm_session *session, gpuvm_domain *domain)
{
    GError *error = NULL;

    if (!gpuvm_domain_refresh(domain, &error))
        return gpuvm_session_fail(session, error);
    if (domain->active)
        gpuvm_diag_hint(
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                              "domain '%s' was started meanwhile: it runs on without a definition",
                              domain->name),
            "without one it is gone when it stops; to give it one: gpuvm define FILE");
    return !domain->active;
}

bool
gpuvm_undefine(gpuvm_session *session, const char *name, const gpuvm_undefine_options *options)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();

    return gpuvm_locks_add_vm(locks, session, name) && gpuvm_undefine_locked(session, name, options);
}

bool
gpuvm_undefine_locked(gpuvm_session *session, const char *name, const gpuvm_undefine_options *options)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(GPtrArray) own = NULL;
    const char *pool;
    GError *error = NULL;
    bool off;

    if (!domain)
        return false;
    if (domain->active) {
        gpuvm_diag *diag =
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "domain '%s' is running", name);
        gpuvm_diag_hint(diag, "stop it first: gpuvm stop %s", name);
        return false;
    }
    pool = record->pool ? record->pool : session->pool;
    if (options->storage && !(own = gpuvm_images_own(session, name, pool, record)))
        return false;
    if (!gpuvm_domain_undefine(domain, options->nvram, &error))
        return gpuvm_session_fail(session, error);
    off = is_off(session, domain);
    if (off && own)
        return gpuvm_images_remove(session, pool, own);
    note_volumes(session, record, !off);
    return off;
}

bool
gpuvm_undefine_left(gpuvm_session *session, const char *name, GPtrArray **ret_removed)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new(), left = NULL;
    g_autoptr(gpuvm_domain) domain = NULL;
    GError *error = NULL;

    if (!gpuvm_session_connect(session) || !gpuvm_locks_add_vm(locks, session, name))
        return false;
    if (!gpuvm_domain_find(session->connection, name, &domain, &error))
        return gpuvm_session_fail(session, error);
    left = domain || session->connection->test ? g_ptr_array_new() : gpuvm_images_left(session, name, NULL);
    if (!left || !gpuvm_images_remove(session, session->pool, left))
        return false;
    *ret_removed = g_steal_pointer(&left);
    return true;
}
