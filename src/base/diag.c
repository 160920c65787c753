/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <stdarg.h>
#include <string.h>

#include "base/diag.h"

#define MESSAGE_LIMIT 1000 /* characters of a message that are kept */
#define LINE_LIMIT 100     /* characters of a source line that are shown */
#define LINE_BEFORE 60     /* of these, how many at most are before the caret when the line is cut */

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
    source->refs++;
    return source;
}

void
gpuvm_source_unref(gpuvm_source *source)
{
    if (!source || --source->refs > 0)
        return;
    g_clear_pointer(&source->lines, g_array_unref);
    g_free(source->name);
    g_free(source->text);
    g_free(source);
}

/** The bytes of the line break at @p, 0 when there is none; @p ends in NUL. */
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

/** A line of a source, without its line break, as offsets. */
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

/** Line @line of @source; NULL when there is no such line. */
static const line_span *
source_line(gpuvm_source *source, unsigned line)
{
    if (!source->lines)
        source->lines = find_lines(source);
    return line <= source->lines->len ? &g_array_index(source->lines, line_span, line - 1) : NULL;
}

static void
diag_free(gpointer data)
{
    gpuvm_diag *diag = data;

    gpuvm_source_unref(diag->mark.source);
    g_free(diag->subject);
    g_free(diag->message);
    g_free(diag->hint);
    g_free(diag);
}

gpuvm_diags *
gpuvm_diags_new(void)
{
    gpuvm_diags *diags = g_new0(gpuvm_diags, 1);

    diags->items = g_ptr_array_new_with_free_func(diag_free);
    return diags;
}

void
gpuvm_diags_free(gpuvm_diags *diags)
{
    if (!diags)
        return;
    g_ptr_array_unref(diags->items);
    g_free(diags->subject);
    g_free(diags);
}

void
gpuvm_diags_set_subject(gpuvm_diags *diags, const char *subject)
{
    char *copy = g_strdup(subject);

    g_free(diags->subject);
    diags->subject = copy;
}

/** @text as one line that is safe to print, and not too long. */
static char *
one_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_new(NULL);
    unsigned n = 0;

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (n++ == MESSAGE_LIMIT) {
            g_string_append(line, "…");
            break;
        }
        g_string_append_unichar(line, g_unichar_isprint(c) ? c : '?');
    }
    return g_string_free(line, FALSE);
}

static gpuvm_diag *G_GNUC_PRINTF(5, 0) add(gpuvm_diags *diags, gpuvm_severity severity, enum gpuvm_exit exit,
                                           const gpuvm_mark *mark, const char *format, va_list args)
{
    g_autofree char *message = g_strdup_vprintf(format, args);
    gpuvm_diag *diag = g_new0(gpuvm_diag, 1);

    diag->severity = severity;
    diag->exit = exit;
    if (mark && mark->source) {
        diag->mark = *mark;
        gpuvm_source_ref(mark->source);
    }
    diag->subject = g_strdup(diags->subject);
    diag->message = one_line(message);
    g_ptr_array_add(diags->items, diag);
    return diag;
}

gpuvm_diag *
gpuvm_diags_error(gpuvm_diags *diags, enum gpuvm_exit exit, const gpuvm_mark *mark, const char *format, ...)
{
    gpuvm_diag *diag;
    va_list args;

    va_start(args, format);
    diag = add(diags, GPUVM_ERRORED, exit, mark, format, args);
    va_end(args);
    diags->errors++;
    return diag;
}

gpuvm_diag *
gpuvm_diags_warning(gpuvm_diags *diags, const gpuvm_mark *mark, const char *format, ...)
{
    gpuvm_diag *diag;
    va_list args;

    va_start(args, format);
    diag = add(diags, GPUVM_WARNING, GPUVM_EXIT_OK, mark, format, args);
    va_end(args);
    return diag;
}

gpuvm_diag *
gpuvm_diags_note(gpuvm_diags *diags, const gpuvm_mark *mark, const char *format, ...)
{
    gpuvm_diag *diag;
    va_list args;

    va_start(args, format);
    diag = add(diags, GPUVM_NOTE, GPUVM_EXIT_OK, mark, format, args);
    va_end(args);
    return diag;
}

