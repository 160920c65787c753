/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cardid.h: is this the card that it was, and if not, where is that now?
 *
 * The one way in which what a lock has, and what a domain's metadata remembers, are compared with what is there.
 */
#pragma once

#include "model/plan.h"

/**
 * What tells @device from others: of one without a serial number that of its card; of a virtual function its physical one's. To be
 * freed.
 */
gpuvm_identity *gpuvm_cardid_of(const gpuvm_device *device, const gpuvm_facts *facts);

/**
 * Whether @a and @b are one function: the same ids, and the same serial number, where both have one, else the same subsystem and path
 * as far as both have these.
 */
bool gpuvm_cardid_same(const gpuvm_identity *a, const gpuvm_identity *b);

/**
 * The function of the host that is @identity by its serial number or path, wherever it is; NULL: there is none, or there are
 * several, none of them at its path. @facts has every device of the host, or nothing is found that it does not have.
 */
const gpuvm_device *gpuvm_cardid_find(const gpuvm_identity *identity, const gpuvm_facts *facts);

/** Whether something else, or nothing, is where a card of @record was that was locked: who wants to find it needs all devices. */
bool gpuvm_cardid_lost(const gpuvm_record *record, const gpuvm_facts *facts);

/** "10de:2204, serial 1321021", with as much as tells @identity from @other; "GeForce RTX 3090 (…)" with @name (NULL: none). g_malloc. */
char *gpuvm_cardid_text(const gpuvm_identity *identity, const gpuvm_identity *other, const char *name);
