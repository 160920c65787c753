/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/text.h"
#include "ops/directory.h"

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

/* Closes @fd. */
static gpuvm_source *
read_fd(int fd, const char *name, gpuvm_diags *diags)
{
    FILE *stream = fdopen(fd, "r");
    gpuvm_source *source = read_stream(stream, name, diags);

    fclose(stream);
    return source;
}

/* A pipe, as <(…) is, is read to its end; one that nobody writes to is waited for, as by cat. */
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
gpuvm_load_regular(const char *file, gpuvm_diags *diags)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;

    if (fd < 0 && errno != ELOOP) {
        cannot(diags, "open", file, errno);
        return NULL;
    }
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL, "%s is not a regular file", file);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return read_fd(fd, file, diags);
}

gpuvm_source *
gpuvm_load_guarded(const char *file, gpuvm_guard guard, bool *ret_absent, gpuvm_diags *diags)
{
    GError *error = NULL;
    int fd;

    if (g_str_equal(file, "-"))
        return gpuvm_load_source(file, diags);
    fd = gpuvm_guard_open(file, guard, ret_absent, &error);
    if (error)
        gpuvm_diags_fail(diags, NULL, error);
    if (fd < 0)
        return NULL;
    return read_fd(fd, file, diags);
}

bool
gpuvm_load_is_absent(const char *file)
{
    struct stat status;

    return lstat(file, &status) != 0 && errno == ENOENT;
}

/* The definitions that @specs (taken) of @source are. */
static GPtrArray *
make_definitions(GPtrArray *specs, const gpuvm_source *source, bool found)
{
    GPtrArray *definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    g_autofree char *path = g_canonicalize_filename(source->name, NULL);

    while (specs->len > 0) {
        gpuvm_definition *item = g_new0(gpuvm_definition, 1);

        item->spec = g_ptr_array_steal_index(specs, 0);
        item->source = g_strdup(source->name);
        item->directory = g_path_get_dirname(path);
        item->found = found;
        g_ptr_array_add(definitions, item);
    }
    g_ptr_array_unref(specs);
    return definitions;
}

GPtrArray *
gpuvm_load_text(gpuvm_source *source, const char *kind, gpuvm_diags *diags)
{
    return make_definitions(gpuvm_spec_parse(source, kind, diags), source, false);
}

GPtrArray *
gpuvm_load_file(const char *file, const char *kind, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_load_source(file, diags);

    return source ? gpuvm_load_text(source, kind, diags)
                  : g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
}

/* A file in a directory, which nobody named. */
typedef struct candidate {
    char *file;
    gpuvm_diags *diags;     /* of it alone */
    GPtrArray *definitions; /* gpuvm_definition, owned; NULL: it is something else */
} candidate;

static void
free_candidate(gpointer data)
{
    candidate *of = data;

    g_free(of->file);
    gpuvm_diags_free(of->diags);
    g_clear_pointer(&of->definitions, g_ptr_array_unref);
    g_free(of);
}

/* What cloud-init knows its texts by; it is YAML, too. */
static bool
is_cloud_config(const gpuvm_source *source)
{
    return g_str_has_prefix(source->text, "#cloud-config") ||
           g_str_has_prefix(source->text, "## template: jinja");
}

/* Whether none of @docs, which is all that a file has, is a definition. */
static bool
is_something_else(const GPtrArray *docs, const char *kind, const gpuvm_diags *diags)
{
    for (guint i = 0; i < docs->len; i++) {
        if (gpuvm_spec_may_be(((const gpuvm_doc *)docs->pdata[i])->root, kind))
            return false;
    }
    return diags->errors == 0;
}

/* Says of @file, which has @docs, that it was left out; @strict: unless it may be a definition with slips. */
static void
leave_out(const GPtrArray *docs, const char *file, bool strict, gpuvm_diags *diags)
{
    const gpuvm_node *slip = NULL;
    gpuvm_diag *diag;

    for (guint i = 0; strict && !slip && i < docs->len; i++)
        slip = gpuvm_spec_find_slip(((const gpuvm_doc *)docs->pdata[i])->root);
    if (slip) {
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &slip->mark,
                                 "this may be a definition, but has no key that is right");
        gpuvm_table_suggest(&gpuvm_deployment_table, slip->text, diag);
        gpuvm_diag_hint(diag, "if it is something else, list it in " GPUVM_IGNORE_FILE " in its directory");
    } else {
        diag = gpuvm_diags_note(diags, NULL, "%s is no definition, and was left out", file);
        gpuvm_diag_hint(diag, "list it in " GPUVM_IGNORE_FILE " in its directory");
    }
}

