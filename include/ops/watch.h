/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.h: a VM that was started and is to become healthy
 */
#pragma once

#include "ops/session.h"

typedef struct gpuvm_watch gpuvm_watch;

/**
 * To be called when @name was started: its time begins now, and what it writes to its console is kept from now on, if
 * nobody else has that. NULL: see the diagnostics; one without a health check, a note there, has nothing to wait for.
 */
gpuvm_watch *gpuvm_watch_new(gpuvm_session *session, const char *name);
void gpuvm_watch_free(gpuvm_watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_watch, gpuvm_watch_free)

/** Whom it is about; borrowed. */
const char *gpuvm_watch_name(const gpuvm_watch *watch);

/**
 * Asks about twice a second until it is healthy, its time is over, it has stopped, or the session is interrupted.
 * Each of the latter is an error: GPUVM_EXIT_UNHEALTHY with the last reason and the console's last lines as hints, or,
 * interrupted, GPUVM_EXIT_FAILED. session->say is told each new reason. @stays: it is said that the VM goes on running.
 */
bool gpuvm_watch_wait(gpuvm_session *session, gpuvm_watch *watch, bool stays);
