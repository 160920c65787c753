/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * startcheck.h: may a VM start now, whatever has changed since define?
 *
 * Each applies every rule about a start (core/judge.h), and returns false with all that stands in the way in the session's
 * diagnostics. Nothing is changed.
 */
#pragma once

#include "core/record.h"
#include "ops/draft.h"

/* The domain of @claim and @guest. @quiet: only errors are said, because something else says the rest. */
bool gpuvm_check_start(gpuvm_session *session, const gpuvm_claim *claim, const gpuvm_record *record,
                       gpuvm_guest *guest, bool quiet);

/* One that @draft, which is planned, would make, before it does, or before one that runs is stopped for it; quiet. */
bool gpuvm_check_draft(gpuvm_session *session, const gpuvm_draft *draft);

/** Domain @name, before it is stopped, if it runs: what it has itself is in nobody's way. Quiet. */
bool gpuvm_check_restart(gpuvm_session *session, const char *name);
