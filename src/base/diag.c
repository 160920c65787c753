/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/diag.h"

#include <stdarg.h>

#include "base/text.h"

bool
gpuvm_mark_equal(const gpuvm_mark *a, const gpuvm_mark *b)
{
    return a->source == b->source && a->line == b->line && a->column == b->column;
}

#define MESSAGE_LIMIT 1000 /* characters of a message that are kept */

static void
diag_free(gpointer data)
{
    gpuvm_diag *diag = data;

    gpuvm_source_unref(diag->mark.source);
    g_free(diag->subject);
    g_free(diag->message);
    g_free(diag->hint);
    g_free(diag->about);
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

/* @text as one line that is safe to print, and not too long. */
static char *
one_line(const char *text)
{
    g_autofree char *line = gpuvm_text_printable(text), *kept = NULL;

    if (g_utf8_strlen(line, -1) <= MESSAGE_LIMIT)
        return g_steal_pointer(&line);
    kept = g_utf8_substring(line, 0, MESSAGE_LIMIT);
    return g_strconcat(kept, "…", NULL);
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
    diag = add(diags, GPUVM_DIAG_ERROR, exit, mark, format, args);
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
    diag = add(diags, GPUVM_DIAG_WARNING, GPUVM_EXIT_OK, mark, format, args);
    va_end(args);
    return diag;
}

gpuvm_diag *
gpuvm_diags_note(gpuvm_diags *diags, const gpuvm_mark *mark, const char *format, ...)
{
    gpuvm_diag *diag;
    va_list args;

    va_start(args, format);
    diag = add(diags, GPUVM_DIAG_NOTE, GPUVM_EXIT_OK, mark, format, args);
    va_end(args);
    return diag;
}

void
gpuvm_diags_drop(gpuvm_diags *diags, GHashTable *abouts)
{
    for (guint i = diags->items->len; i-- > 0;) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_DIAG_NOTE && diag->about && g_hash_table_contains(abouts, diag->about))
            g_ptr_array_remove_index(diags->items, i);
    }
}

void
gpuvm_diags_take(gpuvm_diags *diags, gpuvm_diags *others)
{
    diags->errors += others->errors;
    others->errors = 0;
    while (others->items->len > 0)
        g_ptr_array_add(diags->items, g_ptr_array_steal_index(others->items, 0));
}

void
gpuvm_diags_take_some(gpuvm_diags *diags, gpuvm_diags *others,
                      bool (*wanted)(const gpuvm_diag *diag, void *data), void *data)
{
    for (guint i = 0; i < others->items->len;) {
        gpuvm_diag *diag = others->items->pdata[i];
        bool error = diag->severity == GPUVM_DIAG_ERROR;

        if (!wanted(diag, data)) {
            i++;
            continue;
        }
        diags->errors += error;
        others->errors -= error;
        g_ptr_array_add(diags->items, g_ptr_array_steal_index(others->items, i));
    }
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

void
gpuvm_diag_hint_first(gpuvm_diag *diag, const gpuvm_mark *first, const char *as)
{
    const char *file = first->source && first->source != diag->mark.source ? first->source->name : NULL;

    if (first->line == 0) /* an option of the command line has no place */
        gpuvm_diag_hint(diag, "the first is %s", as ? as : "there already");
    else
        gpuvm_diag_hint(diag, "the first is on line %u%s%s%s%s", first->line, file ? " of " : "",
                        file ? file : "", as ? ", as " : "", as ? as : "");
}

void
gpuvm_diags_fail(gpuvm_diags *diags, const gpuvm_mark *mark, GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", 2);
    gpuvm_diag *diag = gpuvm_diags_error(diags, gpuvm_error_exit(error), mark, "%s", lines[0]);

    if (lines[1])
        gpuvm_diag_hint(diag, "%s", lines[1]);
    g_error_free(error);
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

/* The same text for those that say the same. g_malloc. */
static char *
wording(const gpuvm_diag *diag)
{
    const gpuvm_mark *mark = &diag->mark;

    return g_strdup_printf("%d %p:%u:%u %s\n%s\n%s", diag->severity, (void *)mark->source, mark->line,
                           mark->column, diag->subject && !mark->source ? diag->subject : "", diag->message,
                           diag->hint ? diag->hint : "");
}

/* The messages of all errors. */
static GHashTable *
messages_of_errors(const gpuvm_diags *diags)
{
    GHashTable *messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_DIAG_ERROR)
            g_hash_table_add(messages, g_strdup(diag->message));
    }
    return messages;
}

static void
drop_repeated(gpuvm_diags *diags)
{
    g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) errors = messages_of_errors(diags);

    for (unsigned i = 0; i < diags->items->len;) {
        const gpuvm_diag *diag = diags->items->pdata[i];
        bool warned = diag->severity == GPUVM_DIAG_WARNING && g_hash_table_contains(errors, diag->message);

        if (!warned && g_hash_table_add(said, wording(diag))) {
            i++;
            continue;
        }
        diags->errors -= diag->severity == GPUVM_DIAG_ERROR;
        g_ptr_array_remove_index(diags->items, i);
    }
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
    drop_repeated(diags);
}

enum gpuvm_exit
gpuvm_diags_exit(const gpuvm_diags *diags)
{
    static const enum gpuvm_exit order[] = {GPUVM_EXIT_INVALID, GPUVM_EXIT_REFUSED, GPUVM_EXIT_HOST,
                                            GPUVM_EXIT_USAGE,   GPUVM_EXIT_FAILED,  GPUVM_EXIT_UNHEALTHY};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        for (unsigned j = 0; j < diags->items->len; j++) {
            const gpuvm_diag *diag = diags->items->pdata[j];

            if (diag->severity == GPUVM_DIAG_ERROR && diag->exit == order[i])
                return order[i];
        }
    }
    return GPUVM_EXIT_OK;
}
