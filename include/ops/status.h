/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * status.h: whether a VM runs, for those who act on it: an answer in any case, in a limited time
 */
#pragma once

#include "ops/session.h"

typedef enum gpuvm_status_word {
    GPUVM_STATUS_RUNNING, /* also paused, in shutdown or suspended: it has its memory and its devices */
    GPUVM_STATUS_OFF, /* it is defined, and does not run; it crashed; its emulator has ended, which libvirt does not know yet */
    GPUVM_STATUS_ABSENT,  /* there is no such domain */
    GPUVM_STATUS_UNKNOWN, /* libvirt does not answer, and what is seen without it proves neither */
} gpuvm_status_word;

/** "running", "off", "absent", "unknown". */
extern const char *const gpuvm_status_names[];

typedef struct gpuvm_status {
    gpuvm_status_word word;
    char *state;  /* as virsh says it: "paused"; NULL: libvirt did not say, or there is no domain */
    char *reason; /* why libvirt did not answer; NULL: it did */
    int pid;      /* of its emulator, when that was looked at and runs; 0 */
} gpuvm_status;

void gpuvm_status_free(gpuvm_status *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_status, gpuvm_status_free)

/**
 * Asks libvirt, for @seconds, about the VM @name; when there is no answer and it would be this machine's system daemon, looks for the
 * VM's emulator. A domain that gpuvm does not manage is an error. NULL: see the diagnostics.
 */
gpuvm_status *gpuvm_status_ask(gpuvm_session *session, const char *name, unsigned seconds);
