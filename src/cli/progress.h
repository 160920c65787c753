/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * progress.h: how far a transfer is, on standard error
 *
 * On a terminal, one line that is written again and again; elsewhere a line at its beginning, every 10 seconds, and at
 * its end.
 */
#pragma once

#include "ops/session.h"

/* A gpuvm_session's progress. */
void gpuvm_progress_show(const gpuvm_progress *progress);

/* A gpuvm_session's pending, where standard error is a terminal: one line, while something takes more than half a second. */
void gpuvm_progress_pending(const gpuvm_pending *now);

/* Takes the line away that a terminal shows now, for another: it is written again. */
void gpuvm_progress_hide(void);

/* A gpuvm_session's say. */
void gpuvm_progress_say(const char *text);
