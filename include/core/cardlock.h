/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cardlock.h: the addresses of a definition, as the lock beside it means them
 */
#pragma once

#include "core/cardid.h"
#include "model/spec.h"

/** Whether a card that @vm names is not where @host has it: who wants to find it needs all devices. */
bool gpuvm_cardlock_lost(const gpuvm_locked_host *host, const gpuvm_vm *vm, const gpuvm_facts *facts);

/**
 * Puts where the card is that @item names into *@ref, and into *@ret_locked whether @host (NULL: there is no lock of this host) has it.
 * One that moved is a warning; that there is another in its place, and it is nowhere, is an error (exit code 5), and false.
 */
bool
gpuvm_cardlock_resolve(const gpuvm_locked_host *host, const gpuvm_passthrough *item, const gpuvm_facts *facts,
                       gpuvm_diags *diags, gpuvm_pci_ref *ref, bool *ret_locked);

/**
 * Warns of each card of @record that was locked and is not among @functions: what is planned without the lock (an exported definition,
 * one that is edited) may name it by an address that is another's now.
 */
void gpuvm_cardlock_check_former(const gpuvm_record *record, const GPtrArray *functions,
                                 const gpuvm_facts *facts, gpuvm_diags *diags);

/** The one of @lock's hosts whose UUID is @uuid (NULL: not known); NULL. */
const gpuvm_locked_host *gpuvm_cardlock_host(const gpuvm_lockfile *lock, const char *uuid);
