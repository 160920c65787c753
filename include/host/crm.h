/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crm.h: Pacemaker's programs on this machine, which ask its cluster and tell it what to do
 *
 * They are looked for in PATH and in /usr/sbin; CIB_file=FILE has them work on a CIB in a file. Errors have the program's own
 * words. Where there is none, that is GPUVM_EXIT_HOST.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define GPUVM_CRM_MAX_SIZE (256 * 1024 * 1024) /* bytes; one of 500 VMs on 32 nodes has some 10 MiB */

/** Whether the cluster may be asked here: Pacemaker runs, or CIB_file is set. */
bool gpuvm_crm_runs(void);

/** The CIB, XML. g_malloc. */
char *gpuvm_crm_query(GError **error);

/** The CIB in @file, at most GPUVM_CRM_MAX_SIZE + 65536 bytes. g_malloc. */
char *gpuvm_crm_read(const char *file, gsize *ret_size, GError **error);

/** Runs one of the programs: @argv, NULL-terminated, whose first is its name. */
bool gpuvm_crm_run(const char *const *argv, GError **error);

/** Whether the quorum of this machine's cluster has a device: 1, 0, GPUVM_UNKNOWN. */
int gpuvm_crm_quorum_device(void);
