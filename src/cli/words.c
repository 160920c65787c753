/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* words: what other programs call what gpuvm's commands do */
#include <config.h>

#include "cli/command.h"

#include <string.h>

#include "base/nearest.h"

/* The first meaning that is a command of the group counts, which an option may follow, or an option of the program's. */
static const struct {
    const char *word, *meanings[4];
} words[] = {
    {"add", {"install"}},
    {"apply", {"define", "install"}},
    {"delete", {"undefine", "remove"}},
    {"describe", {"show"}},
    {"destroy", {"stop --force"}},
    {"get", {"list"}},
    {"inspect", {"show"}},
    {"kill", {"stop --force"}},
    {"log", {"logs"}},
    {"ls", {"list"}},
    {"ps", {"list"}},
    {"reboot", {"restart"}},
    {"rm", {"undefine", "remove", "delete"}},
    {"run", {"create"}},
    {"shutdown", {"stop"}},
    {"status", {"list"}},
    {"uninstall", {"remove"}},
    {"version", {"--version"}},
};

static bool
is_command(const gpuvm_command *group, const char *meaning)
{
    g_autofree char *name = g_strndup(meaning, strcspn(meaning, " "));

    return (!group && name[0] == '-') || gpuvm_command_find(gpuvm_command_list(group), name);
}

/* What @word means in @group: a command of this, maybe with an option; NULL. */
static const char *
meaning_of(const gpuvm_command *group, const char *word)
{
    const gpuvm_command *const *commands = gpuvm_command_list(group);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *const *meaning = words[i].meanings;

        while (g_str_equal(words[i].word, word) && *meaning && !is_command(group, *meaning))
            meaning++;
        if (g_str_equal(words[i].word, word) && *meaning)
            return *meaning;
    }
    for (; *commands; commands++)
        g_ptr_array_add(names, (char *)(*commands)->name);
    return gpuvm_nearest(word, (const char *const *)names->pdata, names->len);
}

char *
gpuvm_command_meant(const gpuvm_command *group, char **line)
{
    g_autofree char *title = gpuvm_command_title(group);
    const char *meaning, *word = line[0];

    if (!group && (g_str_equal(word, "vm") || g_str_equal(word, "vms"))) /* gpuvm's commands are about VMs */
        word = line[1] && line[1][0] != '-' ? line[1] : "list";
    meaning = is_command(group, word) ? word : meaning_of(group, word);
    return meaning ? g_strdup_printf("%s %s", title, meaning) : NULL;
}
