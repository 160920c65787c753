/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/start.h"

#include "host/assets.h"
#include "host/claims.h"
#include "ops/clustervm.h"
#include "ops/locks.h"
#include "ops/startcheck.h"
#include "ops/startwatch.h"

#define POLL_US (500 * 1000)

static bool
is_held(const gpuvm_facts *facts, const GArray *hostdevs)
{
    for (guint i = 0; i < hostdevs->len; i++) {
        const GPtrArray *uses = gpuvm_facts_uses(facts, &g_array_index(hostdevs, gpuvm_pci_addr, i));

        for (guint u = 0; uses && u < uses->len; u++) {
            if (((const gpuvm_use *)uses->pdata[u])->kind == GPUVM_USE_HOLDER)
                return true;
        }
    }
    return false;
}

/* Looks again until no process has a device open, or the time is over; the check then says who has. */
static void
wait_until_free(gpuvm_session *session, const GArray *hostdevs, int seconds)
{
    gint64 begun = g_get_monotonic_time();
    double waited = 0;

    while (session->connection->local && is_held(session->facts, hostdevs) && waited < seconds &&
           !gpuvm_session_interrupted(session)) {
        gpuvm_session_say(session, "%6.1f s  waiting for processes that have a device open", waited);
        gpuvm_session_pend(session, (gpuvm_pending){.begun = begun, .seconds = (unsigned)seconds},
                           "waiting for processes that have a device open");
        g_usleep(POLL_US);
        gpuvm_session_look(session);
        waited = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    }
}

/* Sees how the host is now. */
static bool
look_before(gpuvm_session *session, const gpuvm_claim *claim, int wait_free)
{
    bool looked = session->facts && session->facts->uses; /* when it was planned: images were fetched since */

    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_functions(session, claim->next))
        return false;
    if (looked)
        gpuvm_session_look(session);
    wait_until_free(session, claim->next, wait_free);
    return true;
}

static void
note_network(void *data, const char *name)
{
    gpuvm_session *session = data;

    gpuvm_diags_note(session->diags, NULL, "libvirt's network '%s' was not active, and was started", name);
}

/* Whether there is certainly memory for @claim's domain beside those that are on their way. */
static bool
has_room(const gpuvm_session *session, const gpuvm_startwatch *watch, const gpuvm_claim *claim)
{
    uint64_t wanted = gpuvm_startwatch_memory_of(claim);
    int64_t available = session->facts->host.available_kib;

    return wanted == 0 || available == GPUVM_UNKNOWN || gpuvm_startwatch_count(watch) == 0 ||
           gpuvm_startwatch_memory(watch) + wanted <= (uint64_t)available;
}

/* Whether @claim's domain may start, and what it needs of libvirt is there, as things are at this moment. */
static bool
may_start(gpuvm_session *session, const gpuvm_claim *claim, const gpuvm_record *record, gpuvm_guest *guest,
          bool planned)
{
    GError *error = NULL;

    if (!gpuvm_check_start(session, claim, record, guest, planned))
        return false;
    if (gpuvm_session_interrupted(session)) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "interrupted: it was not started");
        return false;
    }
    return gpuvm_assets_start_networks(session->connection, guest->assets, note_network, session, &error) ||
           gpuvm_session_fail(session, error);
}

/* As begin. */
static bool
check_and_begin(gpuvm_session *session, gpuvm_startwatch *watch, const char *name,
                const gpuvm_start_options *options, const char *title, bool *ret_later)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autoptr(gpuvm_claim) claim = NULL;
    g_autoptr(gpuvm_guest) guest = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;

    if (gpuvm_clustervm_may_start(session, &name, 1))
        domain = gpuvm_find_managed(session, name, &record);
    if (!domain || domain->active)
        return domain != NULL;
    xml = gpuvm_domain_xml(domain, true, &error);
    if (xml)
        claim = gpuvm_claim_parse(xml, &error);
    if (claim)
        guest = gpuvm_guest_parse(xml, &error);
    if (!guest)
        return gpuvm_session_fail(session, error);
    if (!look_before(session, claim, options->wait_free))
        return false;
    if (ret_later && (*ret_later = !has_room(session, watch, claim))) {
        gpuvm_session_forget(session);
        return true;
    }
    if (!may_start(session, claim, record, guest, options->planned))
        return false;
    gpuvm_startwatch_add(watch, g_steal_pointer(&domain), claim, options->timeout, title);
    return true;
}

/* Has @name started, unless it runs: see @watch. *@ret_later: not before one that is on its way has its memory; NULL: none is. */
static bool
begin(gpuvm_session *session, gpuvm_startwatch *watch, const char *name, const gpuvm_start_options *options,
      const char *title, bool *ret_later)
{
    bool begun;

    gpuvm_session_pend(session, (gpuvm_pending){.begun = g_get_monotonic_time()}, "%s: checking its devices",
                       name);
    begun = check_and_begin(session, watch, name, options, title, ret_later);
    gpuvm_session_settle(session);
    return begun;
}

