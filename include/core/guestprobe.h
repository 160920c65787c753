/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestprobe.h: one HTTP request that a guest makes itself, by a shell that QEMU's guest agent runs
 *
 * The first of curl, wget and bash that is there asks, the last for http only.
 */
#pragma once

#include "core/guestexec.h"
#include "model/answer.h"

/**
 * The command that has @url asked in the guest, which gives up after @timeout_ms, in whole seconds. NULL: it is no http or
 * https URL. g_malloc.
 */
char *gpuvm_guestprobe_begin(const char *url, uint32_t timeout_ms);

/** What @process, which has exited, was answered, but for the time. */
void gpuvm_guestprobe_read(const gpuvm_guestexec *process, gpuvm_answer *ret_answer);
