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

/* How much of a text is looked at for the end of a URL's user: it may be anybody's, of any length. */
#define FAR "{0,8000}"
/* RFC 3986, 3.2.1; both end before an '@' */
#define USER "(?<=://)[^/?#]" FAR "(?=@)"
/* What only a person would take for a user and password: http://me:12/34@host, and http://host:80/a@b, which is none. */
#define PERHAPS_USER "(?<=://)(?:\\[[^]]" FAR "\\]|[^][/?#:@]" FAR "):\\S" FAR "(?=@)"
#define QUERY                                                                                                \
    "[?&;][\\w.-]*(?:token|secret|passw(?:or)?d|pwd|key|sig(?:nature)?|credential|auth)=\\K[^&;#\\s'\"]+"

enum depth { USERS, SECRETS, GUESSES };

static bool
find(enum depth depth, const char *text, size_t size, size_t from, size_t *ret_begin, size_t *ret_end)
{
    static const char *const patterns[] = {USER, USER "|" QUERY, PERHAPS_USER "|" USER "|" QUERY};
    static GRegex *regexes[G_N_ELEMENTS(patterns)];
    g_autoptr(GMatchInfo) match = NULL;
    int begin, end;

    /* a health check's endpoint is a URL without its beginning */
    if (from > size || (!memchr(text, '?', size) && !g_strstr_len(text, (gssize)size, "://")))
        return false;
    if (g_once_init_enter(&regexes[depth]))
        g_once_init_leave(&regexes[depth],
                          g_regex_new(patterns[depth], G_REGEX_RAW | G_REGEX_CASELESS, 0, NULL));
    if (!g_regex_match_full(regexes[depth], text, (gssize)size, (int)from, 0, &match, NULL) ||
        !g_match_info_fetch_pos(match, 0, &begin, &end))
        return false;
    *ret_begin = (size_t)begin;
    *ret_end = (size_t)end;
    return true;
}

bool
gpuvm_url_find_secret(const char *text, size_t size, size_t from, size_t *ret_begin, size_t *ret_end)
{
    return find(GUESSES, text, size, from, ret_begin, ret_end);
}

/* @url without its secrets: a user as RFC 3986 has it goes without a trace. */
static char *
without(enum depth depth, const char *url)
{
    g_autoptr(GString) shown = g_string_new(NULL);
    size_t size = strlen(url), from = 0, begin, end;

    while (find(depth, url, size, from, &begin, &end)) {
        bool user = url[end] == '@' && strcspn(url + begin, "/?#") >= end - begin;

        g_string_append_len(shown, url + from, (gssize)(begin - from));
        g_string_append(shown, user ? "" : "***");
        from = user ? end + 1 : end;
    }
    g_string_append(shown, url + from);
    return g_strdup(shown->str);
}

char *
gpuvm_url_shown(const char *url)
{
    return without(GUESSES, url);
}

char *
gpuvm_url_public(const char *url)
{
    return without(SECRETS, url);
}

char *
gpuvm_url_anonymous(const char *url)
{
    return without(USERS, url);
}
