/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * revive.h: bring a card back that does not answer, gently at first: a reset of each function, of their bus, a new look for them
 */
#pragma once

#include "ops/session.h"

/** Whether one of @functions (gpuvm_plan_function) does not answer, and this machine is the one that they are of. */
bool gpuvm_revive_is_needed(const gpuvm_session *session, const GPtrArray *functions);

/**
 * Takes step after step, each as long as @is_free says that nobody has the card at @addr, whose functions are @functions, until all of
 * them answer. What each came to is noted; that none helped is an error (GPUVM_EXIT_HOST).
 */
bool gpuvm_revive(gpuvm_session *session, const GPtrArray *functions,
                  bool (*is_free)(gpuvm_session *session, const gpuvm_pci_addr *addr));
