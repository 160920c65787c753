/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files.c: between a program and the kernel (seccomp): writes down what it does with files, and lets one call fail
 *
 *     files DIRECTORY CALLS N WHAT COMMAND…
 *
 * Calls that have to do with files in DIRECTORY (an absolute path without links) are counted from 1, and named in the file
 * CALLS, a line each: "write a.yaml". The Nth fails: WHAT is "error", when there is no room for what it would write, and what
 * it would read cannot be read; "interrupted", as by a signal that came before anything was done; or "short", when it, a read
 * or write, does half of what it was asked to.
 * The exit status is COMMAND's, 128 and the number when a signal ended it, or 77 when the kernel does not let us.
 *
 * A library that is preloaded would not see what the C library does by itself, as for a FILE.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTENER 200 /* where the program to be has it, until it begins */
#define UNABLE 77
#define MOST (1 << 20) /* bytes of a call that is cut short */

/* Where a call says which file it is about. */
typedef enum place { DESCRIPTOR, PATH_0, PATH_1 } place;

static const struct {
    long number;
    const char *name;
    place place;
    int error; /* with which it fails */
} calls[] = {
    {SYS_read, "read", DESCRIPTOR, EIO},
    {SYS_pread64, "read", DESCRIPTOR, EIO},
    {SYS_write, "write", DESCRIPTOR, ENOSPC},
    {SYS_fsync, "fsync", DESCRIPTOR, EIO},
    {SYS_fdatasync, "fsync", DESCRIPTOR, EIO},
    {SYS_fallocate, "fallocate", DESCRIPTOR, ENOSPC},
    {SYS_ftruncate, "ftruncate", DESCRIPTOR, EIO},
    {SYS_getdents64, "list", DESCRIPTOR, EIO},
    {SYS_openat, "open", PATH_1, EIO},
    {SYS_mkdirat, "mkdir", PATH_1, ENOSPC},
    {SYS_renameat, "rename", PATH_1, ENOSPC},
    {SYS_renameat2, "rename", PATH_1, ENOSPC},
    {SYS_unlinkat, "unlink", PATH_1, EIO},
#ifdef SYS_open /* not where only newer calls are */
    {SYS_open, "open", PATH_0, EIO},
    {SYS_mkdir, "mkdir", PATH_0, ENOSPC},
    {SYS_rename, "rename", PATH_0, ENOSPC},
    {SYS_unlink, "unlink", PATH_0, EIO},
#endif
};
#define CALLS (sizeof calls / sizeof *calls)

static const char *directory;
static pid_t program;

static void __attribute__((noreturn, format(printf, 2, 3))) fail(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, ": %s\n", strerror(errno));
    if (program > 0)
        kill(program, SIGKILL);
    exit(status);
}

/* The program to be: stops when it can be watched. */
static void __attribute__((noreturn)) become(char **command)
{
    struct sock_filter filter[2 * CALLS + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short n = 1;
    int listener;

    for (size_t i = 0; i < CALLS; i++) {
        filter[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                            &(struct sock_fprog){n, filter});
    if (listener < 0 || dup3(listener, LISTENER, O_CLOEXEC) < 0)
        _exit(UNABLE);
    close(listener);
    raise(SIGSTOP);
    execvp(*command, command);
    _exit(127);
}

/* The program's descriptor @fd, as one of ours. */
static int
take_descriptor(int fd)
{
    int process = (int)syscall(SYS_pidfd_open, program, 0);
    int taken = (int)syscall(SYS_pidfd_getfd, process, fd, 0);

    close(process);
    return taken;
}

static int
open_memory(const struct seccomp_notif *asked)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%u/mem", asked->pid);
    return open(path, O_RDWR | O_CLOEXEC);
}

/* Which file @asked, one of @i, is about; empty when that cannot be said. */
static void
find_file(const struct seccomp_notif *asked, size_t i, char *file, size_t size)
{
    char link[64];
    ssize_t n = -1;

    if (calls[i].place == DESCRIPTOR) {
        snprintf(link, sizeof link, "/proc/%u/fd/%d", asked->pid, (int)asked->data.args[0]);
        n = readlink(link, file, size - 1);
    } else {
        int memory = open_memory(asked);

        n = pread(memory, file, size - 1, (off_t)asked->data.args[calls[i].place == PATH_1]);
        close(memory);
    }
    file[n < 0 ? 0 : n] = '\0';
}

/* Does half of what @asked, a read or write; what the call returns. */
static int64_t
do_half(const struct seccomp_notif *asked)
{
    size_t wanted = asked->data.args[2] < MOST ? (size_t)asked->data.args[2] : MOST;
    off_t at = (off_t)asked->data.args[1];
    char *bytes = malloc(wanted);
    int fd = take_descriptor((int)asked->data.args[0]), memory = open_memory(asked);
    size_t half = (wanted + 1) / 2;
    ssize_t n;

    if (!bytes || fd < 0 || memory < 0)
        fail(UNABLE, "cannot carry out half of a call");
    if (asked->data.nr == SYS_read)
        n = pwrite(memory, bytes, (size_t)read(fd, bytes, half), at);
    else if (asked->data.nr == SYS_pread64)
        n = pwrite(memory, bytes, (size_t)pread(fd, bytes, half, (off_t)asked->data.args[3]), at);
    else
        n = write(fd, bytes, (size_t)pread(memory, bytes, half, at));
    close(fd);
    close(memory);
    free(bytes);
    return n;
}

static void
answer(int listener, const struct seccomp_notif *asked, const char *what, FILE *log, int *left)
{
    struct seccomp_notif_resp given = {.id = asked->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    char file[4096];
    size_t i = 0, length = strlen(directory);

    while (calls[i].number != asked->data.nr)
        i++;
    find_file(asked, i, file, sizeof file);
    if (strncmp(file, directory, length) == 0 && file[length] == '/') {
        fprintf(log, "%s %s\n", calls[i].name, strrchr(file, '/') + 1);
        if (--*left == 0) {
            given.flags = 0;
            if (strcmp(what, "short") == 0)
                given.val = do_half(asked);
            else
                given.error = strcmp(what, "interrupted") == 0 ? -EINTR : -calls[i].error;
        }
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &given);
}

int
main(int argc, char **argv)
{
    struct pollfd ready = {.events = POLLIN};
    int status, left;
    FILE *log;

    if (argc < 6)
        return 2;
    directory = argv[1];
    left = atoi(argv[3]);
    log = fopen(argv[2], "we");
    if (!log)
        fail(2, "%s", argv[2]);
    program = fork();
    if (program == 0)
        become(argv + 5);
    if (waitpid(program, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
        fail(UNABLE, "cannot watch the calls of a program");
    ready.fd = take_descriptor(LISTENER);
    if (ready.fd < 0)
        fail(UNABLE, "cannot take a descriptor of a program");
    kill(program, SIGCONT);
    while (poll(&ready, 1, -1) >= 0 && !(ready.revents & POLLHUP)) {
        struct seccomp_notif asked = {0};

        if (ioctl(ready.fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0)
            answer(ready.fd, &asked, argv[4], log, &left);
    }
    waitpid(program, &status, 0);
    fclose(log);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
