/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preload.c: what libvirtd in the lab may not ask of the real kernel, and one thing that it must wait for
 *
 * Limits on locked memory, CPU affinity and groups are the real machine's: they may be denied, and the fake
 * machine's CPUs are not its. They succeed without effect. A write to the fake /sys's driver binding has been
 * carried out when the file is closed, as on a real /sys (kernel.py has the other half).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))
#define PATIENCE_MS 10000

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    return resource == RLIMIT_MEMLOCK ? 0 : NEXT(setrlimit)(resource, limit);
}

int
setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    return resource == RLIMIT_MEMLOCK ? 0 : NEXT(setrlimit64)(resource, limit);
}

int
prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit, struct rlimit *old)
{
    return NEXT(prlimit)(pid, resource, resource == RLIMIT_MEMLOCK ? NULL : limit, old);
}

int
prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit, struct rlimit64 *old)
{
    return NEXT(prlimit64)(pid, resource, resource == RLIMIT_MEMLOCK ? NULL : limit, old);
}

int
setgroups(size_t size, const gid_t *list)
{
    (void)size;
    (void)list;
    return 0;
}

int
sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *mask)
{
    (void)pid;
    (void)size;
    (void)mask;
    return 0;
}

static int
is_binding(int fd)
{
    char link[32], path[64];
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof(path)) > 0 && strncmp(path, "/sys/", 5) == 0;
}

/** Until the kernel has read what is in @fd, and then until it has done it. */
static void
wait_for_kernel(int fd)
{
    int unread = 0, lock;

    for (int ms = 0; ms < PATIENCE_MS && ioctl(fd, FIONREAD, &unread) == 0 && unread > 0; ms++)
        usleep(1000);
    lock = open(LAB "/kernel.lock", O_RDONLY | O_CLOEXEC);
    if (lock >= 0) {
        flock(lock, LOCK_SH);
        NEXT(close)(lock);
    }
}

int
close(int fd)
{
    if (is_binding(fd))
        wait_for_kernel(fd);
    return NEXT(close)(fd);
}
