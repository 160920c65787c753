/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * health.h: ask VMs for their health: many at once, or one after its start until it is healthy
 *
 * What is asked is what was recorded at define (record->health_url), so no file is needed.
 */
#pragma once

#include "ops/lifecycle.h"

typedef enum gpuvm_health_state {
    GPUVM_HEALTH_NONE, /* it has no health check */
    GPUVM_HEALTH_OFF,
    GPUVM_HEALTH_UNHEALTHY,
    GPUVM_HEALTH_HEALTHY,
} gpuvm_health_state;

/** "none", "off", "unhealthy", "healthy", NULL. */
extern const char *const gpuvm_health_names[];

typedef struct gpuvm_health {
    char *name;
    gpuvm_health_state state;
    char *reason; /* "200 OK", "no address yet", "shut off", …; NULL: it has no health check */
    char *url;    /* that was asked, without a password; NULL: nothing was asked */
    int taken_ms; /* -1: nothing was asked */
} gpuvm_health;

void gpuvm_health_free(gpuvm_health *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_health, gpuvm_health_free)

/**
 * Asks @vms (gpuvm_listed), all at the same time, each for 5 s at most. Returns a gpuvm_health for each, in their order,
 * owned by the array; NULL: see the diagnostics.
 */
GPtrArray *gpuvm_health_ask(gpuvm_session *session, const GPtrArray *vms);

/** A VM that was started and is to become healthy. */
typedef struct gpuvm_health_watch gpuvm_health_watch;

/**
 * To be called when @name was started: its time begins now, and what it writes to its console is kept from now on, if
 * nobody else has that. NULL: see the diagnostics; one without a health check, a note there, has nothing to wait for.
 */
gpuvm_health_watch *gpuvm_health_watch_new(gpuvm_session *session, const char *name);
void gpuvm_health_watch_free(gpuvm_health_watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_health_watch, gpuvm_health_watch_free)

/** Whom it is about; borrowed. */
const char *gpuvm_health_watch_name(const gpuvm_health_watch *watch);

/**
 * Asks about twice a second until it is healthy, its time is over, it has stopped, or @stop says so (NULL: never).
 * Each of the latter is an error: GPUVM_EXIT_UNHEALTHY with the last reason and the console's last lines as hints, or,
 * stopped by @stop, GPUVM_EXIT_FAILED. The VM goes on running. session->say is told each new reason.
 */
bool gpuvm_health_wait(gpuvm_session *session, gpuvm_health_watch *watch, bool (*stop)(void));
