/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/startwatch.h"

#include "host/aside.h"
#include "host/sysfs.h"
#include "host/watchdog.h"
#include "ops/diagnose.h"
#include "ops/startcall.h"

#define POLL_US (50 * 1000)
/* How long a start may take: this, and as much for each GiB of guest memory and of BARs that are mapped. */
#define BASE_SECONDS 60
#define SECONDS_PER_GIB 1
/* How long a start that is given up may take to end. */
#define END_SECONDS 30

struct gpuvm_startwatch {
    gpuvm_session *session;
    GPtrArray *starts; /* start_watch, owned */
    gpuvm_aside *calls;
};

/* A start that is being watched. */
typedef struct start_watch {
    gpuvm_session *session;
    char *name, *title;
    gpuvm_startcall *call;
    gpuvm_facts *facts; /* as they were when it was checked */
    GArray *hostdevs;
    bool transient;          /* nothing of it may be left */
    uint64_t memory_kib;     /* that it takes from the host */
    unsigned seconds;        /* after which it is given up */
    gint64 begun;            /* µs */
    gpuvm_pci_addr stuck_on; /* the function whose driver has not let go yet */
    bool detached;           /* every function is on a driver of VFIO's: the guest's memory is being set up */
    bool returned;           /* the call is this thread's again, and freed with this */
} start_watch;

static void
free_start(gpointer data)
{
    start_watch *start = data;

    if (start->returned)
        gpuvm_startcall_free(start->call);
    gpuvm_facts_free(start->facts);
    g_array_unref(start->hostdevs);
    g_free(start->name);
    g_free(start->title);
    g_free(start);
}

gpuvm_startwatch *
gpuvm_startwatch_new(gpuvm_session *session)
{
    gpuvm_startwatch *watch = g_new0(gpuvm_startwatch, 1);

    watch->session = session;
    watch->starts = g_ptr_array_new_with_free_func(free_start);
    watch->calls = gpuvm_aside_new(gpuvm_startcall_make, gpuvm_startcall_free);
    return watch;
}

void
gpuvm_startwatch_free(gpuvm_startwatch *watch)
{
    if (!watch)
        return;
    g_ptr_array_unref(watch->starts);
    gpuvm_aside_free(watch->calls);
    g_free(watch);
}

unsigned
gpuvm_startwatch_count(const gpuvm_startwatch *watch)
{
    return watch->starts->len;
}

uint64_t
gpuvm_startwatch_memory_of(const gpuvm_claim *claim)
{
    return claim->next->len > 0 && !claim->hugepages ? claim->memory_kib : 0;
}

uint64_t
gpuvm_startwatch_memory(const gpuvm_startwatch *watch)
{
    uint64_t kib = 0;

    for (guint i = 0; i < watch->starts->len; i++)
        kib += ((const start_watch *)watch->starts->pdata[i])->memory_kib;
    return kib;
}

