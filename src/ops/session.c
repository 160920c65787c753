/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/session.h"

#include "core/boot.h"
#include "core/chain.h"
#include "core/secret.h"
#include "host/assets.h"
#include "host/hostfile.h"
#include "host/key.h"
#include "host/observe.h"
#include "host/pool.h"
#include "host/uses.h"
#include "host/watchdog.h"
#include "ops/hookfile.h"
#include "ops/policy.h"

gpuvm_session *
gpuvm_session_new(void)
{
    gpuvm_session *session = g_new0(gpuvm_session, 1);

    session->need = gpuvm_need_new();
    session->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->locks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)gpuvm_spec_free);
    session->diags = gpuvm_diags_new();
    return session;
}

void
gpuvm_session_free(gpuvm_session *session)
{
    if (!session)
        return;
    gpuvm_policies_clear(&session->policies);
    gpuvm_spec_free(session->defaults);
    g_hash_table_unref(session->locks);
    gpuvm_need_free(session->need);
    g_clear_pointer(&session->key, g_bytes_unref);
    g_free(session->pool_path);
    g_hash_table_unref(session->leaving);
    gpuvm_facts_free(session->facts);
    gpuvm_watchdog_end();
    gpuvm_connection_close(session->connection);
    gpuvm_diags_free(session->diags);
    g_free(session);
}

bool
gpuvm_session_fail_at(gpuvm_session *session, const gpuvm_mark *mark, GError *error)
{
    gpuvm_diags_fail(session->diags, mark, error);
    return false;
}

bool
gpuvm_session_fail(gpuvm_session *session, GError *error)
{
    return gpuvm_session_fail_at(session, NULL, error);
}

bool
gpuvm_session_connect(gpuvm_session *session)
{
    GError *error = NULL;

    if (session->connection)
        return true;
    if (session->host_file) {
        gpuvm_diag *diag =
            gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                              "a host file holds no domains to act on: --host is for planning");
        gpuvm_diag_hint(diag, "to try it in libvirt's test driver: -c test://%s%s",
                        g_path_is_absolute(session->host_file) ? "" : "/absolute/path/of/",
                        session->host_file);
        return false;
    }
    gpuvm_watchdog_begin(session->uri ? session->uri : g_getenv("LIBVIRT_DEFAULT_URI"), session->lost);
    gpuvm_session_pend(session, (gpuvm_pending){.begun = g_get_monotonic_time()}, "connecting to libvirt");
    session->connection = gpuvm_connection_open(session->uri, &error);
    gpuvm_session_settle(session);
    if (!session->connection)
        return gpuvm_session_fail(session, error);
    gpuvm_watchdog_begin(session->connection->uri, session->lost); /* of libvirt's own choice */
    return true;
}

bool
gpuvm_session_need_key(gpuvm_session *session, const gpuvm_table *table, const gpuvm_node *root)
{
    GError *error = NULL;

    if (session->host_file || session->key || !gpuvm_secret_any(table, root))
        return true;
    if (!gpuvm_session_connect(session))
        return false;
    session->key = gpuvm_key_load(session->connection->test, &error);
    return session->key || gpuvm_session_fail(session, error);
}

bool
gpuvm_session_is_here(const gpuvm_session *session)
{
    const char *uri = session->uri ? session->uri : g_getenv("LIBVIRT_DEFAULT_URI");

    return !session->host_file && (!uri || g_str_has_prefix(uri, "qemu:///"));
}

char *
gpuvm_session_file(const gpuvm_session *session)
{
    const char *uri = session->uri ? session->uri : g_getenv("LIBVIRT_DEFAULT_URI");

    if (session->host_file || session->connection)
        return g_strdup(session->host_file ? session->host_file : session->connection->host_file);
    return uri ? gpuvm_connection_host_file(uri) : NULL;
}

bool
gpuvm_session_has_file(const gpuvm_session *session)
{
    g_autofree char *file = gpuvm_session_file(session);

    return file != NULL;
}

/*
 * The host's own policy: of a host file, what it says; else the file in /etc. --policy stands in where the
 * host has none, and narrows where it has one; where the devices are real, nobody else may have written it, either.
 */
