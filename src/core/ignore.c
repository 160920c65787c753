/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/ignore.h"

#include <fnmatch.h>
#include <string.h>

typedef struct pattern {
    char *text;     /* without the '/' at its ends */
    bool path;      /* from the directory of the file; else a name */
    bool directory; /* of directories only */
} pattern;

struct gpuvm_ignore {
    GArray *patterns; /* pattern */
};

static void
clear_pattern(gpointer data)
{
    g_free(((pattern *)data)->text);
}

static void
add(gpuvm_ignore *ignore, const char *line)
{
    size_t length = strlen(line);
    bool directory = line[length - 1] == '/', rooted = *line == '/';
    pattern added = {.text = g_strndup(line + rooted, length - rooted - (directory && length > 1)),
                     .directory = directory};

    added.path = rooted || strchr(added.text, '/');
    g_array_append_val(ignore->patterns, added);
}

gpuvm_ignore *
gpuvm_ignore_parse(gpuvm_source *source, gpuvm_diags *diags)
{
    gpuvm_ignore *ignore = g_new(gpuvm_ignore, 1);
    const char *text;
    size_t size;

    ignore->patterns = g_array_new(FALSE, FALSE, sizeof(pattern));
    g_array_set_clear_func(ignore->patterns, clear_pattern);
    for (unsigned number = 1; (text = gpuvm_source_line(source, number, &size)); number++) {
        g_autofree char *line = g_strchomp(g_strndup(text, size));
        const gpuvm_mark mark = {
            .source = source, .line = number, .column = 1, .length = (unsigned)g_utf8_strlen(line, -1)};

        if (!*line || *line == '#')
            continue;
        if (*line == '!' || strstr(line, "**"))
            gpuvm_diag_hint(
                gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s is not supported here",
                                  *line == '!' ? "'!'" : "'**'"),
                "a name, which counts at any depth, or a path from this directory, with '*', '?' and '[…]'");
        else
            add(ignore, line);
    }
    return ignore;
}

void
gpuvm_ignore_free(gpuvm_ignore *ignore)
{
    if (!ignore)
        return;
    g_array_unref(ignore->patterns);
    g_free(ignore);
}

bool
gpuvm_ignore_match(const gpuvm_ignore *ignore, const char *path, bool directory)
{
    g_autofree char *name = g_path_get_basename(path);

    for (guint i = 0; i < ignore->patterns->len; i++) {
        const pattern *of = &g_array_index(ignore->patterns, pattern, i);

        if ((directory || !of->directory) && fnmatch(of->text, of->path ? path : name, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}
