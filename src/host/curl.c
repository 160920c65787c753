/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/curl.h"

#include <string.h>

#include "base/error.h"
#include "host/library.h"

gpuvm_curl_functions gpuvm_curl;

bool
gpuvm_curl_load(GError **error)
{
#define NAME(name) "curl_" #name,
    static const char *const names[] = {GPUVM_CURL_FUNCTIONS(NAME)};
#undef NAME
    static const gpuvm_library library = {.soname = "libcurl-gnutls.so.4",
                                          .title = "libcurl",
                                          .package = "libcurl3-gnutls",
                                          .version = "7.88",
                                          .names = names,
                                          .n = G_N_ELEMENTS(names)};
    gpuvm_curl_functions loaded;
    void *symbols[G_N_ELEMENTS(names)];

    G_STATIC_ASSERT(sizeof symbols == sizeof loaded);
    if (gpuvm_curl.easy_init)
        return true;
    if (!gpuvm_library_load(&library, symbols, error))
        return false;
    memcpy(&loaded, symbols, sizeof loaded);
    if (loaded.global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot set up libcurl");
        return false;
    }
    gpuvm_curl = loaded;
    return true;
}