bool
gpuvm_session_policies(gpuvm_session *session)
{
    gpuvm_policies *policies = &session->policies;
    gpuvm_diags *diags = session->diags;
    bool from_file = session->facts && gpuvm_session_has_file(session);
    const char *text = from_file ? session->facts->policy : NULL;
    bool real = session->connection && !session->connection->test, absent = !text, right = true;

    if (text)
        right = gpuvm_policy_add_text(policies, "the host file's policy", text, diags);
    else if (!from_file)
        right = gpuvm_policy_add_own(policies, GPUVM_POLICY_FILE, &absent, diags);
    if (session->policy_file)
        right = gpuvm_policy_add_file(policies, session->policy_file,
                                      real ? GPUVM_GUARD_SYSTEM : GPUVM_GUARD_GIVEN, diags) &&
                right;
    else if (right && absent)
        right = gpuvm_policy_add_builtin(policies, diags);
    if (!right)
        gpuvm_policies_clear(policies);
    return right;
}

bool
gpuvm_session_gather(gpuvm_session *session)
{
    const char *file = session->host_file;
    GError *error = NULL;

    if (session->facts)
        return true;
    if (!file) {
        if (!gpuvm_session_connect(session))
            return false;
        file = session->connection->host_file;
    }
    session->facts = file ? gpuvm_hostfile_load(file, &error) : gpuvm_facts_new();
    if (!session->facts)
        return gpuvm_session_fail(session, error);
    if (session->connection && !gpuvm_connection_capabilities(session->connection, session->facts, &error)) {
        g_clear_pointer(&session->facts, gpuvm_facts_free); /* half of them would be taken for all */
        return gpuvm_session_fail(session, error);
    }
    return gpuvm_session_policies(session);
}

void
gpuvm_session_forget(gpuvm_session *session)
{
    g_clear_pointer(&session->facts, gpuvm_facts_free);
    gpuvm_policies_clear(&session->policies);
    gpuvm_need_free(session->need);
    session->need = gpuvm_need_new();
    session->every_device = session->every_claim = false;
}

void
gpuvm_session_look(gpuvm_session *session)
{
    if (!session->connection || !session->connection->local)
        return;
    gpuvm_host_clear(&session->facts->host);
    gpuvm_host_init(&session->facts->host);
    gpuvm_observe_files("", &session->facts->host);
    session->facts->host.session = g_str_has_suffix(session->connection->uri, "/session");
    gpuvm_facts_forget_uses(session->facts);
    gpuvm_uses_read("", session->facts);
}

const char *
gpuvm_session_pool_path(gpuvm_session *session)
{
    gpuvm_connection *connection = session->connection;
    GError *error = NULL;

    if (!session->pool_path)
        session->pool_path = connection && !connection->test
                                 ? gpuvm_pool_path_of(connection, session->pool, &error)
                                 : gpuvm_pool_default_path(NULL, session->pool);
    if (error)
        gpuvm_session_fail(session, error);
    return session->pool_path;
}

/* Whether devices are still to be asked for: a host file holds them all. */
static bool
asks_libvirt(const gpuvm_session *session)
{
    return session->connection && !session->connection->host_file;
}

static bool
fetch_missing(gpuvm_session *session)
{
    GArray *missing = session->need->missing;
    GError *error = NULL;

    for (guint i = 0; i < missing->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(missing, gpuvm_pci_addr, i);

        if (!gpuvm_connection_device(session->connection, addr, session->facts, &error))
            return gpuvm_session_fail(session, error);
    }
    g_array_set_size(missing, 0);
    return true;
}

static void
forget_domain(gpointer name, gpointer unused, gpointer facts)
{
    (void)unused;
    gpuvm_facts_forget_domain(facts, name);
}

void
gpuvm_session_leave(gpuvm_session *session, const GPtrArray *names)
{
    g_hash_table_remove_all(session->leaving);
    for (guint i = 0; names && i < names->len; i++)
        g_hash_table_add(session->leaving, g_strdup(names->pdata[i]));
}

bool
gpuvm_session_gather_claims(gpuvm_session *session)
{
    GError *error = NULL;

    if (!session->connection || session->every_claim)
        return true;
    session->every_claim = gpuvm_connection_claims(session->connection, session->facts, &error);
    g_hash_table_foreach(session->leaving, forget_domain, session->facts);
    if (session->every_claim)
        gpuvm_assets_identify_running(session->connection, session->facts);
    return session->every_claim || gpuvm_session_fail(session, error);
}

/* What every decision about devices looks at besides them. */
static bool
gather_context(gpuvm_session *session)
{
    if (asks_libvirt(session) && !session->facts->uses)
        gpuvm_session_look(session);
    return gpuvm_session_gather_claims(session);
}

