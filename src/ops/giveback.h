/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * giveback.h: whether the host has its devices back, and they answer, when a VM is off
 *
 * On the host itself only; what cannot be seen there is not said.
 */
#pragma once

#include "ops/session.h"

/** What a running domain has, and is to give back. */
typedef struct gpuvm_giveback {
    char *domain;
    GArray *had;   /* gpuvm_pci_addr, in address order: all of it */
    GArray *taken; /* those of them that were not on a driver of VFIO's before; NULL: that cannot be seen */
} gpuvm_giveback;

/** What @domain has; NULL: it does not run, or that cannot be seen. */
gpuvm_giveback *gpuvm_giveback_expect(const gpuvm_session *session, gpuvm_domain *domain);
void gpuvm_giveback_free(gpuvm_giveback *due);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_giveback, gpuvm_giveback_free)

/** Warns of each device of @due (NULL: none), whose domain is off, that does not answer, or whose driver did not come back. */
void gpuvm_giveback_check(gpuvm_session *session, const gpuvm_giveback *due);
