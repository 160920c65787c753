/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/url.h"

#include <string.h>

#include <glib.h>

bool
gpuvm_url_is(const char *text)
{
    return strstr(text, "://") != NULL;
}

char *
gpuvm_url_shown(const char *url)
{
    const char *mark = strstr(url, "://"), *authority = mark ? mark + strlen("://") : url;
    const char *at = mark ? g_strrstr_len(authority, (gssize)strcspn(authority, "/?#"), "@") : NULL;

    return at ? g_strdup_printf("%.*s%s", (int)(authority - url), url, at + 1) : g_strdup(url);
}