static candidate *
read_candidate(const char *file, const char *kind, bool strict)
{
    candidate *of = g_new0(candidate, 1);
    g_autoptr(gpuvm_source) source = NULL;
    g_autoptr(GPtrArray) docs = NULL;

    of->file = g_strdup(file);
    of->diags = gpuvm_diags_new();
    source = gpuvm_load_source(file, of->diags);
    if (!source || is_cloud_config(source))
        return of;
    docs = gpuvm_doc_parse(source, of->diags);
    if (is_something_else(docs, kind, of->diags))
        leave_out(docs, file, strict, of->diags);
    else
        of->definitions = make_definitions(gpuvm_spec_decode(docs, kind, of->diags), source, true);
    return of;
}

typedef struct naming {
    GHashTable *named; /* absolute paths */
    const char *directory;
} naming;

static void
add_named(const gpuvm_field *field, gpuvm_node *value, void *data)
{
    const naming *work = data;

    if (field->flags & GPUVM_FIELD_HOST_PATH)
        g_hash_table_add(work->named, g_canonicalize_filename(value->text, work->directory));
}

/* The files that the definitions of @candidates name: templates, texts for cloud-init. */
static GHashTable *
named_files(const GPtrArray *candidates)
{
    GHashTable *named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < candidates->len; i++) {
        const candidate *of = candidates->pdata[i];

        for (guint k = 0; of->definitions && k < of->definitions->len; k++) {
            const gpuvm_definition *definition = of->definitions->pdata[k];

            gpuvm_schema_visit(gpuvm_kind_table(definition->spec->kind), definition->spec->doc->root,
                               add_named, &(naming){named, definition->directory});
        }
    }
    return named;
}

/* Moves what @candidates are to @definitions and @diags, but for those that others name; how many of them have definitions. */
static guint
take(const GPtrArray *candidates, GPtrArray *definitions, gpuvm_diags *diags)
{
    g_autoptr(GHashTable) named = named_files(candidates);
    guint files = 0;

    for (guint i = 0; i < candidates->len; i++) {
        candidate *of = candidates->pdata[i];
        g_autofree char *path = g_canonicalize_filename(of->file, NULL);

        if (g_hash_table_contains(named, path))
            continue;
        gpuvm_diags_take(diags, of->diags);
        if (!of->definitions)
            continue;
        files++;
        g_ptr_array_extend_and_steal(definitions, g_steal_pointer(&of->definitions));
    }
    return files;
}

/* The files of @directory; that it has no definition is an error. */
static guint
load_directory(const char *directory, const char *kind, bool strict, GPtrArray *definitions,
               gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func(free_candidate);
    guint before = definitions->len, n;
    unsigned errors = diags->errors;

    gpuvm_directory_add(files, directory, diags);
    for (guint i = 0; i < files->len; i++)
        g_ptr_array_add(candidates, read_candidate(files->pdata[i], kind, strict));
    n = take(candidates, definitions, diags);
    if (definitions->len == before && diags->errors == errors)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, NULL,
                          "no definitions in directory %s: a definition's name ends in .yaml, .yml or .json",
                          directory);
    return n;
}

GPtrArray *
gpuvm_load_paths(char **paths, const char *kind, bool strict, guint *ret_files, gpuvm_diags *diags)
{
    GPtrArray *definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    guint files = 0;

    for (char **path = paths; *path; path++) {
        if (g_file_test(*path, G_FILE_TEST_IS_DIR)) {
            files += load_directory(*path, kind, strict, definitions, diags);
            continue;
        }
        g_ptr_array_extend_and_steal(definitions, gpuvm_load_file(*path, kind, diags));
        files++;
    }
    if (ret_files)
        *ret_files = files;
    return definitions;
}
