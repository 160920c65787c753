/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/diag.h"

#include <string.h>

#define BOM "\xEF\xBB\xBF"

gpuvm_source *
gpuvm_source_new(const char *name, char *text, size_t size)
{
    gpuvm_source *source = g_new0(gpuvm_source, 1);

    source->name = g_strdup(name);
    source->text = text;
    source->size = size;
    source->refs = 1;
    return source;
}

gpuvm_source *
gpuvm_source_ref(gpuvm_source *source)
{
    g_atomic_int_inc(&source->refs);
    return source;
}

void
gpuvm_source_unref(gpuvm_source *source)
{
    if (!source || !g_atomic_int_dec_and_test(&source->refs))
        return;
    g_clear_pointer(&source->lines, g_array_unref);
    g_free(source->name);
    g_free(source->text);
    g_free(source);
}

/* The bytes of the line break at @p, 0 when there is none; @p ends in NUL. */
static size_t
line_break(const char *p)
{
    if (*p == '\n')
        return 1;
    if (*p == '\r')
        return p[1] == '\n' ? 2 : 1;
    if (g_str_has_prefix(p, "\xE2\x80\xA8") || g_str_has_prefix(p, "\xE2\x80\xA9"))
        return 3;
    return 0;
}

/* A line of a source, without its line break, as offsets. */
typedef struct line_span {
    size_t begin, end;
} line_span;

static GArray *
find_lines(const gpuvm_source *source)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(line_span));
    line_span line = {0};

    line.begin = g_str_has_prefix(source->text, BOM) ? strlen(BOM) : 0;
    for (line.end = line.begin; line.end < source->size;) {
        size_t bytes = line_break(source->text + line.end);

        if (bytes > 0) {
            g_array_append_val(lines, line);
            line.begin = line.end + bytes;
        }
        line.end += MAX(bytes, 1);
    }
    g_array_append_val(lines, line);
    return lines;
}

const char *
gpuvm_source_line(gpuvm_source *source, unsigned line, size_t *ret_size)
{
    const line_span *span;

    if (!source->lines)
        source->lines = find_lines(source);
    if (line == 0 || line > source->lines->len)
        return NULL;
    span = &g_array_index(source->lines, line_span, line - 1);
    *ret_size = span->end - span->begin;
    return source->text + span->begin;
}
