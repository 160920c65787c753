/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prune.h: the VMs of a set that the definitions no longer have
 */
#pragma once

#include "ops/define.h"

/*
 * The domains of set options->set that none of @drafts is (gpuvm_instance, by name, owned by the array), and, when that is not
 * NULL, one of @among is; none without a set. When they are to be removed, plans take them for gone from now on. NULL: see the
 * diagnostics.
 */
GPtrArray *gpuvm_prune_find(gpuvm_session *session, const GPtrArray *drafts,
                            const gpuvm_define_options *options, const GPtrArray *among);

/* Whether @doomed may be removed: one that runs is an error without options->stop. */
bool gpuvm_prune_check(gpuvm_session *session, const GPtrArray *doomed, const gpuvm_define_options *options);

/* Removes @doomed, whose VMs' locks are held, and goes on after a failure; whether all are gone. */
bool gpuvm_prune_all(gpuvm_session *session, const GPtrArray *doomed, const gpuvm_define_options *options);
