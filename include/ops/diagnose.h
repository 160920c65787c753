/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diagnose.h: what the logs say about the last start or crash of a VM, or about the host
 */
#pragma once

#include "core/timeline.h"
#include "ops/session.h"

typedef struct gpuvm_diagnosis {
    char *subject;     /* the VM, or the directory; NULL: the host */
    GPtrArray *events; /* gpuvm_event, in the order of their time */
    GPtrArray *faults; /* as gpuvm_timeline_faults */
    unsigned unknown;  /* lines that look like errors, and are not known */
} gpuvm_diagnosis;

/**
 * What the logs of VM @name say, on this machine; of NULL, what the host's own say, and those of each VM that is off and whose last start failed or
 * that crashed. @since: as gpuvm_timeline_settle. That libvirt does not answer is a
 * warning: then the logs that can be found without it are read. An array of gpuvm_diagnosis, or NULL: see the session's diagnostics, which also have an
 * error (exit code 5) for each with a fatal fault or an unknown line.
 */
GPtrArray *gpuvm_diagnose(gpuvm_session *session, const char *name, gint64 since);

/** The same of saved logs, without a host: those of @directory (gpuvm_timeline_log_of), and those in a directory @name there; @name may be NULL where one VM has a
 * log. */
GPtrArray *
gpuvm_diagnose_directory(gpuvm_session *session, const char *directory, const char *name, gint64 since);

/**
 * Adds to @diag, about a start of VM @name that was begun at @begun (µs since the epoch) and failed, the line of QEMU's that is the cause,
 * unless it says so already, and what to type.
 */
void gpuvm_diagnose_hint(gpuvm_session *session, const char *name, gint64 begun, gpuvm_diag *diag);
