/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-reach.c: any lines as the addresses that a guest says it has; the first one is the host's own
 */
#include <config.h>

#include "core/health.h"
#include "core/reach.h"
#include "fuzz.h"

static void
check_url(const char *address)
{
    g_autofree char *url = gpuvm_health_at("http://localhost:8080/health?a=b", address);
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);

    FUZZ_REQUIRE(uri && g_str_equal(g_uri_get_host(uri), address));
    FUZZ_REQUIRE(g_uri_get_port(uri) == 8080 && g_str_equal(g_uri_get_path(uri), "/health"));
    FUZZ_REQUIRE(!gpuvm_health_is_guest(url));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new(), own = g_ptr_array_new();
    g_autofree char *why = NULL;

    for (char **line = lines; *line; line++) {
        g_ptr_array_add(addresses, *line);
        gpuvm_health_is_guest(*line);
    }
    if (*lines)
        g_ptr_array_add(own, *lines);
    g_autoptr(GPtrArray) candidates = gpuvm_reach_candidates(addresses, own, &why);

    FUZZ_REQUIRE(candidates->len > 0 || why || addresses->len == 0);
    for (guint i = 0; i < candidates->len; i++) {
        const char *address = candidates->pdata[i];

        FUZZ_REQUIRE(!gpuvm_reach_is_self(address) && !g_str_equal(address, *lines));
        check_url(address);
    }
    return 0;
}
