/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestexec.h: a shell that QEMU's guest agent runs in the guest
 *
 * guest-exec starts it, guest-exec-status tells what became of it and what it printed, which is anybody's words. Both are
 * commands and replies in JSON (QEMU Guest Agent Protocol Reference).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** What became of a process of the guest. */
typedef struct gpuvm_guestexec {
    bool exited;
    int exit_code; /* as a shell tells it: one that signal N ended has 128 + N */
    char *output;  /* what it printed, up to a NUL; owned; NULL: it goes on */
} gpuvm_guestexec;

/** The command that has /bin/sh run with @arguments (NULL-terminated), the usual PATH and the C locale. g_malloc. */
char *gpuvm_guestexec_begin(const char *const *arguments);

/** The process of the guest that @reply to it names; false: it names none. */
bool gpuvm_guestexec_read_pid(const char *reply, int64_t *ret_pid);

/** The command that asks what became of process @pid. g_malloc. */
char *gpuvm_guestexec_look(int64_t pid);

/** What @reply to it says. False: it is not understood. */
bool gpuvm_guestexec_read(const char *reply, gpuvm_guestexec *ret_process);

/** Whether it was still running when its time was over, of whoever counted: timeout(1), or who asked. */
bool gpuvm_guestexec_timed_out(const gpuvm_guestexec *process);
