/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transient.h: what a VM that gpuvm run made leaves behind when it is off
 *
 * libvirt forgets such a domain, but removes neither its volumes nor its UEFI variables.
 */
#pragma once

#include "ops/session.h"

/*
 * Removes what of VM @name's disks and texts is in the pool @pool (NULL: the session's) and no domain has: a start that was killed, or
 * a guest that went off by itself, leaves it. To be called with the VM's lock, when there is no such domain.
 */
bool gpuvm_transient_sweep(gpuvm_session *session, const char *name, const char *pool);

/* The same with its UEFI variables. @xml: the domain's. */
bool gpuvm_transient_remove(gpuvm_session *session, const char *name, const char *pool, const char *xml);
