/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/hookfile.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* Whether what libvirt would run is of this version. */
static bool
is_right(void)
{
    const char *const command[] = {GPUVM_HOOK_FILE, "--version", NULL};
    g_autofree char *output = NULL;
    int status;

    return g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL,
                        &status, NULL) &&
           status == 0 && g_str_equal(output, "gpuvm-hook " PACKAGE_VERSION "\n");
}

int64_t
gpuvm_hook_look(void)
{
    g_autofree char *target = NULL;
    struct stat status;

    if (lstat(GPUVM_HOOK_FILE, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? GPUVM_HOOK_ABSENT : GPUVM_UNKNOWN;
    target = g_file_read_link(GPUVM_HOOK_FILE, NULL);
    if (!target || !g_str_has_suffix(target, "/gpuvm-hook"))
        return GPUVM_HOOK_FOREIGN;
    return is_right() ? GPUVM_HOOK_INSTALLED : GPUVM_HOOK_STALE;
}

static bool
fail(gpuvm_session *session, const char *what, const char *path)
{
    return gpuvm_session_fail(session, g_error_new(GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot %s %s: %s", what,
                                                   path, g_strerror(errno)));
}

/* Whether the link is here to be changed; looks at what there is now. */
static bool
may_change(gpuvm_session *session, int64_t *ret_hook)
{
    gpuvm_diag *diag;

    if (!gpuvm_session_is_here(session)) {
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                 "the hook is a file of the host's: not over this connection");
        gpuvm_diag_hint(diag, "run it on the host itself");
        return false;
    }
    *ret_hook = gpuvm_hook_look();
    if (*ret_hook != GPUVM_HOOK_FOREIGN)
        return true;
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "%s is not gpuvm's", GPUVM_HOOK_FILE);
    gpuvm_diag_hint(diag, "give it another name: libvirt runs whatever is in that directory");
    return false;
}

bool
gpuvm_hook_install(gpuvm_session *session, gpuvm_outcome *ret_outcome)
{
    g_autofree char *directory = g_path_get_dirname(GPUVM_HOOK_FILE), *target = NULL;
    int64_t hook;

    if (!may_change(session, &hook))
        return false;
    if (access(GPUVM_HOOK_PROGRAM, X_OK) != 0)
        return fail(session, "run", GPUVM_HOOK_PROGRAM);
    target = g_file_read_link(GPUVM_HOOK_FILE, NULL);
    *ret_outcome = g_strcmp0(target, GPUVM_HOOK_PROGRAM) == 0 ? GPUVM_NOTHING_TO_DO : GPUVM_DONE;
    if (*ret_outcome == GPUVM_NOTHING_TO_DO)
        return true;
    if (g_mkdir_with_parents(directory, 0755) != 0)
        return fail(session, "make", directory);
    if (target && g_unlink(GPUVM_HOOK_FILE) != 0)
        return fail(session, "replace", GPUVM_HOOK_FILE);
    return symlink(GPUVM_HOOK_PROGRAM, GPUVM_HOOK_FILE) == 0 || fail(session, "make", GPUVM_HOOK_FILE);
}

bool
gpuvm_hook_remove(gpuvm_session *session, gpuvm_outcome *ret_outcome)
{
    int64_t hook;

    if (!may_change(session, &hook))
        return false;
    *ret_outcome = hook == GPUVM_HOOK_ABSENT ? GPUVM_NOTHING_TO_DO : GPUVM_DONE;
    return hook == GPUVM_HOOK_ABSENT || g_unlink(GPUVM_HOOK_FILE) == 0 ||
           fail(session, "remove", GPUVM_HOOK_FILE);
}
