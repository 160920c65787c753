/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-text.c: any bytes as what a guest writes to its console, and as a text with URLs in it: what is shown of it is for
 * people, and nobody's password
 */
#include <config.h>

#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "core/tail.h"
#include "fuzz.h"

#define LINES 5
#define MAX_USER 7000

static void
check_line(const char *line)
{
    g_autofree char *printable = gpuvm_text_printable(line), *again = gpuvm_text_printable(printable);

    FUZZ_REQUIRE(g_utf8_validate(printable, -1, NULL));
    FUZZ_REQUIRE(g_str_equal(printable, again));
    for (const char *at = printable; *at; at = g_utf8_next_char(at))
        FUZZ_REQUIRE(!g_unichar_iscntrl(g_utf8_get_char(at)) || strchr("\n\t", *at));
}

static void
check_tail(const uint8_t *data, size_t size)
{
    g_auto(GStrv) lines = gpuvm_tail_lines((const char *)data, size, LINES);

    FUZZ_REQUIRE(g_strv_length(lines) <= LINES);
    for (char **line = lines; *line; line++) {
        FUZZ_REQUIRE(g_utf8_validate(*line, -1, NULL) && **line);
        for (const char *at = *line; *at; at = g_utf8_next_char(at))
            FUZZ_REQUIRE(!g_unichar_iscntrl(g_utf8_get_char(at)));
    }
}

static void
check_secrets(const char *text, size_t size)
{
    size_t from = 0, begin, end;

    while (gpuvm_url_find_secret(text, size, from, &begin, &end)) {
        FUZZ_REQUIRE(from <= begin && begin <= end && end <= size);
        from = end + (begin == end); /* http://@host */
    }
}

/* RFC 3986, 3.2.1: whatever is a user and password by the book. */
static void
check_user(const char *user)
{
    g_autofree char *url = g_strdup_printf("http://me:%s@host/", user), *shown = gpuvm_url_shown(url);

    if (strlen(user) < MAX_USER && !strpbrk(user, "/?#@"))
        FUZZ_REQUIRE(g_str_equal(shown, "http://host/"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);

    check_line(text);
    check_tail(data, size);
    check_secrets((const char *)data, size);
    check_user(text);
    return 0;
}
