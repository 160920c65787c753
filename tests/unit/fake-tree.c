/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "fake-tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

static void
make_directory(const char *path)
{
    if (g_mkdir_with_parents(path, 0700) != 0)
        g_error("cannot make %s: %s", path, g_strerror(errno));
}

static void
make_link(const char *path, const char *target)
{
    if (symlink(target, path) != 0)
        g_error("cannot make link %s: %s", path, g_strerror(errno));
}

static void
add_line(const char *path, const char *text)
{
    FILE *file = fopen(path, "ae");

    if (!file || fprintf(file, "%s\n", text) < 0 || fclose(file) != 0)
        g_error("cannot write %s: %s", path, g_strerror(errno));
}

/* What is before and behind @separator in @line: an array of two; NULL when it is not there. */
static char **
split(const char *line, const char *separator)
{
    return strstr(line, separator) ? g_strsplit(line, separator, 2) : NULL;
}

static void
make_one(const char *root, const char *line)
{
    g_auto(GStrv) inside = split(line, " -> "), literal = split(line, " => "), text = split(line, ": ");
    char **parts = inside ? inside : literal ? literal : text;
    g_autofree char *path = g_build_filename(root, parts ? parts[0] : line, NULL);
    g_autofree char *above = g_path_get_dirname(path);
    g_autofree char *target = inside ? g_build_filename(root, inside[1], NULL) : NULL;

    make_directory(above);
    if (inside)
        make_link(path, target);
    else if (literal)
        make_link(path, literal[1]);
    else if (text)
        add_line(path, text[1]);
    else if (g_str_has_suffix(line, "/"))
        make_directory(path);
    else
        g_error("the test's tree has a wrong line: %s", line);
}

char *
tree_make(const char *lines)
{
    char *root = g_dir_make_tmp("gpuvm-tree-XXXXXX", NULL);
    g_auto(GStrv) all = g_strsplit(lines, "\n", -1);

    for (char **line = all; *line; line++) {
        if (**line)
            make_one(root, *line);
    }
    return root;
}

static void
remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_all(below);
    }
    if (g_remove(path) != 0)
        g_error("cannot remove %s: %s", path, g_strerror(errno));
}

void
tree_remove(char *root)
{
    remove_all(root);
    g_free(root);
}
