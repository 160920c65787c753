/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/start.h"

#include "host/assets.h"
#include "host/claims.h"
#include "host/sysfs.h"
#include "host/watchdog.h"
#include "ops/locks.h"
#include "ops/startcheck.h"

#define POLL_US (100 * 1000)
/* How long a start may take: this, and as much for each GiB of guest memory and of BARs that are mapped. */
#define BASE_SECONDS 60
#define SECONDS_PER_GIB 1
/* How long a start that is given up may take to end. */
#define END_SECONDS 30

/* libvirt's call, in its thread. */
typedef struct start_call {
    gpuvm_domain *domain;
    GError *error;
    bool started;
    GAsyncQueue *done; /* holds the call when it came back */
} start_call;

/* A start that is being watched. */
typedef struct start_watch {
    gpuvm_session *session;
    const GArray *hostdevs;
    gint64 begun;            /* µs */
    gpuvm_pci_addr stuck_on; /* the function whose driver has not let go yet */
    bool detached;           /* every function is on a driver of VFIO's: the guest's memory is being set up */
} start_watch;

static double
seconds_since(gint64 begun)
{
    return (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
}

/*
 * The driver of the function at @addr now; NULL for none or when it cannot be seen. Where it can be had without
 * libvirt, that is not asked: it may not answer while a driver does not let go.
 */
static char *
driver_now(gpuvm_connection *connection, const gpuvm_pci_addr *addr)
{
    g_autoptr(gpuvm_facts) now = gpuvm_facts_new();
    const gpuvm_device *device;

    if (connection->local)
        return gpuvm_sysfs_driver("", addr);
    gpuvm_connection_device(connection, addr, now, NULL);
    device = gpuvm_facts_device(now, addr);
    return device ? g_strdup(device->driver) : NULL;
}

static gpointer
call_libvirt(gpointer data)
{
    start_call *call = data;

    call->started = gpuvm_domain_start(call->domain, &call->error);
    g_async_queue_push(call->done, call);
    return NULL;
}

/* Looks how far the start is. */
static void
look(start_watch *watch)
{
    for (guint i = 0; !watch->detached && i < watch->hostdevs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(watch->hostdevs, gpuvm_pci_addr, i);
        g_autofree char *driver = driver_now(watch->session->connection, addr);

        if (!gpuvm_driver_is_vfio(driver)) {
            watch->stuck_on = *addr;
            return;
        }
    }
    if (!watch->detached)
        gpuvm_session_say(watch->session, "%6.1f s  devices detached; pinning the guest's memory",
                          seconds_since(watch->begun));
    watch->detached = true;
}

/* Waits for @call up to @seconds; whether it came back. */
static bool
wait_for(start_watch *watch, start_call *call, unsigned seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

    while (!g_async_queue_timeout_pop(call->done, POLL_US)) {
        if (g_get_monotonic_time() >= deadline)
            return false;
        if (!watch->session->connection->host_file)
            look(watch);
    }
    return true;
}

/* Whether a function that is on @driver now was left there: it had another before. */
static bool
left_behind(const gpuvm_device *before, const char *driver)
{
    bool off = !driver || gpuvm_driver_is_vfio(driver);

    return off && before && !gpuvm_driver_is_vfio(before->driver) && g_strcmp0(before->driver, driver) != 0;
}

/* Gives back what libvirt left on a driver of VFIO's, or on no driver, and adds to @diag which driver each function has. */
static void
bring_back(gpuvm_session *session, const GArray *hostdevs, gpuvm_diag *diag)
{
    for (guint i = 0; i < hostdevs->len && !session->connection->host_file; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(hostdevs, gpuvm_pci_addr, i);
        const gpuvm_device *before = gpuvm_facts_device(session->facts, addr);
        g_autofree char *driver = driver_now(session->connection, addr);

        if (left_behind(before, driver) && gpuvm_connection_reattach(session->connection, addr, NULL)) {
            g_free(driver);
            driver = driver_now(session->connection, addr);
        }
        gpuvm_diag_hint(diag, "device %s is on driver %s now", GPUVM_PCI(addr), driver ? driver : "none");
    }
}

static void
report_failure(gpuvm_session *session, GError *error, const GArray *hostdevs)
{
    gpuvm_session_fail(session, error);
    bring_back(session, hostdevs, g_ptr_array_index(session->diags->items, session->diags->items->len - 1));
}

/*
 * The call did not come back: ends it when only the guest's memory holds it up, and says where it is stuck. Returns
 * whether it came back after all.
 */
static bool
give_up(start_watch *watch, start_call *call, unsigned seconds)
{
    gpuvm_session *session = watch->session;
    g_autoptr(gpuvm_domain) domain = NULL;
    gpuvm_diag *diag;
    bool returned;

    if (!watch->detached) {
        g_autofree char *driver = driver_now(session->connection, &watch->stuck_on);

        diag = gpuvm_diags_error(
            session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
            "device %s is not bound to vfio-pci (current driver: %s): the start is stuck after %u s",
            GPUVM_PCI(&watch->stuck_on), driver ? driver : "none", seconds);
        gpuvm_diag_hint(diag,
                        "a process has it open, or the driver hangs: look at `sudo dmesg` and `sudo fuser -v "
                        "/dev/dri/* /dev/nvidia*`; libvirt may not answer until the driver lets go");
        gpuvm_diag_hint(diag, "libvirt goes on trying: when the driver lets go, the VM starts after all");
        return false;
    }
    diag = gpuvm_diags_error(
        session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
        "the start is stuck after %u s: the devices are detached, the guest's memory is not pinned", seconds);
    gpuvm_diag_hint(
        diag, "is so much memory free, in one NUMA node if hugepages are asked for? More time: --timeout");
    /* not the call's own object, which its thread uses */
    if (gpuvm_domain_find(session->connection, call->domain->name, &domain, NULL) && domain)
        gpuvm_domain_destroy(domain, NULL);
    returned = wait_for(watch, call, END_SECONDS);
    if (returned && call->started) /* at the last moment */
        gpuvm_domain_destroy(call->domain, NULL);
    if (returned)
        bring_back(session, watch->hostdevs, diag);
    return returned;
}

static unsigned
default_timeout(const gpuvm_session *session, const GArray *hostdevs, uint64_t memory_kib)
{
    uint64_t bytes = memory_kib * 1024;

    for (guint i = 0; i < hostdevs->len; i++) {
        const gpuvm_device *device =
            gpuvm_facts_device(session->facts, &g_array_index(hostdevs, gpuvm_pci_addr, i));
        bytes += device ? device->memory_size : 0;
    }
    return BASE_SECONDS + (unsigned)(bytes >> 30) * SECONDS_PER_GIB;
}

/*
 * Calls libvirt and watches; @domain is taken, since a call that does not come back goes on using it. The watch asks on the
 * session's connection meanwhile: the call has one of its own, except in libvirt's test driver, where each has other domains.
 */
static bool
start_watched(gpuvm_session *session, gpuvm_domain *domain, const gpuvm_claim *claim,
              const gpuvm_start_options *options)
{
    start_call *call = g_new0(start_call, 1);
    start_watch watch = {.session = session, .hostdevs = claim->next, .begun = g_get_monotonic_time()};
    unsigned seconds = options->timeout > 0 ? (unsigned)options->timeout
                                            : default_timeout(session, claim->next, claim->memory_kib);
    bool returned, started = false;
    GThread *thread;

    call->domain = session->connection->test ? NULL : gpuvm_domain_apart(domain);
    if (call->domain)
        gpuvm_domain_free(domain);
    else
        call->domain = domain;
    call->done = g_async_queue_new();
    gpuvm_session_say(session, "%6.1f s  checked; detaching %u devices (giving up after %u s)", 0.0,
                      claim->next->len, seconds);
    thread = g_thread_new("start", call_libvirt, call);
    returned = wait_for(&watch, call, seconds);
    if (!returned) {
        returned = give_up(&watch, call, seconds);
    } else if (call->started) {
        gpuvm_session_say(session, "%6.1f s  running: the guest's firmware has it now",
                          seconds_since(watch.begun));
        started = true;
    } else {
        report_failure(session, g_steal_pointer(&call->error), claim->next);
    }
    if (!returned) {
        g_thread_unref(thread); /* it still uses the call */
        return false;
    }
    g_thread_join(thread);
    g_clear_error(&call->error);
    g_async_queue_unref(call->done);
    gpuvm_domain_free(call->domain);
    g_free(call);
    return started;
}

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

    while (session->connection->local && is_held(session->facts, hostdevs) &&
           seconds_since(begun) < seconds) {
        gpuvm_session_say(session, "%6.1f s  waiting for processes that have a device open",
                          seconds_since(begun));
        g_usleep(5 * POLL_US);
        gpuvm_session_look(session);
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

bool
gpuvm_start_locked(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
                   gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    g_autoptr(gpuvm_claim) claim = NULL;
    g_autoptr(gpuvm_guest) guest = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;
    bool started;

    if (!domain)
        return false;
    *ret_outcome = domain->active ? GPUVM_NOTHING_TO_DO : GPUVM_DONE;
    if (domain->active)
        return true;
    xml = gpuvm_domain_xml(domain, true, &error);
    if (xml)
        claim = gpuvm_claim_parse(xml, &error);
    if (claim)
        guest = gpuvm_guest_parse(xml, &error);
    if (!guest)
        return gpuvm_session_fail(session, error);
    if (!look_before(session, claim, options->wait_free) ||
        !gpuvm_check_start(session, claim, record, guest, options->planned))
        return false;
    if (!gpuvm_assets_start_networks(session->connection, guest->assets, note_network, session, &error))
        return gpuvm_session_fail(session, error);
    gpuvm_watchdog_pause(); /* a driver that does not let go holds libvirtd up: this looks closer */
    started = start_watched(session, g_steal_pointer(&domain), claim, options);
    gpuvm_watchdog_resume();
    gpuvm_session_forget(session);
    return started;
}

bool
gpuvm_start(gpuvm_session *session, const char *name, const gpuvm_start_options *options,
            gpuvm_outcome *ret_outcome)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();

    return gpuvm_locks_add_vm(locks, session, name) &&
           gpuvm_start_locked(session, name, options, ret_outcome);
}
