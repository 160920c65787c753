/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "host/lock.h"

static char *directory; /* the user's own, for what is not kept over a reboot */

static void
count(void *data)
{
    ++*(int *)data;
}

static void
give_up(void *data)
{
    (void)data;
    _exit(1);
}

/* Whether another process has to wait for the lock @path. */
static bool
must_wait(const char *path, bool exclusive)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(gpuvm_lock_file(path, exclusive, give_up, NULL, NULL) ? 0 : 2);
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static void
excludes(void **state G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(directory, "lock", NULL);
    static const struct {
        bool exclusive, other, waits;
    } cases[] = {{true, true, true}, {true, false, true}, {false, true, true}, {false, false, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int waited = 0;
        gpuvm_lock *lock = gpuvm_lock_file(path, cases[i].exclusive, count, &waited, NULL);

        assert_non_null(lock);
        assert_int_equal(must_wait(path, cases[i].other), cases[i].waits);
        gpuvm_lock_release(lock);
        assert_false(must_wait(path, true));
        assert_int_equal(waited, 0);
    }
}

static void
follows_nothing(void **state G_GNUC_UNUSED)
{
    g_autofree char *link = g_build_filename(directory, "link", NULL);
    g_autofree char *target = g_build_filename(directory, "target", NULL);
    g_autofree char *fifo = g_build_filename(directory, "fifo", NULL);
    g_autoptr(GError) error = NULL;
    int waited = 0;

    assert_int_equal(symlink(target, link), 0);
    assert_null(gpuvm_lock_file(link, true, count, &waited, &error));
    assert_int_equal(error->code, GPUVM_EXIT_FAILED);
    assert_non_null(strstr(error->message, link));
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    gpuvm_lock_release(gpuvm_lock_file(fifo, true, count, &waited, NULL)); /* comes back */
}

/* Whose libvirt it is says where its locks are. */
static void
has_a_place(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *server, *name, *file;
    } cases[] = {
        {NULL, "host", "host"},
        {NULL, "vm-a.b_c-d", "vm-a.b_c-d"},
        {NULL, "vm-../../a", "vm-..%2F..%2Fa"},
        {"node7", "host", "host@node7"},
        {"fe80::1%eth0", "host", "host@fe80%3A%3A1%25eth0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_connection connection = {.uri = (char *)"qemu:///session", .server = (char *)cases[i].server};
        g_autofree char *path = g_build_filename(directory, "gpuvm", cases[i].file, NULL);
        struct stat status;
        int waited = 0;
        mode_t before = umask(0077);
        gpuvm_lock *lock = gpuvm_lock_take(&connection, cases[i].name, true, count, &waited, NULL);

        umask(before);
        assert_non_null(lock);
        if (stat(path, &status) < 0)
            fail_msg("no %s", path);
        assert_int_equal(status.st_mode & 0777,
                         0640); /* others of the group share it, whatever umask its maker has */
        assert_true(must_wait(path, true));
        gpuvm_lock_release(lock);
    }
}

static void
takes_many(void **state G_GNUC_UNUSED)
{
    gpuvm_connection connection = {.uri = (char *)"qemu:///session"};
    struct rlimit before, few;
    gpuvm_lock *locks[40];
    int waited = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = G_N_ELEMENTS(locks) / 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(locks); i++) {
        g_autofree char *name = g_strdup_printf("vm-%zu", i);

        locks[i] = gpuvm_lock_take(&connection, name, true, count, &waited, NULL);
        assert_non_null(locks[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(locks); i++)
        gpuvm_lock_release(locks[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static int
set_up(void **state G_GNUC_UNUSED)
{
    directory = g_dir_make_tmp(NULL, NULL);
    g_setenv("XDG_RUNTIME_DIR", directory, TRUE);
    return 0;
}

static int
tear_down(void **state G_GNUC_UNUSED)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", directory);

    g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
    g_free(directory);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excludes),
        cmocka_unit_test(follows_nothing),
        cmocka_unit_test(has_a_place),
        cmocka_unit_test(takes_many),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
