/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "host/key.h"

static char *directory, *path;

static void
is_made_once(void **state G_GNUC_UNUSED)
{
    g_autoptr(GBytes) made = gpuvm_key_load(true, NULL), again = gpuvm_key_load(true, NULL);
    g_autofree char *beside = g_strdup_printf("%s.%d", path, (int)getpid());
    struct stat status;

    assert_non_null(made);
    assert_int_equal(g_bytes_get_size(made), 32);
    assert_true(g_bytes_equal(made, again));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_false(g_file_test(beside, G_FILE_TEST_EXISTS));

    unlink(path);
    g_autoptr(GBytes) another = gpuvm_key_load(true, NULL);
    assert_non_null(another);
    assert_false(g_bytes_equal(made, another));
}

/* Each is a process that looks for the key at the same time; its exit code is 0 when it gets the one that stays. */
static void
is_the_same_for_all_who_make_it(void **state G_GNUC_UNUSED)
{
    pid_t children[16];
    int begin[2];

    unlink(path);
    assert_int_equal(pipe(begin), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char byte;

            close(begin[1]);
            if (read(begin[0], &byte, 1) != 0) /* until the last writer is gone */
                _exit(1);
            g_autoptr(GBytes) key = gpuvm_key_load(true, NULL), again = gpuvm_key_load(true, NULL);
            _exit(key && again && g_bytes_equal(key, again) ? 0 : 1);
        }
    }
    close(begin[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(children); i++) {
        int status;

        waitpid(children[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    close(begin[0]);
}

static void
expect_error(const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_null(gpuvm_key_load(true, &error));
    assert_int_equal(error->code, GPUVM_EXIT_FAILED);
    if (!strstr(error->message, path) || !strstr(error->message, text))
        fail_msg("'%s' does not say '%s'", error->message, text);
}

static void
is_nobody_else_s(void **state G_GNUC_UNUSED)
{
    g_autofree char *real = g_strconcat(path, "-real", NULL), *bytes = NULL;

    g_bytes_unref(gpuvm_key_load(true, NULL));
    assert_true(g_file_get_contents(path, &bytes, NULL, NULL));
    g_chmod(path, 0640);
    expect_error("not yours alone");
    g_chmod(path, 0600);
    assert_int_equal(rename(path, real), 0);
    assert_int_equal(symlink(real, path), 0);
    expect_error("symbolic links");
    unlink(path);
    unlink(real);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error("it is none");
    unlink(path);
    assert_true(g_file_set_contents_full(path, bytes, 31, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    expect_error("it is none");
    unlink(path);
    g_rmdir(directory);
    assert_true(g_file_set_contents(directory, "", 0, NULL));
    expect_error("Not a directory");
    unlink(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_made_once),
        cmocka_unit_test(is_the_same_for_all_who_make_it),
        cmocka_unit_test(is_nobody_else_s),
    };
    g_autofree char *scratch = g_dir_make_tmp(NULL, NULL);
    int failed;

    g_setenv("XDG_STATE_HOME", scratch, TRUE);
    directory = g_build_filename(scratch, "gpuvm", NULL);
    path = g_build_filename(directory, "key", NULL);
    failed = cmocka_run_group_tests_name("key", tests, NULL, NULL);
    g_rmdir(scratch);
    g_free(directory);
    g_free(path);
    return failed;
}
