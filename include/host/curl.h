/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * curl.h: libcurl, loaded when it is first needed; `gpuvm_curl.easy_perform(…)` is curl_easy_perform
 */
#pragma once

#include <stdbool.h>

#include <curl/curl.h>
#include <glib.h>

/* keep sorted */
#define GPUVM_CURL_FUNCTIONS(X)                                                                              \
    X(easy_cleanup)                                                                                          \
    X(easy_getinfo)                                                                                          \
    X(easy_header)                                                                                           \
    X(easy_init)                                                                                             \
    X(easy_perform)                                                                                          \
    X(easy_setopt)                                                                                           \
    X(easy_strerror)                                                                                         \
    X(global_init)                                                                                           \
    X(multi_add_handle)                                                                                      \
    X(multi_cleanup)                                                                                         \
    X(multi_info_read)                                                                                       \
    X(multi_init)                                                                                            \
    X(multi_perform)                                                                                         \
    X(multi_poll)                                                                                            \
    X(multi_remove_handle)                                                                                   \
    X(slist_append)                                                                                          \
    X(slist_free_all)

#define GPUVM_CURL_MEMBER(name) __typeof__(&curl_##name) name;
typedef struct gpuvm_curl_functions {
    GPUVM_CURL_FUNCTIONS(GPUVM_CURL_MEMBER)
} gpuvm_curl_functions;

extern gpuvm_curl_functions gpuvm_curl;

/** Loads libcurl and sets it up; at once when that is done. Fails with GPUVM_EXIT_FAILED. */
bool gpuvm_curl_load(GError **error);

/** A handle for HTTP as gpuvm speaks it, from any thread; to be cleaned up. gpuvm_curl_load was called before. */
CURL *gpuvm_curl_new(void);
