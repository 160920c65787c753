/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "host/interrupt.h"

struct gpuvm_lock {
    int fd;
};

static bool
fail(GError **error, const char *path, int number)
{
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot lock %s: %s", path, g_strerror(number));
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
    waiting(data);
    while (flock(fd, how) < 0) {
        if (errno != EINTR || gpuvm_interrupt_wanted())
            return fail(error, path, errno);
    }
    return true;
}

gpuvm_lock *
gpuvm_lock_file(const char *path, bool exclusive, void (*waiting)(void *data), void *data, GError **error)
{
    gpuvm_lock *lock;
    /* the file stays: taking away one that another process is about to lock would give the lock to two */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        fail(error, path, errno);
        return NULL;
    }
    if (!wait_for(fd, exclusive ? LOCK_EX : LOCK_SH, path, waiting, data, error)) {
        close(fd);
        return NULL;
    }
    lock = g_new(gpuvm_lock, 1);
    lock->fd = fd;
    return lock;
}

gpuvm_lock *
gpuvm_lock_take(const char *name, bool exclusive, void (*waiting)(void *data), void *data, GError **error)
{
    g_autofree char *directory =
        g_build_filename(geteuid() == 0 ? "/run" : g_get_user_runtime_dir(), "gpuvm", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);

    g_mkdir_with_parents(directory, 0700); /* the lock says what is wrong */
    return gpuvm_lock_file(path, exclusive, waiting, data, error);
}

void
gpuvm_lock_release(gpuvm_lock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    g_free(lock);
}
