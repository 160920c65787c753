/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe.h: one HTTP request, to see whether somebody answers
 *
 * Only the status counts: a redirect is an answer and is not followed, the body is not read.
 */
#pragma once

#include <stdbool.h>

#include "model/answer.h"

typedef struct gpuvm_probe {
    const char *url; /* http or https */
    /**
     * The host is a guest's address: no proxy leads there, and no certificate can be in its name, so that none is
     * checked. Any other host is asked as libcurl does it by itself.
     */
    bool guest;
    uint32_t timeout_ms;
} gpuvm_probe;

/** Asks, in any thread. gpuvm_curl_load (host/curl.h) was called before. */
void gpuvm_probe_run(const gpuvm_probe *probe, gpuvm_answer *ret_answer);