bool
gpuvm_start_locked(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
                   gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_startwatch) watch = gpuvm_startwatch_new(session);
    bool running = begin(session, watch, name, options, "", NULL);

    *ret_outcome = gpuvm_startwatch_count(watch) > 0 ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    if (*ret_outcome == GPUVM_DONE)
        g_free(gpuvm_startwatch_next(watch, false, &running));
    return running;
}

bool
gpuvm_start(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
            gpuvm_outcome *ret_outcome)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();

    return gpuvm_locks_add_vm(locks, session, name) &&
           gpuvm_start_locked(session, name, options, ret_outcome);
}

/* Waits for the one that @watch starts; @listed is called as soon as other processes see that it has its devices. */
static bool
await_created(gpuvm_session *session, gpuvm_startwatch *watch, const char *name, void (*listed)(void *data),
              void *data)
{
    bool running, told = false;

    for (;;) {
        g_autofree char *over = gpuvm_startwatch_next(watch, !told, &running);

        if (over)
            return running;
        told = gpuvm_domain_is_listed(session->connection, name);
        if (told)
            listed(data);
        else
            g_usleep(POLL_US / 10);
    }
}

bool
gpuvm_start_transient(gpuvm_session *session, const char *xml, const gpuvm_start_options *options,
                      void (*listed)(void *data), void *data)
{
    g_autoptr(gpuvm_startwatch) watch = gpuvm_startwatch_new(session);
    GError *error = NULL;
    g_autoptr(gpuvm_claim) claim = gpuvm_claim_parse(xml, &error);
    g_autoptr(gpuvm_guest) guest = claim ? gpuvm_guest_parse(xml, &error) : NULL;
    g_autoptr(gpuvm_record) record = guest ? gpuvm_record_parse(claim->metadata, &error) : NULL;

    if (!record)
        return gpuvm_session_fail(session, error);
    if (!look_before(session, claim, options->wait_free) ||
        !may_start(session, claim, record, guest, options->planned))
        return false;
    gpuvm_startwatch_create(watch, xml, claim, options->timeout);
    return await_created(session, watch, claim->domain, listed, data);
}

/* What gpuvm_start_all is doing. */
typedef struct starting {
    gpuvm_session *session;
    gpuvm_startwatch *watch;
    GHashTable *locks; /* name → the locks of a VM whose start is on its way */
    const gpuvm_start_all_options *how;
    unsigned over, total;
    bool running; /* all so far */
} starting;

/* Where some wait for others. */
static void
report(const starting *all)
{
    if (all->session->progress && all->how->what && all->total > all->how->parallel)
        all->session->progress(&(gpuvm_progress){.doing = "starting",
                                                 .what = all->how->what,
                                                 .done = all->over,
                                                 .total = all->total,
                                                 .counts = true,
                                                 .ended = all->over == all->total});
}

static void
tell(starting *all, const char *name, bool running, gpuvm_outcome outcome)
{
    gpuvm_diags_set_subject(all->session->diags, NULL);
    g_hash_table_remove(all->locks, name);
    all->running &= running;
    all->over++;
    all->how->told(all->how->data, name, running, outcome);
    report(all);
}

/* Whether @name was begun, or is over; false: later. */
static bool
begin_one(starting *all, const char *name)
{
    g_autofree char *title = all->total > 1 ? g_strconcat(name, ": ", NULL) : g_strdup("");
    unsigned before = gpuvm_startwatch_count(all->watch);
    GPtrArray *locks = gpuvm_locks_new();
    bool running, later = false;

    g_hash_table_insert(all->locks, g_strdup(name), locks);
    gpuvm_diags_set_subject(all->session->diags, name);
    running = gpuvm_locks_add_vm(locks, all->session, name) &&
              begin(all->session, all->watch, name, all->how->start, title, &later);
    gpuvm_diags_set_subject(all->session->diags, NULL);
    if (later)
        g_hash_table_remove(all->locks, name);
    else if (gpuvm_startwatch_count(all->watch) == before)
        tell(all, name, running, GPUVM_NOTHING_TO_DO);
    return !later;
}

bool
gpuvm_start_all(gpuvm_session *session, const GPtrArray *names, const gpuvm_start_all_options *how)
{
    g_autoptr(gpuvm_startwatch) watch = gpuvm_startwatch_new(session);
    g_autoptr(GHashTable) locks =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    starting all = {session, watch, locks, how, .total = names->len, .running = true};
    bool full = false; /* until one is over */

    report(&all);
    for (guint next = 0; next < names->len || gpuvm_startwatch_count(watch) > 0;) {
        unsigned count = gpuvm_startwatch_count(watch);
        bool more = next < names->len && count < how->parallel && !full, running;
        g_autofree char *name = count > 0 ? gpuvm_startwatch_next(watch, more, &running) : NULL;

        if (name)
            tell(&all, name, running, GPUVM_DONE);
        full = !name && !begin_one(&all, names->pdata[next]);
        next += !name && !full;
    }
    return all.running;
}
