/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * release.h: give a card back to the host
 */
#pragma once

#include "ops/session.h"

/** What became of one function. */
typedef struct gpuvm_driver_change {
    gpuvm_pci_addr addr;
    char *before, *after; /* drivers; NULL: none */
} gpuvm_driver_change;

/**
 * Brings the card at @addr back first, when it does not answer (ops/revive.h): one that does not come back is an error. Then returns every function of it that is on a driver of VFIO's, or on no driver, to the one that is its own, if any.
 * Refused while a running domain has it or a device of its group. Returns what became of the functions
 * (gpuvm_driver_change, owned by the array), those that were on another driver unchanged, without those that could not be
 * given back; NULL: none could. See the diagnostics then.
 */
GPtrArray *gpuvm_release(gpuvm_session *session, const gpuvm_pci_addr *addr);
