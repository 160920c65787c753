/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * startwatch.h: libvirt's calls that start domains, any number at once, and what is seen of each meanwhile
 *
 * A call comes back when the guest runs, which takes as long as pinning its memory does, or never, when a driver does not
 * let go of a device. So each runs in a thread of its own, and on a connection of its own, while this thread watches the
 * drivers. What went wrong is in the session's diagnostics, about the domain.
 */
#pragma once

#include "host/domain.h"
#include "ops/session.h"

typedef struct gpuvm_startwatch gpuvm_startwatch;

gpuvm_startwatch *gpuvm_startwatch_new(gpuvm_session *session);

/** None may be on its way any more. */
void gpuvm_startwatch_free(gpuvm_startwatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_startwatch, gpuvm_startwatch_free)

/** How many are on their way. */
unsigned gpuvm_startwatch_count(const gpuvm_startwatch *watch);

/** The memory, in KiB, that those on their way take from the host and may not have taken yet. */
uint64_t gpuvm_startwatch_memory(const gpuvm_startwatch *watch);

/** What starting @claim's domain takes of it for good: without devices, or with hugepages, nothing. */
uint64_t gpuvm_startwatch_memory_of(const gpuvm_claim *claim);

/**
 * Has @domain started, which is taken; @claim is its, and was judged by the session's facts, which are taken too. It is given up
 * after @timeout seconds (0: by its memory and its devices'). @title is put before what is said about it.
 */
void gpuvm_startwatch_add(gpuvm_startwatch *watch, gpuvm_domain *domain, const gpuvm_claim *claim,
                          int timeout, const char *title);

/**
 * The same of the transient domain @xml, which is created. When the session is interrupted, nothing of it is left, as far as libvirt
 * lets go of it.
 */
void gpuvm_startwatch_create(gpuvm_startwatch *watch, const char *xml, const gpuvm_claim *claim, int timeout);

/**
 * Waits until one of them is over; its name (g_malloc), and whether the domain runs. @more: there is another to be added; NULL as
 * soon as libvirt can do that, which detaches devices for one domain at a time, and may not answer meanwhile.
 */
char *gpuvm_startwatch_next(gpuvm_startwatch *watch, bool more, bool *ret_started);
