/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/reporter.h"

#include <stdbool.h>
#include <string.h>

#include "core/inside.h"

#define BEGIN "gpuvm-verify begin"
#define END "gpuvm-verify end "

#define DIRECTORY "/usr/local/lib/gpuvm"
#define SERVICE "gpuvm-verify.service"
#define DEVICE "dev-virtio\\x2dports-" GPUVM_REPORTER_CHANNEL ".device"

/* systemd waits for the port, and lets the service end with it. */
static const char unit[] =
    "[Unit]\n"
    "Description=Tells gpuvm verify what hardware this guest has\n"
    "BindsTo=" DEVICE "\n"
    "After=" DEVICE "\n"
    "StartLimitIntervalSec=0\n"
    "\n"
    "[Service]\n"
    "ExecStart=/bin/sh " DIRECTORY "/report /dev/virtio-ports/" GPUVM_REPORTER_CHANNEL "\n"
    "Environment=LC_ALL=C\n"
    "Restart=always\n"
    "RestartSec=5\n"
    "\n"
    "[Install]\n"
    "WantedBy=multi-user.target\n";

/* No line of the texts is "EOF". */
char *
gpuvm_reporter_setup(void)
{
    return g_strconcat("#!/bin/sh\nset -e\nmkdir -p " DIRECTORY "\n"
                       "cat >" DIRECTORY "/inside <<'EOF'\n",
                       gpuvm_inside_script, "EOF\ncat >" DIRECTORY "/report <<'EOF'\n", gpuvm_reporter_script,
                       "EOF\ncat >/etc/systemd/system/" SERVICE " <<'EOF'\n", unit,
                       "EOF\nsystemctl daemon-reload\n"
                       "systemctl enable " SERVICE "\n"
                       "systemctl --no-block restart " SERVICE "\n",
                       NULL);
}

static bool
begins(const char *line, size_t size, const char *text)
{
    return size >= strlen(text) && memcmp(line, text, strlen(text)) == 0;
}

/* Whether @line, which begins as the end of a report does, ends one that consists of @text. */
static bool
is_end(const char *line, size_t size, const char *text, size_t text_size)
{
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, text_size);

    return size == strlen(END) + strlen(digest) && memcmp(line + strlen(END), digest, strlen(digest)) == 0;
}

char *
gpuvm_reporter_find(const char *bytes, size_t size)
{
    const char *text = NULL, *over, *next;

    if (size == 0) /* and there may be no @bytes */
        return NULL;
    over = bytes + size;
    for (const char *line = bytes; (next = memchr(line, '\n', (size_t)(over - line))); line = next + 1) {
        size_t length = (size_t)(next - line);

        if (length == strlen(BEGIN) && begins(line, length, BEGIN)) {
            text = next + 1;
        } else if (text && begins(line, length, END)) {
            if (is_end(line, length, text, (size_t)(line - text)))
                return g_strndup(text, (size_t)(line - text));
            text = NULL;
        }
    }
    return NULL;
}
