/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestprobe.h: one HTTP request that a guest makes itself, by QEMU's guest agent
 *
 * The agent's guest-exec runs a shell in the guest, which asks by the first of curl, wget and bash that is there, the last
 * for http only; guest-exec-status tells what it printed, which is anybody's words. Both are commands and replies in
 * JSON (QEMU Guest Agent Protocol Reference).
 */
#pragma once

#include <stdbool.h>

#include "model/answer.h"

/**
 * The command that has @url asked in the guest, which gives up after @timeout_ms, in whole seconds. NULL: it is no http or
 * https URL. g_malloc.
 */
char *gpuvm_guestprobe_begin(const char *url, uint32_t timeout_ms);

/** The process of the guest that @reply to it names; false: it names none. */
bool gpuvm_guestprobe_read_pid(const char *reply, int64_t *ret_pid);

/** The command that asks what became of process @pid. g_malloc. */
char *gpuvm_guestprobe_look(int64_t pid);

/** What @reply to it says. False: it is not understood. *@ret_answer is set when *@ret_exited is, but for the time. */
bool gpuvm_guestprobe_read(const char *reply, bool *ret_exited, gpuvm_answer *ret_answer);
