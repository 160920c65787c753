/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * images.h: what planned VMs need of the session's storage pool: images (ops/imagefetch.h), overlays, seeds, manifests
 *
 * What went wrong is in the session's diagnostics.
 */
#pragma once

#include "ops/draft.h"

/* Fetches every image of @drafts (gpuvm_draft, planned) that is not in the pool. Nothing half-made stays of what fails. */
bool gpuvm_images_fetch(gpuvm_session *session, const GPtrArray *drafts);

/*
 * Makes what else @drafts need, whose images are there: the overlays and blank disks that are missing; one that is there is never
 * replaced. Paths in the plans, and the XML, follow. Without success nothing of it stays. A signal that ends the process does so
 * after that.
 */
bool gpuvm_images_prepare(gpuvm_session *session, const GPtrArray *drafts);

/*
 * Removes the seeds and manifests of @draft's VM that it has no use for, now that it is defined: of its former definition,
 * and of processes that were killed. Not while it runs, with the former definition.
 */
void gpuvm_images_drop_texts(gpuvm_session *session, const gpuvm_draft *draft);

/* Removes the volumes that were made for @draft in this run: it was not defined. */
void gpuvm_images_discard(gpuvm_session *session, gpuvm_draft *draft);
