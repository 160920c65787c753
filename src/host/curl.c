/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/curl.h"

#include "base/error.h"
#include "host/library.h"

gpuvm_curl_functions gpuvm_curl;

static bool
set_up(GError **error)
{
    if (gpuvm_curl.global_init(CURL_GLOBAL_ALL) == CURLE_OK)
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot set up libcurl");
    return false;
}

static const gpuvm_library library = {
    .soname = GPUVM_CURL_SONAME,
    .title = "libcurl",
    .package = GPUVM_CURL_PACKAGE,
    .version = "7.88",
    .prefix = "curl_",
    .names = (const char *const[]){GPUVM_CURL_FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
    .functions = &gpuvm_curl,
    .set_up = set_up};

bool
gpuvm_curl_load(GError **error)
{
    return gpuvm_library_load(&library, error);
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
