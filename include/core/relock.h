/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * relock.h: a lock's new text: what is now at the addresses that definitions name
 */
#pragma once

#include "core/cardlock.h"

/** What happens to a card of a lock. */
typedef enum gpuvm_relock {
    GPUVM_RELOCK_ADDED,
    GPUVM_RELOCK_CHANGED,
    GPUVM_RELOCK_UNCHANGED,
    GPUVM_RELOCK_ABSENT, /* the host has nothing there: it stays as it is */
    GPUVM_RELOCK_REMOVED /* no definition names it */
} gpuvm_relock;

/** "added", "changed", "unchanged", "absent", "removed", NULL. */
extern const char *const gpuvm_relock_names[];

typedef struct gpuvm_relock_card {
    gpuvm_pci_addr addr;
    gpuvm_relock what;
    const gpuvm_device *device;      /* what is there now; NULL: nothing */
    const gpuvm_locked_card *former; /* what the lock had; NULL: nothing */
} gpuvm_relock_card;

/** What is to be locked. All borrowed. */
typedef struct gpuvm_relock_input {
    const gpuvm_spec *former; /* the lock as it is; NULL: there is none */
    const char *name;         /* of the host; NULL: not known */
    const GArray *addrs;      /* gpuvm_pci_addr: the functions that are named, in order */
    bool all;                 /* no others are */
    const gpuvm_facts *facts; /* with every device of the host, and its UUID */
} gpuvm_relock_input;

/** The lock's new text; what comes of each card of this host is added to @cards (gpuvm_relock_card), in order. g_malloc. */
char *gpuvm_relock_write(const gpuvm_relock_input *input, GArray *cards);
