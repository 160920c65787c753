/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestrun.h: a shell that runs in a guest, until it ends
 */
#pragma once

#include "core/guestexec.h"
#include "host/domain.h"

/**
 * Has the agent of @domain's guest carry out @begin (gpuvm_guestexec_begin), and waits for the end for @limit_ms: a process that
 * goes on then is success. What keeps it from running, such as GPUVM_HEALTH_NO_AGENT, is an error.
 */
bool gpuvm_guestrun(gpuvm_domain *domain, const char *begin, uint32_t limit_ms, gpuvm_guestexec *ret_process,
                    GError **error);
