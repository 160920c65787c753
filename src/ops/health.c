/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/health.h"

#include <string.h>

#include "core/health.h"
#include "core/tail.h"
#include "host/address.h"
#include "host/console.h"
#include "host/curl.h"
#include "host/probe.h"

#define LIMIT_MS 5000    /* for one question */
#define LOOK_UP_MS 10000 /* for its address: the guest agent may hang */
#define PERIOD_MS 500    /* between two questions to one VM */
#define STOP_MS 100      /* how often stop is asked */
#define THREADS 64
#define CANDIDATES 4 /* addresses of one guest that are tried */
#define TAIL_LINES 20
#define NO_ADDRESS "no address yet"

const char *const gpuvm_health_names[] = {"none", "off", "unhealthy", "healthy", NULL};

void
gpuvm_health_free(gpuvm_health *health)
{
    if (!health)
        return;
    g_free(health->name);
    g_free(health->reason);
    g_free(health->url);
    g_free(health);
}

static gpuvm_health *
health_new(const char *name, gpuvm_health_state state, const char *reason)
{
    gpuvm_health *health = g_new0(gpuvm_health, 1);

    health->name = g_strdup(name);
    health->state = state;
    health->reason = g_strdup(reason);
    health->taken_ms = -1;
    return health;
}

/* A question to one VM, asked in a thread, which owns it until it is in the queue. */
typedef struct asking {
    gpuvm_domain *domain;
    const char *root; /* as gpuvm_address_list has it */
    char *url;
    uint32_t limit_ms;
    gpointer *ret_health; /* a gpuvm_health, where the asker wants it: not the thread's */
    gpuvm_health *health;
    GAsyncQueue *done;
} asking;

static void
question_free(gpointer data)
{
    asking *question = data;

    gpuvm_domain_free(question->domain);
    g_free(question->url);
    gpuvm_health_free(question->health);
    g_clear_pointer(&question->done, g_async_queue_unref);
    g_free(question);
}

static void
set_reason(gpuvm_health *health, char *reason)
{
    g_free(health->reason);
    health->reason = reason;
}

static void
set_error(gpuvm_health *health, const GError *error)
{
    set_reason(health, g_strndup(error->message, strcspn(error->message, "\n")));
}

/* Whether anybody answered. */
static bool
ask_at(gpuvm_health *health, const gpuvm_probe *probe)
{
    gpuvm_answer answer;

    gpuvm_probe_run(probe, &answer);
    if (gpuvm_health_is_good(&answer))
        health->state = GPUVM_HEALTH_HEALTHY;
    set_reason(health, gpuvm_health_reason(&answer));
    g_free(health->url);
    health->url = gpuvm_health_shown(probe->url);
    health->taken_ms = (int)answer.taken_ms;
    return answer.kind == GPUVM_ANSWER_STATUS;
}

/* Where the guest may be reached; NULL: nobody knows, and the health says so. */
static GPtrArray *
look_up(asking *question, GPtrArray **ret_addresses)
{
    g_autoptr(GError) error = NULL;
    bool asked = false;

    for (gpuvm_address_source source = 0; source < GPUVM_ADDRESS_SOURCES; source++) {
        g_autoptr(GPtrArray) addresses =
            gpuvm_address_list(question->domain, source, question->root, error ? NULL : &error);
        g_autoptr(GPtrArray) candidates = addresses ? gpuvm_health_candidates(addresses) : NULL;

        asked |= addresses != NULL;
        if (candidates && candidates->len > 0) {
            *ret_addresses = g_steal_pointer(&addresses);
            return g_steal_pointer(&candidates);
        }
    }
    if (error && !asked)
        set_error(question->health, error);
    else
        set_reason(question->health, g_strdup(NO_ADDRESS));
    return NULL;
}

/* The first address that answers counts: a lease may outlive what had it. */
static void
ask_guest(asking *question)
{
    g_autoptr(GPtrArray) addresses = NULL;
    g_autoptr(GPtrArray) candidates = look_up(question, &addresses);
    guint n = candidates ? MIN(candidates->len, CANDIDATES) : 0;
    bool answered = false;

    for (guint i = 0; i < n && !answered; i++) {
        g_autofree char *url = gpuvm_health_at(question->url, candidates->pdata[i]);
        const gpuvm_probe probe = {.url = url, .guest = true, .timeout_ms = question->limit_ms / n};

        answered = ask_at(question->health, &probe);
    }
}

