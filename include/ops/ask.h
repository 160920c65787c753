/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ask.h: ask VMs for their health, once
 *
 * What is asked is what was recorded at define (record->health_url), so no file is needed, but for a URL with a password.
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
    char *url;    /* that was asked, without user and password; NULL: nothing was asked */
    int taken_ms; /* -1: nothing was asked */
} gpuvm_health;

void gpuvm_health_free(gpuvm_health *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_health, gpuvm_health_free)

/**
 * Asks @vms (gpuvm_instance), all at the same time, each for 5 s at most. Returns a gpuvm_health for each, in their order,
 * owned by the array; NULL: see the diagnostics.
 */
GPtrArray *gpuvm_health_ask(gpuvm_session *session, const GPtrArray *vms);

/*
 * Asks @domain alone what @url says, from @from (enum gpuvm_health_from), for as long as gpuvm_health_ask would, but little
 * longer than @left_ms, nor after @stop says so (NULL: never). gpuvm_curl_load was called before.
 */
gpuvm_health *gpuvm_health_ask_one(const gpuvm_session *session, const gpuvm_domain *domain, const char *url,
                                   int from, uint64_t left_ms, bool (*stop)(void));
