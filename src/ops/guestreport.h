/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestreport.h: what a guest's own service tells of its hardware (core/reporter.h)
 */
#pragma once

#include "host/domain.h"

/**
 * Waits for a report for @seconds, or until @stop (NULL: never) says so. NULL: see @error, whose code is GPUVM_EXIT_UNHEALTHY
 * where it is the guest's fault. g_malloc.
 */
char *gpuvm_guestreport(gpuvm_domain *domain, unsigned seconds, bool (*stop)(void), GError **error);