static void
answer(gpointer data, gpointer user)
{
    asking *question = data;
    GAsyncQueue *done = g_steal_pointer(&question->done); /* one in the queue does not hold it */
    g_autoptr(GError) error = NULL;

    (void)user;
    if (!gpuvm_domain_refresh(question->domain, &error)) {
        set_error(question->health, error);
    } else if (!question->domain->active) {
        question->health->state = GPUVM_HEALTH_OFF;
        set_reason(question->health, g_strdup(gpuvm_domain_state_name(question->domain->state)));
    } else if (question->domain->state == VIR_DOMAIN_PAUSED) { /* after an error of its disk, for example */
        set_reason(question->health, g_strdup(gpuvm_domain_state_name(question->domain->state)));
    } else if (gpuvm_health_is_guest(question->url)) {
        ask_guest(question);
    } else {
        const gpuvm_probe probe = {.url = question->url, .timeout_ms = question->limit_ms};
        ask_at(question->health, &probe);
    }
    g_async_queue_push(done, question); /* no longer this thread's */
    g_async_queue_unref(done);
}

/* NULL: nothing came in time, or @stop does not want to wait for it. */
static asking *
next_answer(GAsyncQueue *done, uint64_t patience_ms, bool (*stop)(void))
{
    asking *question = NULL;

    for (uint64_t waited = 0; !question && waited < patience_ms && !(stop && stop()); waited += STOP_MS)
        question = g_async_queue_timeout_pop(done, STOP_MS * G_TIME_SPAN_MILLISECOND);
    return question;
}

/*
 * Has each of @questions (taken) answered, at once. When none comes back for @patience_ms, the rest is left behind,
 * with the threads that ask them: libvirt or a guest agent hangs.
 */
static void
ask_all(GPtrArray *questions, uint64_t patience_ms, bool (*stop)(void))
{
    GAsyncQueue *done = g_async_queue_new_full(question_free);
    GThreadPool *pool = g_thread_pool_new(answer, NULL, THREADS, FALSE, NULL);
    guint n = questions->len;
    asking *back;

    for (guint i = 0; i < n; i++) {
        asking *question = questions->pdata[i];

        question->done = g_async_queue_ref(done);
        g_thread_pool_push(pool, question, NULL);
    }
    while (n > 0 && (back = next_answer(done, patience_ms, stop))) {
        gpuvm_health_free(*back->ret_health);
        *back->ret_health = g_steal_pointer(&back->health);
        question_free(back);
        n--;
    }
    g_thread_pool_free(pool, TRUE, FALSE);
    g_async_queue_unref(done);
}

static asking *
question_new(const gpuvm_session *session, const gpuvm_domain *domain, const char *url, uint32_t limit_ms,
             gpointer *ret_health)
{
    asking *question = g_new0(asking, 1);

    question->domain = gpuvm_domain_copy(domain);
    question->root = session->connection->local ? "" : NULL;
    question->url = g_strdup(url);
    question->limit_ms = limit_ms;
    question->ret_health = ret_health;
    question->health = health_new(domain->name, GPUVM_HEALTH_UNHEALTHY, NULL);
    *ret_health =
        health_new(domain->name, GPUVM_HEALTH_UNHEALTHY, "libvirt or the guest agent does not answer");
    return question;
}

