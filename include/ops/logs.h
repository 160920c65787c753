/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * logs.h: what libvirt, QEMU and the guest wrote of a VM
 */
#pragma once

#include "ops/lifecycle.h"

/** The files of a VM, on this machine. */
typedef struct gpuvm_logs {
    char *log;     /* libvirt's and QEMU's */
    char *console; /* where the guest's console goes, too; NULL: nowhere */
} gpuvm_logs;

/** Those of VM @name; NULL, for a VM of another machine for one: see the diagnostics. */
gpuvm_logs *gpuvm_logs_find(gpuvm_session *session, const char *name);

void gpuvm_logs_free(gpuvm_logs *logs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_logs, gpuvm_logs_free)
