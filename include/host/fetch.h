/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fetch.h: what a URL names, piece by piece: http, https (libcurl) and file
 *
 * At most 5 redirects, never from https to http, never to file. A connection that breaks is taken up again where it
 * broke (a range request, if the file is still the same), a few times; else, and for every other answer than 200, it
 * is an error that names the URL without its user and password. Exit codes: GPUVM_EXIT_HOST when it is not there,
 * GPUVM_EXIT_UNHEALTHY for a time-out, else GPUVM_EXIT_FAILED.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct gpuvm_fetch {
    const char *url;
    uint64_t max_size;      /* bytes: more are refused, by the announced size if there is one; 0: any */
    unsigned stall_seconds; /* of less than 1 KiB/s, after which it is given up; 0: 30 */
    /** Told the size, in bytes, before the first piece, if it is known; false with an error ends it. May be NULL. */
    bool (*expect)(void *data, uint64_t size, GError **error);
    /** Takes the next piece of the body; false with an error ends the transfer. */
    bool (*take)(void *data, const void *bytes, size_t size, GError **error);
    /** Told now and then how far it is, in bytes; @total 0: unknown. False ends it. May be NULL. */
    bool (*progress)(void *data, uint64_t done, uint64_t total);
    void *data;
} gpuvm_fetch;

bool gpuvm_fetch_run(const gpuvm_fetch *fetch, GError **error);

/** The whole of @url, at most @max_size bytes, with a NUL behind it; NULL: @error. g_malloc. */
char *gpuvm_fetch_text(const char *url, uint64_t max_size, size_t *ret_size, GError **error);