GPtrArray *
gpuvm_health_ask(gpuvm_session *session, const GPtrArray *vms)
{
    g_autoptr(GPtrArray) healths = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_health_free);
    g_autoptr(GPtrArray) questions = g_ptr_array_new();
    GError *error = NULL;

    if (!gpuvm_curl_load(&error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    g_ptr_array_set_size(healths, (int)vms->len);
    for (guint i = 0; i < vms->len; i++) {
        const gpuvm_listed *vm = vms->pdata[i];
        const char *url = vm->record->health_url;

        if (url)
            g_ptr_array_add(questions, question_new(session, vm->domain, url, LIMIT_MS, &healths->pdata[i]));
        else
            healths->pdata[i] = health_new(vm->domain->name, GPUVM_HEALTH_NONE, NULL);
    }
    ask_all(questions, LOOK_UP_MS + LIMIT_MS, NULL);
    return g_steal_pointer(&healths);
}

struct gpuvm_health_watch {
    gpuvm_domain *domain;
    char *url;
    uint64_t timeout_ms;
    gint64 begun;             /* µs */
    gpuvm_console_tail *tail; /* NULL: it cannot be had */
};

gpuvm_health_watch *
gpuvm_health_watch_new(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;
    gpuvm_health_watch *watch;

    if (!domain)
        return NULL;
    if (!record->health_url) {
        gpuvm_diags_note(session->diags, NULL, "it has no health_check: there is nothing to wait for");
        return NULL;
    }
    if (!gpuvm_curl_load(&error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    watch = g_new0(gpuvm_health_watch, 1);
    watch->begun = g_get_monotonic_time();
    watch->url = g_steal_pointer(&record->health_url);
    watch->timeout_ms = record->health_timeout_ms;
    watch->tail = gpuvm_console_tail_open(session->connection, domain);
    watch->domain = g_steal_pointer(&domain);
    return watch;
}

void
gpuvm_health_watch_free(gpuvm_health_watch *watch)
{
    if (!watch)
        return;
    gpuvm_domain_free(watch->domain);
    g_free(watch->url);
    gpuvm_console_tail_close(watch->tail);
    g_free(watch);
}

const char *
gpuvm_health_watch_name(const gpuvm_health_watch *watch)
{
    return watch->domain->name;
}

static uint64_t
elapsed_ms(const gpuvm_health_watch *watch)
{
    return (uint64_t)(g_get_monotonic_time() - watch->begun) / G_TIME_SPAN_MILLISECOND;
}

/* Sleeps until @ms after the start, or @stop. */
static void
sleep_until(const gpuvm_health_watch *watch, uint64_t ms, bool (*stop)(void))
{
    for (uint64_t now = elapsed_ms(watch); now < ms && !(stop && stop()); now = elapsed_ms(watch))
        g_usleep(MIN(ms - now, STOP_MS) * G_TIME_SPAN_MILLISECOND);
}

/* Asks until it is healthy, off, out of time or stopped; its last health. */
static gpuvm_health *
ask_until_over(gpuvm_session *session, const gpuvm_health_watch *watch, bool (*stop)(void))
{
    gpuvm_health *last = NULL;

    gpuvm_session_say(session, "%6.1f s  waiting for %s to be healthy, for %g s at most", 0.0,
                      watch->domain->name, (double)watch->timeout_ms / 1000);
    do {
        uint64_t now = elapsed_ms(watch);
        uint64_t left = watch->timeout_ms > now ? watch->timeout_ms - now : 0;
        g_autoptr(GPtrArray) questions = g_ptr_array_new();
        gpointer answered;
        gpuvm_health *health;

        /* at least once, even for one that was waited for after another */
        g_ptr_array_add(questions, question_new(session, watch->domain, watch->url,
                                                (uint32_t)CLAMP(left, PERIOD_MS, LIMIT_MS), &answered));
        ask_all(questions, MIN(left, LOOK_UP_MS) + LIMIT_MS, stop);
        health = answered;
        if (last && stop && stop()) {
            gpuvm_health_free(health);
            break;
        }
        if (!last || g_strcmp0(last->reason, health->reason) != 0)
            gpuvm_session_say(session, "%6.1f s  %s: %s", (double)elapsed_ms(watch) / 1000,
                              watch->domain->name, health->reason);
        gpuvm_health_free(last);
        last = health;
        if (last->state != GPUVM_HEALTH_UNHEALTHY)
            break;
        sleep_until(watch, MIN(now + PERIOD_MS, watch->timeout_ms), stop);
    } while (elapsed_ms(watch) < watch->timeout_ms && !(stop && stop()));
    return last;
}

static void
hint_console(gpuvm_diag *diag, gpuvm_console_tail *tail)
{
    size_t size = 0;
    g_autofree char *text = tail ? gpuvm_console_tail_text(tail, &size) : NULL;
    g_auto(GStrv) lines = text ? gpuvm_tail_lines(text, size, TAIL_LINES) : NULL;

    if (lines && *lines)
        gpuvm_diag_hint(diag, "the console's last lines:");
    for (char **line = lines; line && *line; line++)
        gpuvm_diag_hint(diag, "  %s", *line);
}

bool
gpuvm_health_wait(gpuvm_session *session, gpuvm_health_watch *watch, bool (*stop)(void))
{
    g_autoptr(gpuvm_health) health = ask_until_over(session, watch, stop);
    const char *name = watch->domain->name;
    double seconds = (double)watch->timeout_ms / 1000;
    gpuvm_diag *diag;

    if (health->state == GPUVM_HEALTH_HEALTHY)
        return true;
    if (health->state == GPUVM_HEALTH_OFF) {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
                                 "the VM has stopped before it was healthy");
    } else if (stop && stop()) {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                 "no longer waited for: it was not healthy yet: %s", health->reason);
        gpuvm_diag_hint(diag, "the VM goes on running; ask again: gpuvm health %s", name);
        return false;
    } else {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "not healthy after %g s: %s",
                                 seconds, health->reason);
        if (health->url)
            gpuvm_diag_hint(diag, "asked was %s", health->url);
        if (g_str_equal(health->reason, NO_ADDRESS))
            gpuvm_diag_hint(
                diag, "a guest's address comes from a DHCP lease of libvirt's network, from the host's ARP "
                      "table, or from qemu-guest-agent in the guest");
        gpuvm_diag_hint(diag, "the VM goes on running; ask again: gpuvm health %s", name);
    }
    hint_console(diag, watch->tail);
    return false;
}
