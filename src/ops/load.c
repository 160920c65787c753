/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/text.h"

void
gpuvm_definition_free(gpuvm_definition *definition)
{
    if (!definition)
        return;
    gpuvm_spec_free(definition->spec);
    g_free(definition->source);
    g_free(definition->directory);
    g_free(definition);
}

static void
cannot(gpuvm_diags *diags, const char *what, const char *path, int error)
{
    gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "cannot %s %s: %s", what, path, g_strerror(error));
}

static bool
is_definition(const char *name)
{
    return name[0] != '.' && (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml") ||
                              g_str_has_suffix(name, ".json"));
}

static void add_directory(GPtrArray *files, const char *path, gpuvm_diags *diags);

/* Links to directories are not followed, so that there are no cycles; a FIFO could block the reader for ever. */
static void
add_entry(GPtrArray *files, const char *path, const char *name, gpuvm_diags *diags)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        if (name[0] != '.' && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            add_directory(files, path, diags);
    } else if (is_definition(name)) {
        if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR))
            gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "cannot read %s: not a regular file", path);
        else
            g_ptr_array_add(files, g_strdup(path));
    }
}

GPtrArray *
gpuvm_load_names(const char *directory)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *dir = opendir(directory); /* not GLib's, which loses the reason, and takes a failure for the end */
    int error;

    if (!dir)
        return NULL;
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(dir)); errno = 0)
        g_ptr_array_add(names, g_strdup(entry->d_name));
    error = errno;
    closedir(dir);
    g_ptr_array_sort(names, gpuvm_text_compare);
    errno = error;
    return error == 0 ? g_steal_pointer(&names) : NULL;
}

static void
add_directory(GPtrArray *files, const char *path, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) names = gpuvm_load_names(path);

    if (!names)
        cannot(diags, "read directory", path, errno);
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *entry = g_build_filename(path, names->pdata[i], NULL);
        add_entry(files, entry, names->pdata[i], diags);
    }
}

GPtrArray *
gpuvm_load_files(char **paths, gpuvm_diags *diags)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);

    for (char **path = paths; *path; path++) {
        guint before = files->len;
        unsigned errors = diags->errors;

        if (!g_file_test(*path, G_FILE_TEST_IS_DIR)) {
            g_ptr_array_add(files, g_strdup(*path));
            continue;
        }
        add_directory(files, *path, diags);
        if (files->len == before && diags->errors == errors)
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL,
                              "no definitions in directory %s: a definition's name ends "
                              "in .yaml, .yml or .json",
                              *path);
    }
    return files;
}

/* The text of @stream, called @name; NULL: see @diags. */
static gpuvm_source *
read_stream(FILE *stream, const char *name, gpuvm_diags *diags)
{
    const size_t limit = GPUVM_DOC_MAX_SIZE + 1; /* enough to see that it is too large */
    g_autofree char *text = g_malloc(limit + 1);
    size_t size;

    errno = 0;
    size = fread(text, 1, limit, stream);
    if (ferror(stream)) {
        cannot(diags, "read", name, errno);
        return NULL;
    }
    text[size] = '\0';
    text = g_realloc(text, size + 1);
    return gpuvm_source_new(name, g_steal_pointer(&text), size);
}

gpuvm_source *
gpuvm_load_source(const char *file, gpuvm_diags *diags)
{
    bool standard = g_str_equal(file, "-");
    FILE *stream = standard ? stdin : g_fopen(file, "re");
    gpuvm_source *source;

    if (!stream) {
        cannot(diags, "open", file, errno);
        return NULL;
    }
    source = read_stream(stream, standard ? "<stdin>" : file, diags);
    if (!standard)
        fclose(stream);
    return source;
}

gpuvm_source *
gpuvm_load_guarded(const char *file, gpuvm_guard guard, bool *ret_absent, gpuvm_diags *diags)
{
    GError *error = NULL;
    gpuvm_source *source;
    FILE *stream;
    int fd;

    if (g_str_equal(file, "-"))
        return gpuvm_load_source(file, diags);
    fd = gpuvm_guard_open(file, guard, ret_absent, &error);
    if (error)
        gpuvm_diags_fail(diags, NULL, error);
    if (fd < 0)
        return NULL;
    stream = fdopen(fd, "r");
    source = read_stream(stream, file, diags);
    fclose(stream);
    return source;
}

bool
gpuvm_load_is_absent(const char *file)
{
    struct stat status;

    return lstat(file, &status) != 0 && errno == ENOENT;
}

GPtrArray *
gpuvm_load_file(const char *file, const char *kind, gpuvm_diags *diags)
{
    GPtrArray *definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    g_autoptr(gpuvm_source) source = gpuvm_load_source(file, diags);
    g_autoptr(GPtrArray) specs = source ? gpuvm_spec_parse(source, kind, diags) : NULL;
    g_autofree char *path = g_canonicalize_filename(file, NULL);

    while (specs && specs->len > 0) {
        gpuvm_definition *item = g_new0(gpuvm_definition, 1);

        item->spec = g_ptr_array_steal_index(specs, 0);
        item->source = g_strdup(source->name);
        item->directory = g_path_get_dirname(path);
        g_ptr_array_add(definitions, item);
    }
    return definitions;
}

GPtrArray *
gpuvm_load_paths(char **paths, gpuvm_diags *diags)
{
    GPtrArray *definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    g_autoptr(GPtrArray) files = gpuvm_load_files(paths, diags);

    for (guint i = 0; i < files->len; i++)
        g_ptr_array_extend_and_steal(definitions, gpuvm_load_file(files->pdata[i], NULL, diags));
    return definitions;
}
