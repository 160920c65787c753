/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/editor.h"

#include <signal.h>

#include "base/error.h"

static char *
find_editor(void)
{
    static const char *const variables[] = {"VISUAL", "EDITOR"};
    g_autofree char *own = g_find_program_in_path("editor"); /* Debian's choice */

    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *value = g_getenv(variables[i]);

        if (value && *value)
            return g_strdup(value);
    }
    return own ? g_steal_pointer(&own) : g_strdup("vi");
}

/* What is typed on the terminal is for the editor alone: there, Ctrl-C may mean anything. */
static void
restore_signals(gpointer unused)
{
    (void)unused;
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
}

bool
gpuvm_editor_run(const char *file, GError **error)
{
    g_autofree char *editor = find_editor(), *command = g_strconcat(editor, " \"$1\"", NULL);
    const char *const argv[] = {"/bin/sh", "-c", command, editor, file, NULL};
    void (*interrupted)(int) = signal(SIGINT, SIG_IGN);
    void (*quit)(int) = signal(SIGQUIT, SIG_IGN);
    g_autoptr(GError) why = NULL;
    int status;
    bool edited = g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, restore_signals, NULL,
                               NULL, NULL, &status, &why) &&
                  g_spawn_check_wait_status(status, &why);

    signal(SIGINT, interrupted);
    signal(SIGQUIT, quit);
    if (edited)
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "the editor failed: %s: %s\nanother one: set VISUAL or EDITOR", editor, why->message);
    return false;
}
