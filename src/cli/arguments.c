/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/arguments.h"

#include <string.h>

#include "base/nearest.h"

static bool
takes_value(char letter)
{
    for (const GOptionEntry *option = gpuvm_global_options(); option->long_name; option++) {
        if (option->short_name == letter)
            return option->arg != G_OPTION_ARG_NONE;
    }
    return false;
}

GPtrArray *
gpuvm_arguments_split(int argc, char **argv)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    bool options = true; /* until "--" */

    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];

        options = options && !g_str_equal(word, "--");
        if (options && i > 0 && word[0] == '-' && word[1] && takes_value(word[1]) && word[2]) {
            g_ptr_array_add(words, g_strndup(word, 2));
            word += 2;
        }
        g_ptr_array_add(words, g_strdup(word));
    }
    g_ptr_array_add(words, NULL);
    return words;
}

static void
add_names(GPtrArray *names, const GOptionEntry *options)
{
    for (; options && options->long_name; options++)
        g_ptr_array_add(names, (char *)options->long_name);
}

const char *
gpuvm_arguments_meant(const gpuvm_command *command, const char *option)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *name = NULL;

    if (!g_str_has_prefix(option, "--"))
        return NULL;
    name = g_strndup(option + 2, strcspn(option + 2, "="));
    add_names(names, command ? command->options : NULL);
    add_names(names, gpuvm_global_options());
    return gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
}

bool
gpuvm_argument_is_file(const char *argument)
{
    return g_str_equal(argument, "-") || strchr(argument, '/') || g_str_has_suffix(argument, ".yaml") ||
           g_str_has_suffix(argument, ".yml") || g_str_has_suffix(argument, ".json") ||
           g_file_test(argument, G_FILE_TEST_EXISTS);
}
