/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define SYSTEM "/var/lib/gpuvm"
#define SIZE 32 /* bytes, as many as SHA-256 has */
#define REMOVE "\nremove it: another one is made, and secrets count as changed"

static bool
fail(GError **error, const char *path, const char *why)
{
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "cannot use %s, the key that keeps secrets from being guessed: %s", path, why);
    return false;
}

/* Beside it first: who comes at the same time finds a whole one, and it is the first that stays. */
static bool
make(const char *path, GError **error)
{
    g_autofree char *beside = g_strdup_printf("%s.%d", path, (int)getpid());
    g_autoptr(GError) cause = NULL;
    char bytes[SIZE];
    bool right = getrandom(bytes, SIZE, 0) == SIZE; /* so many are never cut short */

    if (!right)
        return fail(error, path, g_strerror(errno));
    right = g_file_set_contents_full(beside, bytes, SIZE, G_FILE_SET_CONTENTS_DURABLE, 0600, &cause);
    if (!right)
        fail(error, path, cause->message);
    else if (link(beside, path) < 0 && errno != EEXIST)
        right = fail(error, path, g_strerror(errno));
    unlink(beside);
    return right;
}

static GBytes *
read_key(int fd, const char *path, GError **error)
{
    char bytes[SIZE + 1];
    size_t size = 0;
    struct stat status;
    ssize_t n = fstat(fd, &status);

    while (n >= 0 && size < sizeof(bytes) &&
           (n = TEMP_FAILURE_RETRY(read(fd, bytes + size, sizeof(bytes) - size))) > 0)
        size += (size_t)n;
    if (n < 0)
        fail(error, path, g_strerror(errno));
    else if (status.st_uid != geteuid() || status.st_mode & 077)
        fail(error, path, "it is not yours alone" REMOVE);
    else if (!S_ISREG(status.st_mode) || size != SIZE)
        fail(error, path, "it is none" REMOVE);
    else
        return g_bytes_new(bytes, SIZE);
    return NULL;
}

GBytes *
gpuvm_key_load(bool own, GError **error)
{
    bool system = geteuid() == 0 && !own;
    g_autofree char *directory =
        system ? g_strdup(SYSTEM) : g_build_filename(g_get_user_state_dir(), "gpuvm", NULL);
    g_autofree char *path = g_build_filename(directory, "key", NULL);
    GBytes *key = NULL;
    int fd;

    if (g_mkdir_with_parents(directory, system ? 0755 : 0700) < 0) {
        fail(error, path, g_strerror(errno));
        return NULL;
    }
    if (access(path, F_OK) < 0 && errno == ENOENT && !make(path, error))
        return NULL;
    fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0) {
        fail(error, path, g_strerror(errno));
        return NULL;
    }
    key = read_key(fd, path, error);
    close(fd);
    return key;
}
