/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gen.c: prints what comes from tables: parts of the manual pages (scripts/regen), the fuzzers' words (scripts/fuzz)
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "doc/emit.h"
#include "model/spec.h"

/** Adds every key of @table, every word that may be its value, and those of the tables it leads to. */
static void
add_words(GHashTable *words, const gpuvm_table *table)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    for (guint i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];

        g_hash_table_add(words, (gpointer)field->key);
        for (int c = 0; field->choices && field->choices[c]; c++)
            g_hash_table_add(words, (gpointer)field->choices[c]);
        if (field->table)
            add_words(words, field->table);
    }
}

static int
compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/** The words of every kind of document, as libFuzzer reads them. */
static char *
make_dictionary(void)
{
    g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);
    GString *text = g_string_new(NULL);

    for (int i = 0; i < GPUVM_KINDS; i++)
        add_words(words, gpuvm_kind_table(i));
    g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(words), compare_words);
    for (const GList *word = sorted; word; word = word->next)
        g_string_append_printf(text, "\"%s\"\n", (const char *)word->data);
    return g_string_free(text, FALSE);
}

/** The text of what the arguments name; NULL when they name nothing. */
static char *
make_text(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "commands") == 0)
        return gpuvm_command_man();
    if (argc == 3 && (strcmp(argv[1], "command") == 0 || strcmp(argv[1], "group") == 0)) {
        const gpuvm_command *command = gpuvm_command_find(gpuvm_commands, argv[2]);

        if (command && *argv[1] == 'c')
            return gpuvm_command_man_page(command);
        return command && command->commands ? gpuvm_command_man_group(command) : NULL;
    }
    if (argc == 2 && strcmp(argv[1], "dictionary") == 0)
        return make_dictionary();
    if (argc == 3 && strcmp(argv[1], "reference") == 0) {
        for (int i = 0; i < GPUVM_KINDS; i++) {
            if (strcmp(gpuvm_kind_names[i], argv[2]) == 0)
                return gpuvm_emit_man(gpuvm_kind_table(i));
        }
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    g_autofree char *text = make_text(argc, argv);

    if (text == NULL) {
        fputs("usage: gpuvm-gen commands|command NAME|group NAME|dictionary|reference KIND\n", stderr);
        return GPUVM_EXIT_USAGE;
    }
    fputs(text, stdout);
    return GPUVM_EXIT_OK;
}
