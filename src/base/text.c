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

static bool
is_safe(gunichar c, gpuvm_text_form form)
{
    GUnicodeType type = g_unichar_type(c);

    if (form == GPUVM_TEXT_ASCII && c >= 0x80)
        return false;
    if (form != GPUVM_TEXT_LINE && (c == '\n' || c == '\t'))
        return true;
    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* @c: 0 is @byte, which is no UTF-8, or a NUL. */
static void
append_escape(GString *out, gunichar c, unsigned char byte, gpuvm_text_form form)
{
    gunichar valid = c ? c : 0xFFFD;
    bool json = form == GPUVM_TEXT_JSON || form == GPUVM_TEXT_ASCII;

    if (form == GPUVM_TEXT_XML)
        g_string_append_printf(out, "&#x%X;", valid);
    else if (form == GPUVM_TEXT_YAML)
        g_string_append_printf(out, valid > 0xFFFF ? "\\U%08X" : "\\u%04X", valid);
    else if (json && valid > 0xFFFF)
        g_string_append_printf(out, "\\u%04x\\u%04x", 0xD7C0 + (valid >> 10), 0xDC00 + (valid & 0x3FF));
    else if (json)
        g_string_append_printf(out, "\\u%04x", valid);
    else if (c < 0x80)
        g_string_append_printf(out, "\\x%02x", byte);
    else
        g_string_append_printf(out, "<U+%04X>", c);
}

static unsigned
width_of(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

unsigned
gpuvm_text_append(GString *out, const char **at, const char *end, gpuvm_text_form form)
{
    const char *begin = *at;
    gunichar c = gpuvm_text_next(at, end);
    size_t before = out->len;

    if (is_safe(c, form)) {
        g_string_append_len(out, begin, *at - begin);
        return width_of(c);
    }
    append_escape(out, c, (unsigned char)*begin, form);
    return (unsigned)(out->len - before);
}

char *
gpuvm_text_safe(const char *text, gpuvm_text_form form)
{
    const char *end = text + strlen(text);
    GString *out = g_string_new(NULL);

    while (text < end)
        gpuvm_text_append(out, &text, end, form);
    return g_string_free(out, FALSE);
}

char *
gpuvm_text_printable(const char *text)
{
    return gpuvm_text_safe(text, GPUVM_TEXT_LINE);
}

int
gpuvm_text_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
gpuvm_text_fits(const char *patterns, const char *text)
{
    bool found = false;
    size_t n;

    for (const char *at = patterns; !found; at += n + 1) {
        n = strcspn(at, " ");
        if (memchr(at, '*', n)) {
            g_autofree char *pattern = g_strndup(at, n);
            found = g_pattern_match_simple(pattern, text);
        } else {
            found = strlen(text) == n && memcmp(at, text, n) == 0;
        }
        if (!at[n])
            break;
    }
    return found;
}

GRegex *
gpuvm_text_regex(const char *pattern, GRegexCompileFlags flags)
{
    static GMutex mutex;
    static GHashTable *compiled;
    GRegex *regex;

    g_mutex_lock(&mutex);
    if (!compiled)
        compiled = g_hash_table_new(g_str_hash, g_str_equal);
    regex = g_hash_table_lookup(compiled, pattern);
    if (!regex) {
        regex = g_regex_new(pattern, flags | G_REGEX_OPTIMIZE, 0, NULL);
        /* the first match makes machine code, which two threads must not do at once: gregex.c, enable_jit_with_match_options */
        g_regex_match(regex, "", 0, NULL);
        g_hash_table_insert(compiled, (gpointer)pattern, regex);
    }
    g_mutex_unlock(&mutex);
    return regex;
}

char *
gpuvm_text_begin(const char *text, glong most)
{
    size_t line = strcspn(text, "\n");
    glong length = g_utf8_strlen(text, (gssize)line);
    g_autofree char *begin = g_utf8_substring(text, 0, MIN(most, length));

    return text[line] || length > most ? g_strconcat(begin, "…", NULL) : g_steal_pointer(&begin);
}

/* Of @n bytes of @text. */
static size_t
columns_of(const char *text, size_t n)
{
    const char *end = text + n;
    size_t width = 0;

    while (text < end)
        width += width_of(gpuvm_text_next(&text, end));
    return width;
}

char *
gpuvm_text_shorten(const char *text, size_t width)
{
    size_t all = strlen(text), used = 1;
    const char *end = text + all, *at = text, *next = text;

    if (columns_of(text, all) <= width)
        return g_strdup(text);
    while ((used += width_of(gpuvm_text_next(&next, end))) <= width)
        at = next;
    while (at > text && at[-1] == ' ')
        at--;
    return g_strdup_printf("%.*s…", (int)(at - text), text);
}

char *
gpuvm_text_fill(const char *text, size_t indent, size_t width)
{
    GString *out = g_string_new(NULL);
    size_t used = indent;

    if (width == 0)
        g_string_append(out, text);
    while (width > 0 && *text) {
        size_t n = strcspn(text, " "), columns = columns_of(text, n);
        bool begins = used == indent;

        if (!begins && used + 1 + columns > width) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!begins) {
            g_string_append_c(out, ' ');
            used++;
        }
        g_string_append_len(out, text, (gssize)n);
        used += columns;
        text += n + strspn(text + n, " ");
    }
    return g_string_free(out, FALSE);
}

char *
gpuvm_text_count(uint64_t n, const char *one)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", n, one, n == 1 ? "" : "s");
}
