/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cardfile.h: gpuvm.lock beside the definitions, read and written
 */
#pragma once

#include "core/relock.h"
#include "host/lock.h"
#include "ops/session.h"

/**
 * What the lock in @directory has of the host into *@ret_host: NULL without a lock, or when the host is not in it, which is noted when
 * @vm names a card. One that is wrong fails. It is read once.
 */
bool gpuvm_cardfile_find(gpuvm_session *session, const char *directory, const gpuvm_vm *vm,
                         const gpuvm_locked_host **ret_host);

/** What came of one lock. */
typedef struct gpuvm_cardfile {
    char *file;
    bool created, changed; /* or would be */
    gpuvm_spec *former;    /* NULL: there was none */
    GArray *cards;         /* gpuvm_relock_card, of this host */
    gpuvm_lock *held;      /* the directory, kept from others; NULL: its file system cannot do that */
} gpuvm_cardfile;

/**
 * Locks the cards that the definitions of @paths name by address, in each of their directories, unless that is only to be seen (@check)
 * or something is wrong: so it is when an address has another card than the lock says, unless it is one of @accepted (gpuvm_pci_ref), or the
 * definitions name that card where it is now. Returns what came of it (gpuvm_cardfile, owned by the array); NULL: see the diagnostics.
 */
GPtrArray *gpuvm_cardfile_lock(gpuvm_session *session, char **paths, const GArray *accepted, bool check);