static double
seconds_since(gint64 begun)
{
    return (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
}

static void G_GNUC_PRINTF(2, 3) say(const start_watch *start, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    gpuvm_session_say(start->session, "%6.1f s  %s%s", seconds_since(start->begun), start->title, text);
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

/* Looks how far the start is. */
static void
look(start_watch *start)
{
    if (start->returned || start->detached)
        return;
    for (guint i = 0; i < start->hostdevs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(start->hostdevs, gpuvm_pci_addr, i);
        g_autofree char *driver = driver_now(start->session->connection, addr);

        if (!gpuvm_driver_is_vfio(driver)) {
            start->stuck_on = *addr;
            return;
        }
    }
    start->detached = true;
    say(start, "devices detached; pinning the guest's memory");
}

/* Waits at most so long for one of the calls to come back. */
static void
wait_for_any(const gpuvm_startwatch *watch, gint64 microseconds)
{
    gpuvm_startcall *call = gpuvm_aside_next(watch->calls, g_get_monotonic_time() + microseconds);

    for (guint i = 0; call && i < watch->starts->len; i++) {
        start_watch *start = watch->starts->pdata[i];

        if (start->call == call) {
            start->returned = true;
            return;
        }
    }
    if (call) /* of one that was given up */
        gpuvm_startcall_free(call);
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
bring_back(const start_watch *start, gpuvm_diag *diag)
{
    gpuvm_connection *connection = start->session->connection;

    for (guint i = 0; i < start->hostdevs->len && !connection->host_file; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(start->hostdevs, gpuvm_pci_addr, i);
        const gpuvm_device *before = gpuvm_facts_device(start->facts, addr);
        g_autofree char *driver = driver_now(connection, addr);

        if (left_behind(before, driver) && gpuvm_connection_reattach(connection, addr, NULL)) {
            g_free(driver);
            driver = driver_now(connection, addr);
        }
        gpuvm_diag_hint(diag, "device %s is on driver %s now", GPUVM_PCI(addr), driver ? driver : "none");
    }
}

static void
report_failure(const start_watch *start)
{
    const GPtrArray *said = start->session->diags->items;
    gpuvm_diag *diag;

    gpuvm_session_fail(start->session, g_steal_pointer(&start->call->error));
    diag = said->pdata[said->len - 1];
    bring_back(start, diag);
    gpuvm_diagnose_hint(start->session, start->name,
                        g_get_real_time() - (g_get_monotonic_time() - start->begun), diag);
}

/* By an object that is not the call's own, which its thread uses. */
static void
cut_off(const gpuvm_session *session, const start_watch *start)
{
    g_autoptr(gpuvm_domain) domain = NULL;

    if (gpuvm_domain_find(session->connection, start->name, &domain, NULL) && domain)
        gpuvm_domain_destroy(domain, NULL);
}

/* The call did not come back: ends it when only the guest's memory holds it up, and says where it is stuck. */
static void
give_up(const gpuvm_startwatch *watch, start_watch *start)
{
    gpuvm_session *session = watch->session;
    gint64 begun = g_get_monotonic_time();
    gpuvm_diag *diag;

    if (!start->detached) {
        g_autofree char *driver = driver_now(session->connection, &start->stuck_on);

        diag = gpuvm_diags_error(
            session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
            "device %s is not bound to vfio-pci (current driver: %s): the start is stuck after %u s",
            GPUVM_PCI(&start->stuck_on), driver ? driver : "none", start->seconds);
        gpuvm_diag_hint(diag,
                        "a process has it open, or the driver hangs: look at `sudo dmesg` and `sudo fuser -v "
                        "/dev/dri/* /dev/nvidia*`; libvirt may not answer until the driver lets go");
        gpuvm_diag_hint(diag, "libvirt goes on trying: when the driver lets go, the VM starts after all");
        return;
    }
    diag = gpuvm_diags_error(
        session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
        "the start is stuck after %u s: the devices are detached, the guest's memory is not pinned",
        start->seconds);
    gpuvm_diag_hint(
        diag,
        "is so much memory free, in one NUMA node if hugepages are asked for? For more time: gpuvm start "
        "--timeout SECONDS %s",
        start->name);
    cut_off(session, start);
    while (!start->returned && seconds_since(begun) < END_SECONDS)
        wait_for_any(watch, POLL_US);
    if (start->returned && start->call->started) /* at the last moment */
        gpuvm_domain_destroy(start->call->domain, NULL);
    if (start->returned)
        bring_back(start, diag);
}

/* The call goes on in libvirt. */
static void
leave(const start_watch *start)
{
    gpuvm_diag *diag = gpuvm_diags_error(
        start->session->diags, GPUVM_EXIT_FAILED, NULL, "interrupted: libvirt goes on starting it (%s)",
        start->detached ? "its devices are detached" : "its devices are being detached");

    gpuvm_diag_hint(diag,
                    "`gpuvm start %s` waits for it, `gpuvm stop --force %s` stops it; should it fail, "
                    "`gpuvm devices` shows the drivers, and `gpuvm release` gives devices back",
                    start->name, start->name);
}

/* The call is to come to nothing: before its devices are detached libvirt does not let go of it. */
static void
abandon(const gpuvm_startwatch *watch, start_watch *start)
{
    gpuvm_diag *diag;

    while (!start->returned && seconds_since(start->begun) < start->seconds) {
        look(start);
        if (start->detached)
            cut_off(watch->session, start);
        wait_for_any(watch, POLL_US);
    }
    if (!start->returned) {
        give_up(watch, start);
        return;
    }
    if (start->call->started)
        gpuvm_domain_destroy(start->call->domain, NULL);
    diag = gpuvm_diags_error(watch->session->diags, GPUVM_EXIT_FAILED, NULL,
                             "interrupted: its start was cut off");
    bring_back(start, diag);
}

static unsigned
default_timeout(const gpuvm_facts *facts, const gpuvm_claim *claim)
{
    uint64_t bytes = claim->memory_kib * 1024;

    for (guint i = 0; i < claim->next->len; i++) {
        const gpuvm_device *device =
            gpuvm_facts_device(facts, &g_array_index(claim->next, gpuvm_pci_addr, i));
        bytes += device ? device->memory_size : 0;
    }
    return BASE_SECONDS + (unsigned)(bytes >> 30) * SECONDS_PER_GIB;
}

static void
begin(gpuvm_startwatch *watch, gpuvm_startcall *call, const gpuvm_claim *claim, int timeout,
      const char *title)
{
    start_watch *start = g_new0(start_watch, 1);

    start->session = watch->session;
    start->name = g_strdup(claim->domain);
    start->transient = call->xml != NULL;
    start->title = g_strdup(title);
    start->hostdevs = g_array_ref(claim->next);
    start->memory_kib = gpuvm_startwatch_memory_of(claim);
    start->facts = g_steal_pointer(&watch->session->facts);
    start->seconds = timeout > 0 ? (unsigned)timeout : default_timeout(start->facts, claim);
    start->call = call;
    start->begun = g_get_monotonic_time();
    start->detached = watch->session->connection->host_file != NULL; /* there is nothing to be seen */
    say(start, "checked; detaching %u devices (giving up after %u s)", start->hostdevs->len, start->seconds);
    g_ptr_array_add(watch->starts, start);
    gpuvm_session_forget(watch->session);
    if (!gpuvm_aside_begin(watch->calls, call))
        start->call = NULL;
}

void
gpuvm_startwatch_add(gpuvm_startwatch *watch, gpuvm_domain *domain, const gpuvm_claim *claim, int timeout,
                     const char *title)
{
    begin(watch, gpuvm_startcall_start(watch->session, domain), claim, timeout, title);
}

void
gpuvm_startwatch_create(gpuvm_startwatch *watch, const char *xml, const gpuvm_claim *claim, int timeout)
{
    begin(watch, gpuvm_startcall_create(watch->session, xml), claim, timeout, "");
}

/* The first of them that is over, or will not be, or is not to be waited for; NULL. */
static start_watch *
find_over(const gpuvm_startwatch *watch)
{
    for (guint i = 0; i < watch->starts->len; i++) {
        start_watch *start = watch->starts->pdata[i];

        if (!start->call || start->returned || seconds_since(start->begun) >= start->seconds ||
            gpuvm_session_interrupted(watch->session))
            return start;
    }
    return NULL;
}

/* Whether the domain runs. */
static bool
conclude(const gpuvm_startwatch *watch, start_watch *start)
{
    bool started = start->returned && start->call->started;

    gpuvm_diags_set_subject(watch->session->diags, start->name);
    if (started)
        say(start, "running: the guest's firmware has it now");
    else if (!start->call)
        gpuvm_diags_error(watch->session->diags, GPUVM_EXIT_FAILED, NULL,
                          "no thread is to be had to start it");
    else if (start->returned)
        report_failure(start);
    else if (seconds_since(start->begun) >= start->seconds)
        give_up(watch, start);
    else if (start->transient)
        abandon(watch, start);
    else
        leave(start);
    return started;
}

static void
tell_pending(const gpuvm_startwatch *watch)
{
    const start_watch *first = watch->starts->len > 0 ? watch->starts->pdata[0] : NULL;

    if (!first)
        return;
    if (watch->starts->len > 1)
        gpuvm_session_pend(watch->session, (gpuvm_pending){.begun = first->begun}, "starting %u VMs",
                           watch->starts->len);
    else
        gpuvm_session_pend(watch->session, (gpuvm_pending){.begun = first->begun, .seconds = first->seconds},
                           first->detached ? "%s: setting up the guest's memory"
                                           : "%s: detaching its devices from the host",
                           first->name);
}

/* Looks at all; whether none holds libvirt up any more. */
static bool
look_at_all(const gpuvm_startwatch *watch)
{
    bool detached = true;

    for (guint i = 0; i < watch->starts->len; i++) {
        start_watch *start = watch->starts->pdata[i];

        look(start);
        detached &= start->detached || start->returned;
    }
    tell_pending(watch);
    return detached;
}

char *
gpuvm_startwatch_next(gpuvm_startwatch *watch, bool more, bool *ret_started)
{
    start_watch *over;
    char *name = NULL;

    gpuvm_watchdog_pause(); /* a driver that does not let go holds libvirtd up: this looks closer */
    wait_for_any(watch, 0);
    while (!(over = find_over(watch)) && !(look_at_all(watch) && more))
        wait_for_any(watch, POLL_US);
    gpuvm_session_settle(watch->session);
    if (over) {
        *ret_started = conclude(watch, over);
        name = g_steal_pointer(&over->name);
        g_ptr_array_remove(watch->starts, over);
    }
    gpuvm_watchdog_resume();
    return name;
}