void
gpuvm_diag_hint(gpuvm_diag *diag, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GString) hint = g_string_new(diag->hint);
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *clean = one_line(*line);

        g_string_append_printf(hint, "%s%s", hint->len > 0 ? "\n" : "", clean);
    }
    g_free(diag->hint);
    diag->hint = g_strdup(hint->str);
}

static int
compare_places(gconstpointer a, gconstpointer b, gpointer data)
{
    const gpuvm_mark *x = &(*(const gpuvm_diag *const *)a)->mark, *y = &(*(const gpuvm_diag *const *)b)->mark;
    GHashTable *rank = data;
    unsigned x_rank = GPOINTER_TO_UINT(g_hash_table_lookup(rank, x->source));
    unsigned y_rank = GPOINTER_TO_UINT(g_hash_table_lookup(rank, y->source));

    if (x_rank != y_rank)
        return x_rank < y_rank ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column == y->column ? 0 : x->column < y->column ? -1 : 1;
}

void
gpuvm_diags_sort(gpuvm_diags *diags)
{
    g_autoptr(GHashTable) rank = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < diags->items->len; i++) {
        const gpuvm_source *source = ((const gpuvm_diag *)diags->items->pdata[i])->mark.source;

        if (source && !g_hash_table_contains(rank, source))
            g_hash_table_insert(rank, (gpointer)source, GUINT_TO_POINTER(i + 1));
    }
    g_hash_table_insert(rank, NULL, GUINT_TO_POINTER(G_MAXUINT));
    g_ptr_array_sort_with_data(diags->items, compare_places, rank);
}

enum gpuvm_exit
gpuvm_diags_exit(const gpuvm_diags *diags)
{
    static const enum gpuvm_exit order[] = {GPUVM_EXIT_INVALID, GPUVM_EXIT_REFUSED, GPUVM_EXIT_HOST,
                                            GPUVM_EXIT_USAGE,   GPUVM_EXIT_FAILED,  GPUVM_EXIT_UNHEALTHY};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        for (unsigned j = 0; j < diags->items->len; j++) {
            const gpuvm_diag *diag = diags->items->pdata[j];

            if (diag->severity == GPUVM_ERRORED && diag->exit == order[i])
                return order[i];
        }
    }
    return GPUVM_EXIT_OK;
}

/** The character at *@at, which moves behind it; a byte that is not UTF-8 is one character, as is a NUL. */
static gunichar
next_char(const char **at, const char *end)
{
    gunichar c = g_utf8_get_char_validated(*at, end - *at);

    if (c == (gunichar)-1 || c == (gunichar)-2 || c == 0) {
        (*at)++;
        return 0;
    }
    *at = g_utf8_next_char(*at);
    return c;
}

static unsigned
char_width(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/** Appends the line of @mark and the line with its caret. */
static void
append_snippet(GString *out, const gpuvm_mark *mark, const char *green, const char *reset)
{
    const line_span *span = source_line(mark->source, mark->line);
    const char *line, *end;
    unsigned from = 1, column = 1, indent = 0, underlined = 0;
    g_autofree char *number = g_strdup_printf("%5u", mark->line);

    if (!span)
        return;
    line = mark->source->text + span->begin;
    end = mark->source->text + span->end;
    if (mark->column > LINE_BEFORE && g_utf8_strlen(line, end - line) > LINE_LIMIT)
        from = mark->column - LINE_BEFORE;
    g_string_append_printf(out, "%s | %s", number, from > 1 ? "…" : "");
    indent = from > 1 ? 1 : 0;
    while (line < end && column < from + LINE_LIMIT) {
        gunichar c = next_char(&line, end);

        if (column >= from) {
            gunichar shown = c == '\t' ? ' ' : g_unichar_isprint(c) ? c : '?';

            g_string_append_unichar(out, shown);
            if (column < mark->column)
                indent += char_width(shown);
            else if (column - mark->column < mark->length)
                underlined += char_width(shown);
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
    GString *out = g_string_new(NULL);

    if (mark->source && mark->line > 0)
        g_string_append_printf(out, "%s%s:%u:%u:%s ", bold, mark->source->name, mark->line, mark->column,
                               reset);
    else if (mark->source || diag->subject)
        g_string_append_printf(out, "%s%s:%s ", bold, mark->source ? mark->source->name : diag->subject,
                               reset);
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
