/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clustervm.h: VMs of the Pacemaker cluster that this machine is a node of, which are not to be started and stopped beside it
 *
 * Pacemaker's agents start and stop them, too: what they call is not hindered, as OCF_RESOURCE_INSTANCE in the environment says. Where
 * no cluster runs, or does not answer, no VM is one of it; nor is one that it leaves alone (target-role, is-managed, maintenance).
 */
#pragma once

#include "ops/session.h"

/** Whether none of the @n VMs @names is one of the cluster's, which is asked once; an error for each that is. */
bool gpuvm_clustervm_may_start(gpuvm_session *session, const char *const *names, guint n);

/** Adds a note that the cluster starts VM @name, which was stopped, again, if it does. */
void gpuvm_clustervm_note_stop(gpuvm_session *session, const char *name);

/** Adds to the last diagnostic, that there is no VM @name here, who knows where it runs, if the cluster has it. */
void gpuvm_clustervm_hint_where(gpuvm_session *session, const char *name);
