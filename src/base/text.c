/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/text.h"

#include <string.h>

gunichar
gpuvm_text_next(const char **at, const char *end)
{
    gunichar c = g_utf8_get_char_validated(*at, end - *at);

    if (c == (gunichar)-1 || c == (gunichar)-2 || c == 0) {
        (*at)++;
        return 0;
    }
    *at = g_utf8_next_char(*at);
    return c;
}

/* What ends a line though it counts as printable. */
static gboolean
is_line_end(gunichar c)
{
    return c == 0x2028 || c == 0x2029;
}

char *
gpuvm_text_printable(const char *text)
{
    const char *end = text + strlen(text);
    GString *out = g_string_new(NULL);

    while (text < end) {
        gunichar c = gpuvm_text_next(&text, end);

        g_string_append_unichar(out, g_unichar_isprint(c) && !is_line_end(c) ? c : '?');
    }
    return g_string_free(out, FALSE);
}

int
gpuvm_text_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
