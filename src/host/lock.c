/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host/interrupt.h"

#define SHARED "/run/gpuvm"
#define GROUP "libvirt"

struct gpuvm_lock {
    int fd;
};

static bool
fail(GError **error, const char *path, int number)
{
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot lock %s: %s%s", path, g_strerror(number),
                g_str_has_prefix(path, SHARED "/") && number != EMFILE
                    ? "\nall users of this libvirt share the locks there: `sudo install -d -g " GROUP
                      " -m 2770 " SHARED "` makes the directory, and you must be in group " GROUP
                    : "");
    return false;
}

/* Waits for the lock; a signal that is to end the process ends the waiting. */
static bool
wait_for(int fd, int how, const char *path, void (*waiting)(void *data), void *data, GError **error)
{
    if (flock(fd, how | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return fail(error, path, errno);
    if (waiting)
        waiting(data);
    while (flock(fd, how) < 0) {
        if (errno != EINTR || gpuvm_interrupt_wanted())
            return fail(error, path, errno);
    }
    return true;
}

/* The lock on @fd, which is taken; -1: it could not be opened, for @number. */
static gpuvm_lock *
keep(int fd, int number, const char *path, int how, void (*waiting)(void *data), void *data, GError **error)
{
    gpuvm_lock *lock;

    if (fd < 0) {
        fail(error, path, number);
        return NULL;
    }
    if (!wait_for(fd, how, path, waiting, data, error)) {
        close(fd);
        return NULL;
    }
    lock = g_new(gpuvm_lock, 1);
    lock->fd = fd;
    return lock;
}

/* The file is made with @mode, whatever the umask says. */
static gpuvm_lock *
take(const char *path, mode_t mode, bool exclusive, void (*waiting)(void *data), void *data, GError **error)
{
    mode_t before = umask(0);
    /* the file stays: taking away one that another process is about to lock would give the lock to two */
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode), number = errno;

    umask(before);
    return keep(fd, number, path, exclusive ? LOCK_EX : LOCK_SH, waiting, data, error);
}

gpuvm_lock *
gpuvm_lock_directory(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), number = errno;

    return keep(fd, number, path, LOCK_EX, NULL, NULL, error);
}

gpuvm_lock *
gpuvm_lock_file(const char *path, bool exclusive, void (*waiting)(void *data), void *data, GError **error)
{
    return take(path, 0600, exclusive, waiting, data, error);
}

/* Makes the directory that all share, where no package did; the lock says what is wrong with it. */
static void
make_shared(void)
{
    const struct group *group = geteuid() == 0 && mkdir(SHARED, 0700) == 0 ? getgrnam(GROUP) : NULL;

    if (group && chown(SHARED, 0, group->gr_gid) == 0)
        chmod(SHARED, 02770);
}

static char *
find_directory(const gpuvm_connection *connection)
{
    bool own = g_str_has_suffix(connection->uri, "/session");
    char *directory;

    if (!own) {
        make_shared();
        own = !connection->local && access(SHARED, W_OK) < 0;
    }
    if (!own)
        return g_strdup(SHARED);
    directory = g_build_filename(g_get_user_runtime_dir(), "gpuvm", NULL);
    g_mkdir_with_parents(directory, 0700);
    return directory;
}

/* In one directory are the locks of all hosts; a VM that was renamed behind our back may have any name. */
static char *
find_path(const gpuvm_connection *connection, const char *name)
{
    g_autofree char *directory = find_directory(connection);
    g_autofree char *server = connection->server ? g_strconcat("@", connection->server, NULL) : NULL;
    g_autofree char *whole = g_strconcat(name, server, NULL);
    g_autofree char *file = g_uri_escape_string(whole, "@", true);

    return g_build_filename(directory, file, NULL);
}

/* Each VM that is defined at once is a file that stays open. */
static void
raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

gpuvm_lock *
gpuvm_lock_take(const gpuvm_connection *connection, const char *name, bool exclusive,
                void (*waiting)(void *data), void *data, GError **error)
{
    g_autofree char *path = find_path(connection, name);

    raise_limit();
    return take(path, 0640, exclusive, waiting, data, error);
}

void
gpuvm_lock_release(gpuvm_lock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    g_free(lock);
}
