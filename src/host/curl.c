/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/curl.h"

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

    if (gpuvm_curl.easy_init)
        return true;
    if (!gpuvm_library_load(&library, &loaded, error))
        return false;
    if (loaded.global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot set up libcurl");
        return false;
    }
    gpuvm_curl = loaded;
    return true;
}

CURL *
gpuvm_curl_new(void)
{
    CURL *curl = gpuvm_curl.easy_init();

    gpuvm_curl.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    gpuvm_curl.easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    gpuvm_curl.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* threads */
    return curl;
}
