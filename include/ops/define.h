/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define.h: definition files → defined domains
 */
#pragma once

#include "ops/plan.h"

typedef enum gpuvm_change { GPUVM_CREATED, GPUVM_UPDATED, GPUVM_UNCHANGED } gpuvm_change;

/** "created", "updated", "unchanged". */
extern const char *const gpuvm_change_names[];

typedef struct gpuvm_define_options {
    bool adopt;     /* take over a domain that gpuvm does not manage */
    bool autostart; /* start it with the host, whatever the definition says */
} gpuvm_define_options;

/**
 * Whether every one of @planned (gpuvm_planned) may be defined; what they need of the storage pool is made then
 * (ops/images.h). What stands in the way is in the diagnostics.
 */
bool
gpuvm_define_prepare(gpuvm_session *session, const GPtrArray *planned, const gpuvm_define_options *options);

/**
 * Defines one VM that was prepared. An existing domain keeps its UUID and MAC. Whether anything changed
 * is seen by comparing libvirt's own XML before and after.
 */
bool gpuvm_define(gpuvm_session *session, gpuvm_planned *planned, const gpuvm_define_options *options,
                  gpuvm_change *ret_change);
