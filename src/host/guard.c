/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, message);
    return false;
}

static bool
cannot_open(const char *file, int number, GError **error)
{
    return fail(error, "cannot open %s: %s", file, g_strerror(number));
}

static bool
is_trusted(uid_t owner)
{
    struct stat top;

    return owner == 0 || owner == geteuid() || (stat("/", &top) == 0 && owner == top.st_uid);
}

static bool
check_owner(const char *file, const char *path, uid_t owner, const char *chown, GError **error)
{
    return is_trusted(owner) || fail(error, "cannot trust %s: %s belongs to user %u\n%s root %s", file, path,
                                     (unsigned)owner, chown, path);
}

/* Whether what is at @path may only have been written, or replaced, by who is trusted with @file. */
static bool
check_status(const char *file, const char *path, const struct stat *status, gpuvm_guard guard, GError **error)
{
    bool directory = S_ISDIR(status->st_mode), everybody = status->st_mode & S_IWOTH;
    bool group = guard == GPUVM_GUARD_SYSTEM && status->st_mode & S_IWGRP;

    if (!directory && !S_ISREG(status->st_mode))
        return true; /* which is no file to be read */
    if (guard == GPUVM_GUARD_SYSTEM && !check_owner(file, path, status->st_uid, "chown", error))
        return false;
    if ((!everybody && !group) || (directory && status->st_mode & S_ISVTX))
        return true;
    return fail(error, "cannot trust %s: %s may write to %s\nchmod %s-w %s", file,
                everybody ? "everybody" : "a group", path, guard == GPUVM_GUARD_SYSTEM ? "go" : "o", path);
}

/* Looks at @path, a part of the way to @file, or that itself; *@absent: it is not there. */
static bool
check_step(const char *file, const char *path, gpuvm_guard guard, bool *absent, GError **error)
{
    struct stat status;

    *absent = false;
    if (lstat(path, &status) != 0) {
        *absent = errno == ENOENT;
        return *absent || cannot_open(file, errno, error);
    }
    if (!S_ISLNK(status.st_mode))
        return check_status(file, path, &status, guard, error);
    if (guard == GPUVM_GUARD_SYSTEM && !check_owner(file, path, status.st_uid, "chown -h", error))
        return false;
    if (stat(path, &status) == 0)
        return check_status(file, path, &status, guard, error);
    return errno == ENOENT
               ? fail(error, "cannot open %s: %s is a link to nothing\nrm %s, or make what it leads to", file,
                      path, path)
               : cannot_open(file, errno, error);
}

/* Looks at each step of the absolute @path to @file, up to one that is not there. */
static bool
check_way(const char *file, const char *path, gpuvm_guard guard, bool *absent, GError **error)
{
    const char *end = path;

    do {
        end += strcspn(end + 1, "/") + 1;
        g_autofree char *step = g_strndup(path, (gsize)(end - path));

        if (!check_step(file, step, guard, absent, error))
            return false;
    } while (*end && !*absent);
    return true;
}

static int
open_regular(const char *file, gpuvm_guard guard, GError **error)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    bool right = fd >= 0 && fstat(fd, &status) == 0;

    if (!right)
        cannot_open(file, errno, error);
    else if (!S_ISREG(status.st_mode))
        right = fail(error, "cannot read %s: not a regular file", file);
    else
        right = check_status(file, file, &status, guard, error);
    if (!right && fd >= 0)
        close(fd);
    return right ? fd : -1;
}

int
gpuvm_guard_open(const char *file, gpuvm_guard guard, bool *ret_absent, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(file, NULL), *real = NULL;
    bool absent, right = check_way(file, path, guard, &absent, error);

    if (ret_absent)
        *ret_absent = right && absent;
    if (right && absent && !ret_absent)
        cannot_open(file, ENOENT, error);
    if (!right || absent)
        return -1;
    real = realpath(path, NULL); /* GLib's memory is the C library's */
    if (!real) {
        cannot_open(file, errno, error);
        return -1;
    }
    return check_way(file, real, guard, &absent, error) ? open_regular(file, guard, error) : -1;
}
