/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/diag.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"

#define LINE_LIMIT 100 /* characters of a source line that are shown */
#define LINE_BEFORE 60 /* of these, how many at most are before the caret when the line is cut */

/* Appends the character at *@at as the line shows it; how wide that is. */
static unsigned
append_character(GString *out, const char **at, const char *end, bool hidden)
{
    if (!hidden && **at != '\t')
        return gpuvm_text_append(out, at, end, GPUVM_TEXT_LINE);
    gpuvm_text_next(at, end);
    g_string_append_c(out, hidden ? '*' : ' ');
    return 1;
}

/* Appends the line of @mark, with stars for what URLs keep secret, and the line with its caret. */
static void
append_snippet(GString *out, const gpuvm_mark *mark, const char *green, const char *reset)
{
    size_t size;
    const char *line = gpuvm_source_line(mark->source, mark->line, &size), *begin = line, *end;
    size_t secret = 0, secret_end = 0;
    unsigned from = 1, column = 1, indent = 0, underlined = 0;
    g_autofree char *number = g_strdup_printf("%5u", mark->line);

    if (!line)
        return;
    end = line + size;
    if (mark->column > LINE_BEFORE && g_utf8_strlen(line, end - line) > LINE_LIMIT)
        from = mark->column - LINE_BEFORE;
    g_string_append_printf(out, "%s | %s", number, from > 1 ? "…" : "");
    indent = from > 1 ? 1 : 0;
    while (line < end && column < from + LINE_LIMIT) {
        size_t at = (size_t)(line - begin);

        if (at >= secret_end && !gpuvm_url_find_secret(begin, size, at, &secret, &secret_end))
            secret = secret_end = SIZE_MAX;
        if (column < from) {
            gpuvm_text_next(&line, end);
        } else {
            unsigned width = append_character(out, &line, end, at >= secret && at < secret_end);

            if (column < mark->column)
                indent += width;
            else if (column - mark->column < mark->length)
                underlined += width;
        }
        column++;
    }
    g_string_append(out, line < end ? "…\n" : "\n");
    g_string_append_printf(out, "%*s | %*s%s^", (int)strlen(number), "", (int)indent, "", green);
    for (unsigned i = 1; i < underlined; i++)
        g_string_append_c(out, '~');
    g_string_append_printf(out, "%s\n", reset);
}

char *
gpuvm_diag_format(const gpuvm_diag *diag, bool color)
{
    static const char *const words[] = {"note", "warning", "error"};
    static const char *const colors[] = {"\033[1;36m", "\033[1;35m", "\033[1;31m"};
    const char *bold = color ? "\033[1m" : "", *green = color ? "\033[1;32m" : "",
               *reset = color ? "\033[0m" : "";
    const gpuvm_mark *mark = &diag->mark;
    const char *about = mark->source ? mark->source->name : diag->subject;
    GString *out = g_string_new(NULL);

    if (about) {
        g_autofree char *printable = gpuvm_text_printable(about);

        g_string_append_printf(out, "%s%s", bold, printable);
        if (mark->source && mark->line > 0)
            g_string_append_printf(out, ":%u:%u", mark->line, mark->column);
        g_string_append_printf(out, ":%s ", reset);
    }
    g_string_append_printf(out, "%s%s:%s %s\n", color ? colors[diag->severity] : "", words[diag->severity],
                           reset, diag->message);
    if (mark->source && mark->line > 0)
        append_snippet(out, mark, green, reset);
    if (diag->hint) {
        g_auto(GStrv) lines = g_strsplit(diag->hint, "\n", -1);

        for (char **line = lines; *line; line++)
            g_string_append_printf(out, "hint: %s\n", *line);
    }
    return g_string_free(out, FALSE);
}
