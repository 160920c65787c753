/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/kernellog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#define MOST_LINES "20000"
#define MOST_RECORDS 20000
#define RECORD_BYTES 8192 /* the kernel's CONSOLE_EXT_LOG_MAX */

static char *
read_journal(gint64 since)
{
    g_autofree char *from = since == G_MININT64
                                ? g_strdup("--boot")
                                : g_strdup_printf("--since=@%" G_GINT64_FORMAT, since / G_USEC_PER_SEC);
    const char *command[] = {"journalctl",
                             "--quiet",
                             "--no-pager",
                             "--output=short-iso-precise",
                             "--lines=" MOST_LINES,
                             from,
                             "_TRANSPORT=kernel",
                             "+",
                             "_SYSTEMD_UNIT=libvirtd.service",
                             "+",
                             "_SYSTEMD_UNIT=virtqemud.service",
                             NULL};
    char *output = NULL;
    int status = 0;

    if (g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                     NULL, &output, NULL, &status, NULL) &&
        g_spawn_check_wait_status(status, NULL) && *output)
        return output;
    g_free(output);
    return NULL;
}

/*
 * "6,1234,5678901,-;text": priority, number, µs since @boot (Documentation/ABI/testing/dev-kmsg); the journal would write the same of it
 */
static void
add_record(GString *text, char *record, gint64 boot)
{
    char *words = strchr(record, ';');
    g_auto(GStrv) head = words ? g_strsplit(record, ",", 4) : NULL;
    gint64 time = head && g_strv_length(head) >= 3 ? strtoll(head[2], NULL, 10) : -1;

    g_autoptr(GDateTime) utc =
        time < 0 ? NULL : g_date_time_new_from_unix_utc((boot + time) / G_USEC_PER_SEC);
    g_autofree char *seconds = utc ? g_date_time_format(utc, "%FT%T") : NULL;

    if (seconds)
        g_string_append_printf(text, "%s.%06d+0000 localhost kernel: %.*s\n", seconds,
                               (int)((boot + time) % G_USEC_PER_SEC), (int)strcspn(words + 1, "\n"),
                               words + 1);
}

static char *
read_kmsg(GError **error)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    g_autofree char *record = g_malloc(RECORD_BYTES + 1);
    struct timespec up = {0};
    gint64 boot;
    GString *text;
    ssize_t n;

    if (fd < 0) {
        int why = errno;

        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read the kernel's log: %s%s",
                    g_strerror(why),
                    why == EPERM || why == EACCES ? "\nuse sudo, or join the group systemd-journal" : "");
        return NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &up); /* the kernel's stamps do not count sleep either */
    boot = g_get_real_time() - (up.tv_sec * G_USEC_PER_SEC + up.tv_nsec / 1000);
    text = g_string_new(NULL);
    /* EPIPE: records were overwritten meanwhile, and reading goes on behind them */
    for (int i = 0;
         i < MOST_RECORDS && ((n = read(fd, record, RECORD_BYTES)) > 0 || (n < 0 && errno == EPIPE)); i++) {
        record[MAX(n, 0)] = '\0';
        add_record(text, record, boot);
    }
    close(fd);
    return g_string_free(text, FALSE);
}

char *
gpuvm_kernellog_read(gint64 since, GError **error)
{
    char *journal = read_journal(since);

    return journal ? journal : read_kmsg(error);
}
