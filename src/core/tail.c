/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/tail.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define LINE_LIMIT 200 /* bytes */

typedef struct tail_reader {
    GPtrArray *lines;
    GString *line;
    bool returned; /* a carriage return was read: what comes next begins the line again */
} tail_reader;

static void
end_line(tail_reader *reader)
{
    g_autofree char *text = gpuvm_text_printable(reader->line->str);

    if (strlen(text) > LINE_LIMIT)
        *g_utf8_find_prev_char(text, text + LINE_LIMIT + 1) = '\0';
    g_strchomp(text);
    if (*text)
        g_ptr_array_add(reader->lines, g_steal_pointer(&text));
    g_string_truncate(reader->line, 0);
    reader->returned = false;
}

static const char *
skip(const char *p, const char *end, char first, char last)
{
    while (p < end && *p >= first && *p <= last)
        p++;
    return p;
}

/* Behind the string that ends with BEL or ESC \; one that does not end there is left to be read as text. */
static const char *
skip_string(const char *begin, const char *end)
{
    for (const char *p = begin; p < end && *p != '\n'; p++) {
        if (*p == '\a')
            return p + 1;
        if (*p == '\033' && p + 1 < end && p[1] == '\\')
            return p + 2;
    }
    return begin;
}

/* ECMA-48, 5.3 to 5.6: @p is behind ESC; returns what is behind the sequence. */
static const char *
read_sequence(tail_reader *reader, const char *p, const char *end)
{
    if (p == end || !*p)
        return p;
    if (*p == '[') {
        p = skip(p + 1, end, '0', '?');
        p = skip(p, end, ' ', '/');
        if (p < end && *p && strchr("ABEFHJdf", *p)) /* to another line, or all is erased */
            end_line(reader);
    } else if (strchr("]PX^_", *p)) {
        return skip_string(p + 1, end);
    } else {
        p = skip(p, end, ' ', '/');
    }
    return p < end && *p >= '0' && *p <= '~' ? p + 1 : p;
}

static void
read_character(tail_reader *reader, char c)
{
    switch (c) {
    case '\n':
    case '\v':
    case '\f':
        end_line(reader);
        return;
    case '\r':
        reader->returned = true;
        return;
    case '\b':
        if (reader->line->len > 0)
            g_string_truncate(reader->line, reader->line->len - 1);
        return;
    case '\t':
        c = ' ';
        break;
    default:
        if ((unsigned char)c < ' ' || c == '\177')
            return;
    }
    if (reader->returned)
        g_string_truncate(reader->line, 0);
    reader->returned = false;
    g_string_append_c(reader->line, c);
}

char **
gpuvm_tail_lines(const char *bytes, size_t size, unsigned n)
{
    tail_reader reader = {.lines = g_ptr_array_new_with_free_func(g_free), .line = g_string_new(NULL)};
    const char *end = bytes + size;

    for (const char *p = bytes; p < end;) {
        char c = *p++;

        if (c == '\033')
            p = read_sequence(&reader, p, end);
        else
            read_character(&reader, c);
    }
    end_line(&reader);
    g_string_free(reader.line, TRUE);
    if (reader.lines->len > n)
        g_ptr_array_remove_range(reader.lines, 0, reader.lines->len - n);
    g_ptr_array_add(reader.lines, NULL);
    return (char **)g_ptr_array_free(reader.lines, FALSE);
}
