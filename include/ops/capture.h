/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capture.h: the host of a session as a host file
 */
#pragma once

#include "ops/session.h"

/** The text of the host file (g_malloc); NULL: see the diagnostics. @full: serial numbers and the host's UUID too. */
char *gpuvm_capture_host(gpuvm_session *session, bool full);
