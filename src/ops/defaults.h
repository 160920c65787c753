/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * defaults.h: what lies below every VM and plugin of a host
 */
#pragma once

#include "ops/session.h"

#define GPUVM_DEFAULTS_FILE "/etc/gpuvm/defaults.yaml"

/**
 * Reads the host's defaults, once, into @session->defaults, which stays NULL when it has none, and the pool that these name
 * into @session->pool, unless one is given: of --defaults when that is given, of a host file what it says, else of the file
 * in /etc. Texts that they name by path are in them, and paths are absolute. False: see the diagnostics.
 */
bool gpuvm_defaults_read(gpuvm_session *session);
