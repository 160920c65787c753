/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

static const char *
directory(void)
{
    const char *wanted = g_getenv("TMPDIR");

    return wanted ? wanted : "/var/tmp";
}

static bool
fail(GError **error, const char *what)
{
    int number = errno;

    g_set_error(error, GPUVM_ERROR, number == ENOSPC ? GPUVM_EXIT_HOST : GPUVM_EXIT_FAILED,
                "cannot %s a temporary file in %s: %s%s", what, directory(), g_strerror(number),
                number == ENOSPC
                    ? "\nmake room there, or name another directory in TMPDIR; what has a checksum in the "
                      "definition needs no file there"
                    : "");
    return false;
}

int
gpuvm_spool_open(GError **error)
{
    int fd = open(directory(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        fail(error, "make");
    return fd;
}

bool
gpuvm_spool_write(int fd, const void *bytes, size_t size, GError **error)
{
    const char *next = bytes;

    while (size > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(write(fd, next, size));

        if (n < 0)
            return fail(error, "write");
        next += n;
        size -= (size_t)n;
    }
    return true;
}

ssize_t
gpuvm_spool_read(int fd, uint64_t offset, void *bytes, size_t size, GError **error)
{
    ssize_t n = TEMP_FAILURE_RETRY(pread(fd, bytes, size, (off_t)offset));

    if (n < 0)
        fail(error, "read");
    return n;
}
