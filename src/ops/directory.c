/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/directory.h"

#include <errno.h>
#include <string.h>

#include "core/ignore.h"
#include "ops/load.h"

/* A directory that is being read, in @outer. */
typedef struct level {
    const struct level *outer;
    const char *path;
    gpuvm_ignore *ignore; /* NULL: it has none */
} level;

static bool
is_ignored(const level *in, const char *path, bool directory)
{
    bool ignored = false;

    for (; in && !ignored; in = in->outer) {
        const char *rest = path + strlen(in->path);

        ignored = in->ignore && gpuvm_ignore_match(in->ignore, rest + strspn(rest, "/"), directory);
    }
    return ignored;
}

static bool
is_definition(const char *name)
{
    return g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml") ||
           g_str_has_suffix(name, ".json");
}

static void add_directory(GPtrArray *files, const level *outer, const char *path, gpuvm_diags *diags);

/* Links to directories are not followed, so that there are no cycles; a FIFO could block the reader for ever. */
static void
add_entry(GPtrArray *files, const level *in, const char *name, gpuvm_diags *diags)
{
    g_autofree char *path = g_build_filename(in->path, name, NULL);
    bool directory = g_file_test(path, G_FILE_TEST_IS_DIR);

    if (*name == '.' || is_ignored(in, path, directory))
        return;
    if (directory) {
        if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            add_directory(files, in, path, diags);
    } else if (is_definition(name)) {
        if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR))
            gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "cannot read %s: not a regular file", path);
        else
            g_ptr_array_add(files, g_steal_pointer(&path));
    }
}

/* NULL: there is none, or see @diags. */
static gpuvm_ignore *
read_ignore(const char *directory, gpuvm_diags *diags)
{
    g_autofree char *path = g_build_filename(directory, GPUVM_IGNORE_FILE, NULL);
    g_autoptr(gpuvm_source) source = gpuvm_load_is_absent(path) ? NULL : gpuvm_load_source(path, diags);

    return source ? gpuvm_ignore_parse(source, diags) : NULL;
}

static void
add_directory(GPtrArray *files, const level *outer, const char *path, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) names = gpuvm_load_names(path);
    int error = errno;
    g_autoptr(gpuvm_ignore) ignore = names ? read_ignore(path, diags) : NULL;
    const level in = {outer, path, ignore};

    if (!names)
        gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "cannot read directory %s: %s", path,
                          g_strerror(error));
    for (guint i = 0; names && i < names->len; i++)
        add_entry(files, &in, names->pdata[i], diags);
}

void
gpuvm_directory_add(GPtrArray *files, const char *directory, gpuvm_diags *diags)
{
    add_directory(files, NULL, directory, diags);
}