bool
gpuvm_session_gather_host(gpuvm_session *session, bool *ret_whole)
{
    gpuvm_host *host = &session->facts->host;
    bool in_file = false; /* a machine in a file knows better than the test driver */

    if (!gather_context(session))
        return false;
    for (const gpuvm_host_fact *fact = gpuvm_host_facts; fact->name && !asks_libvirt(session); fact++)
        in_file |= gpuvm_host_knows(host, fact);
    if (session->connection && session->connection->local)
        host->hook = gpuvm_hook_look();
    *ret_whole = !session->connection || in_file || gpuvm_observe_libvirt(session->connection, host);
    return true;
}

bool
gpuvm_session_gather_all(gpuvm_session *session)
{
    GError *error = NULL;

    if (!gather_context(session))
        return false;
    if (!asks_libvirt(session) || session->every_device)
        return true;
    session->every_device = gpuvm_connection_devices(session->connection, session->facts, &error);
    return session->every_device || gpuvm_session_fail(session, error);
}

/* What of CPUs and memory the VM may want for itself. */
static bool
gather_resources(gpuvm_session *session, const gpuvm_resources *resources)
{
    GError *error = NULL;

    if (resources->cpu_pinning >= GPUVM_PINNING_SHARED && !gpuvm_session_gather_claims(session))
        return false;
    return resources->hugepages == GPUVM_HUGEPAGES_NONE || !asks_libvirt(session) ||
           gpuvm_connection_free_pages(session->connection, session->facts, &error) ||
           gpuvm_session_fail(session, error);
}

bool
gpuvm_session_gather_vm(gpuvm_session *session, const gpuvm_vm *vm)
{
    const gpuvm_devices *devices = vm->body.devices;

    if (asks_libvirt(session) && session->connection->local && gpuvm_boot_needs_kernel(vm->body.object.node))
        gpuvm_observe_kernel("", &session->facts->host);
    if (devices->pci_passthrough->len + devices->gpus->len > 0 && !gather_context(session))
        return false;
    if (!gather_resources(session, vm->body.resources))
        return false;
    if (!asks_libvirt(session))
        return true;
    do {
        if (!fetch_missing(session))
            return false;
        gpuvm_need_of_vm(session->need, vm, session->facts);
    } while (session->need->missing->len > 0);
    return !session->need->every_device || gpuvm_session_gather_all(session);
}

bool
gpuvm_session_gather_functions(gpuvm_session *session, const GArray *addrs)
{
    if (addrs->len > 0 && !gather_context(session))
        return false;
    if (!asks_libvirt(session))
        return true;
    do {
        if (!fetch_missing(session))
            return false;
        for (guint i = 0; i < addrs->len; i++)
            gpuvm_need_of_function(session->need, &g_array_index(addrs, gpuvm_pci_addr, i), session->facts);
    } while (session->need->missing->len > 0);
    return true;
}

/* With the files that its images name, as far as they name any. */
static void
look_at_assets(gpuvm_session *session, gpuvm_guest *guest)
{
    gpuvm_guest_forget(guest);
    for (guint first = 0, next; first < guest->assets->len; first = next) {
        next = guest->assets->len;
        gpuvm_assets_look(session->connection, guest->assets, first);
        gpuvm_chain_follow(guest, first);
    }
}

bool
gpuvm_session_gather_guest(gpuvm_session *session, gpuvm_guest *guest)
{
    if (!asks_libvirt(session))
        return true;
    look_at_assets(session, guest);
    return !gpuvm_guest_has_disks(guest) || gather_context(session);
}

static void G_GNUC_PRINTF(2, 0) tell(void (*listener)(const char *text), const char *format, va_list args)
{
    g_autofree char *text = listener ? g_strdup_vprintf(format, args) : NULL;

    if (listener)
        listener(text);
}

void
gpuvm_session_say(const gpuvm_session *session, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(session->say, format, args);
    va_end(args);
}

void
gpuvm_session_wait(const gpuvm_session *session, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(session->wait, format, args);
    va_end(args);
}

void
gpuvm_session_pend(const gpuvm_session *session, gpuvm_pending pending, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    if (!session->pending)
        return;
    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    pending.what = what;
    session->pending(&pending);
}

void
gpuvm_session_settle(const gpuvm_session *session)
{
    if (session->pending)
        session->pending(NULL);
}

bool
gpuvm_session_interrupted(const gpuvm_session *session)
{
    return session->interrupted && session->interrupted();
}
