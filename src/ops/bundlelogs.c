/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/bundlelogs.h"

#include <string.h>

#include "host/kernellog.h"
#include "host/log.h"
#include "host/tarball.h"
#include "ops/logs.h"

static void
note(gpuvm_session *session, const GError *error)
{
    gpuvm_diags_note(session->diags, NULL, "%.*s", (int)strcspn(error->message, "\n"), error->message);
}

/* The last of the file @path, as @name; that it cannot be read is a note. */
static void
add_log(gpuvm_session *session, GPtrArray *files, const char *path, char *name)
{
    g_autoptr(GError) error = NULL;
    gint64 offset = -1;
    size_t size;
    char *text = gpuvm_log_read(path, &offset, &size, &error);

    if (text) {
        for (size_t i = 0; i < size; i++) /* a NUL does not end it */
            text[i] = text[i] ? text[i] : ' ';
        g_ptr_array_add(files, gpuvm_packed_new(name, text));
        return;
    }
    note(session, error);
    g_free(name);
}

/* @text (taken), unless it is empty. */
static void
add_text(GPtrArray *files, const char *name, GString *text)
{
    if (text->len > 0)
        g_ptr_array_add(files, gpuvm_packed_new(g_strdup(name), g_strdup(text->str)));
    g_string_free(text, TRUE);
}

void
gpuvm_bundle_add_logs(gpuvm_session *session, GPtrArray *files, const char *vm)
{
    g_autoptr(gpuvm_logs) logs = session->connection->local ? gpuvm_logs_find(session, vm) : NULL;

    if (!logs)
        return;
    add_log(session, files, logs->log, g_strdup_printf("logs/%s/qemu.log", vm));
    if (logs->console)
        add_log(session, files, logs->console, g_strdup_printf("logs/%s/console.log", vm));
}

void
gpuvm_bundle_add_journal(gpuvm_session *session, GPtrArray *files)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = gpuvm_kernellog_read(G_MININT64, &error);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    GString *kernel = g_string_new(NULL), *libvirt = g_string_new(NULL), *into = kernel;

    if (!text)
        note(session, error);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 4); /* TIME HOST PROGRAM: … */

        if (g_ascii_isdigit(**line) && g_strv_length(words) > 2)
            into = g_str_equal(words[2], "kernel:") ? kernel : libvirt;
        if (**line)
            g_string_append_printf(into, "%s\n", *line);
    }
    add_text(files, "logs/kernel.log", kernel);
    add_text(files, "logs/libvirt.log", libvirt);
}
