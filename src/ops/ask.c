/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/ask.h"

#include <string.h>

#include "base/url.h"
#include "core/health.h"
#include "core/reach.h"
#include "host/address.h"
#include "host/agent.h"
#include "host/curl.h"
#include "host/probe.h"
#include "ops/askguest.h"
#include "ops/healthurl.h"

#define LIMIT_MS 5000    /* for one question */
#define LOOK_UP_MS 10000 /* for its address: the guest agent may hang */
#define LEAST_MS 500     /* for the last one, when time is running out */
#define STOP_MS 100      /* how often stop is asked */
#define THREADS 64
#define CANDIDATES 4 /* addresses of one guest that are tried */

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
    bool apart;       /* and this: there are others */
    char *url;
    int from; /* enum gpuvm_health_from */
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

static void
set_answer(gpuvm_health *health, const char *url, const gpuvm_answer *answer)
{
    if (gpuvm_health_is_good(answer))
        health->state = GPUVM_HEALTH_HEALTHY;
    set_reason(health, gpuvm_health_reason(answer));
    g_free(health->url);
    health->url = gpuvm_url_shown(url);
    health->taken_ms = (int)answer->taken_ms;
}

/* Whether anybody answered. */
static bool
ask_at(gpuvm_health *health, const gpuvm_probe *probe)
{
    gpuvm_answer answer;

    gpuvm_probe_run(probe, &answer);
    set_answer(health, probe->url, &answer);
    return answer.kind == GPUVM_ANSWER_STATUS;
}

/* Where the guest may be reached; NULL: nobody knows, and the health says so. */
static GPtrArray *
look_up(asking *question, GPtrArray **ret_addresses)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) own = gpuvm_address_own(&error);
    g_autofree char *why = NULL;
    bool asked = false;

    for (gpuvm_address_source source = 0; own && source < GPUVM_ADDRESS_SOURCES; source++) {
        g_autoptr(GPtrArray) addresses = gpuvm_address_list(question->domain, source, question->root,
                                                            question->apart, error ? NULL : &error);
        g_autofree char *refused = NULL;
        g_autoptr(GPtrArray) candidates = addresses ? gpuvm_reach_candidates(addresses, own, &refused) : NULL;

        asked |= addresses != NULL;
        if (candidates && candidates->len > 0) {
            *ret_addresses = g_steal_pointer(&addresses);
            return g_steal_pointer(&candidates);
        }
        if (!why)
            why = g_steal_pointer(&refused);
    }
    if (error && !asked)
        set_error(question->health, error);
    else
        set_reason(question->health, why ? g_strdup_printf("%s: %s", GPUVM_HEALTH_NO_ADDRESS, why)
                                         : g_strdup(GPUVM_HEALTH_NO_ADDRESS));
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
ask_within(asking *question)
{
    g_autoptr(gpuvm_domain) same = question->apart ? gpuvm_domain_apart(question->domain) : NULL;
    g_autoptr(GError) error = NULL;
    gpuvm_answer answer;

    if (gpuvm_askguest(same ? same : question->domain, question->url, question->limit_ms, &answer, &error))
        set_answer(question->health, question->url, &answer);
    else
        set_error(question->health, error);
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
    } else if (question->from == GPUVM_HEALTH_FROM_GUEST) {
        ask_within(question);
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
        question->apart = questions->len > 1;
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
question_new(const gpuvm_session *session, const gpuvm_domain *domain, const char *url, int from,
             uint32_t limit_ms, gpointer *ret_health)
{
    asking *question = g_new0(asking, 1);

    question->domain = gpuvm_domain_copy(domain);
    question->root = session->connection->local ? "" : NULL;
    question->url = g_strdup(url);
    question->from = from;
    if (from == GPUVM_HEALTH_FROM_GUEST)
        gpuvm_agent_load(NULL); /* a failure is told where it is used */
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
        const gpuvm_instance *vm = vms->pdata[i];
        g_autofree char *url = gpuvm_health_url(session, vm->domain->name, vm->record);

        if (url)
            g_ptr_array_add(questions, question_new(session, vm->domain, url, vm->record->health_from,
                                                    LIMIT_MS, &healths->pdata[i]));
        else
            healths->pdata[i] = health_new(vm->domain->name, GPUVM_HEALTH_NONE, NULL);
    }
    ask_all(questions, LOOK_UP_MS + LIMIT_MS, NULL);
    return g_steal_pointer(&healths);
}

gpuvm_health *
gpuvm_health_ask_one(const gpuvm_session *session, const gpuvm_domain *domain, const char *url, int from,
                     uint64_t left_ms, bool (*stop)(void))
{
    g_autoptr(GPtrArray) questions = g_ptr_array_new();
    uint32_t limit_ms = (uint32_t)CLAMP(left_ms, LEAST_MS, LIMIT_MS);
    gpointer health;

    g_ptr_array_add(questions, question_new(session, domain, url, from, limit_ms, &health));
    ask_all(questions, MIN(left_ms, LOOK_UP_MS) + LIMIT_MS, stop);
    return health;
}
