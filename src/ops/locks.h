/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * locks.h: what one run has locked of its host, and in which order (host/lock.h)
 *
 * Each is added to an array, and released with that. While another process has one, it is said once what is waited for.
 * libvirt's test driver has nothing to be locked: its state is the connection's. False: see the session's diagnostics.
 */
#pragma once

#include "host/lock.h"
#include "ops/session.h"

/* An array of locks (gpuvm_lock, owned). */
GPtrArray *gpuvm_locks_new(void);

bool gpuvm_locks_add_fleet(GPtrArray *locks, gpuvm_session *session, const char *name);
bool gpuvm_locks_add_images(GPtrArray *locks, gpuvm_session *session, bool exclusive);
bool gpuvm_locks_add_vm(GPtrArray *locks, gpuvm_session *session, const char *name);
/* That of each of @names (char *), in their order, which all keep to; twice the same is once. */
bool gpuvm_locks_add_vms(GPtrArray *locks, gpuvm_session *session, const GPtrArray *names);
bool gpuvm_locks_add_host(GPtrArray *locks, gpuvm_session *session);
bool gpuvm_locks_add_pool(GPtrArray *locks, gpuvm_session *session);
