/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fleet.h: the replicas of deployments that there are, as their domains record it
 */
#pragma once

#include "ops/draft.h"
#include "ops/lifecycle.h"

/** The replicas of one deployment. */
typedef struct gpuvm_fleet {
    char *name;
    GPtrArray *replicas;        /* gpuvm_instance, by number; owned */
    const gpuvm_record *newest; /* of one that has the newest definition; borrowed; NULL: there are none */
} gpuvm_fleet;

void gpuvm_fleet_free(gpuvm_fleet *fleet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_fleet, gpuvm_fleet_free)

/** Every deployment (gpuvm_fleet, by name, owned by the array); NULL: see the diagnostics. */
GPtrArray *gpuvm_fleet_list(gpuvm_session *session);

/** The deployment @name, which may have no replica; NULL: see the diagnostics. */
gpuvm_fleet *gpuvm_fleet_find(gpuvm_session *session, const char *name);

/** As above, but that there is none is an error (GPUVM_EXIT_HOST) with the nearest name as a hint. */
gpuvm_fleet *gpuvm_fleet_get(gpuvm_session *session, const char *name);

/** Whether @instance is a replica of @fleet, as it is now: a copy that was made with virsh has the same record. */
bool gpuvm_fleet_has(const gpuvm_fleet *fleet, const gpuvm_instance *instance);

/*
 * Has @drafts (gpuvm_draft) of deployments count on from the generation that their replicas record, and know which of those are too
 * many and do not leave.
 */
bool gpuvm_fleet_count(gpuvm_session *session, const GPtrArray *drafts);
