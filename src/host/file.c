/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static char *G_GNUC_PRINTF(2, 0) under_root(const char *root, const char *format, va_list args)
{
    g_autofree char *path = g_strdup_vprintf(format, args);

    return g_strconcat(root, path, NULL);
}

static char *
read_text(const char *path)
{
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

char *
gpuvm_file_text(const char *root, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    return read_text(path);
}

char **
gpuvm_file_lines(const char *root, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args), *text = read_text(path);
    va_end(args);
    return text ? g_strsplit(text, "\n", -1) : NULL;
}

GPtrArray *
gpuvm_file_list(const char *root, const char *prefix, const char *format, ...)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, prefix))
            g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

char *
gpuvm_file_target(const char *root, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args), *target = g_file_read_link(path, NULL);
    va_end(args);
    return target ? g_path_get_basename(target) : NULL;
}

bool
gpuvm_file_write(const char *root, const char *text, GError **error, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;
    int fd;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot write to %s: %s", path, g_strerror(errno));
    else
        text = NULL;
    if (fd >= 0)
        close(fd);
    return !text;
}

bool
gpuvm_file_exists(const char *root, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *path = under_root(root, format, args);
    va_end(args);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

GString *
gpuvm_file_read(const char *path, const char *what, gsize most, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    FILE *file = fopen(path, "re");
    char block[65536];
    size_t n = 1;

    while (file && n && text->len <= most) {
        n = fread(block, 1, sizeof block, file);
        g_string_append_len(text, block, (gssize)n);
    }
    if (!file || ferror(file)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read %s %s: %s", what, path,
                    g_strerror(errno));
        g_string_free(g_steal_pointer(&text), TRUE);
    }
    if (file)
        fclose(file);
    return g_steal_pointer(&text);
}
