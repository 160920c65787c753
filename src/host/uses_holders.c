/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "host/inode.h"
#include "host/use.h"

#define DELETED " (deleted)"
#define GLANCES 20
#define GLANCE_US 10000
#define READS "reads " /* before the number of a block device that is not open for writing */

/* What is looked at, and what is known of it from the processes before. */
typedef struct holder_search {
    gpuvm_use_context use;
    GHashTable *idle; /* the numbers of nodes that are of no PCI device: every process has /dev/null open */
    GHashTable
        *files; /* mapped files, in the words of maps → their numbers, NULL when they are no device nodes */
    bool hidden; /* not everything could be looked at */
} holder_search;

static bool
was_denied(void)
{
    return errno == EACCES || errno == EPERM;
}

/* Adds a node to those of a process: @number → the @name (taken) that it has there, without a note that it is gone. */
static void
add_node(GHashTable *nodes, const char *number, char *name)
{
    if (g_str_has_suffix(name, DELETED))
        name[strlen(name) - strlen(DELETED)] = '\0';
    g_hash_table_insert(nodes, g_strdup(number), name);
}

static bool
is_news(const holder_search *search, GHashTable *nodes, const char *number)
{
    return number && !g_hash_table_contains(search->idle, number) && !g_hash_table_contains(nodes, number);
}

/* The number of what is open as @link in /proc; NULL of a file that is not open for writing: who reads it is in nobody's way. */
static char *
number_of_open(const char *link)
{
    g_autofree char *number = gpuvm_inode_number(link);
    struct stat status;

    if (!number || g_str_has_prefix(number, GPUVM_INODE_CHAR) || lstat(link, &status) != 0 ||
        status.st_mode & S_IWUSR) /* proc(5) */
        return g_steal_pointer(&number);
    errno = 0;
    return g_str_has_prefix(number, GPUVM_INODE_FILE) ? NULL : g_strconcat(READS, number, NULL);
}

/* The device nodes that process @pid has open, and the files that it writes to, into @nodes. Whether all of it was seen. */
static bool
read_open(holder_search *search, const char *pid, GHashTable *nodes)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%s/fd", search->use.root, pid);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *name;

    bool hidden = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                  g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM);

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *link = g_strdup_printf("%s/%s", path, name), *number = number_of_open(link);
        char *target;

        hidden |= !number && was_denied();
        if (is_news(search, nodes, number) && (target = g_file_read_link(link, NULL)))
            add_node(nodes, number, target);
    }
    return !hidden;
}

/*
 * The same. One that changes its user or becomes another program is hidden for that moment, from all but root of the first user
 * namespace; when others are hidden for good, it makes no difference.
 */
static void
look_at(holder_search *search, const char *pid, GHashTable *nodes)
{
    bool seen = read_open(search, pid, nodes);

    for (int i = 0; !seen && !search->hidden && i < GLANCES; i++) {
        g_usleep(GLANCE_US);
        seen = read_open(search, pid, nodes);
    }
    search->hidden |= !seen;
}

/* Only root of the first user namespace may follow map_files, and sees the file whatever has become of its name. */
static char *
number_of_mapping(const char *root, const char *pid, unsigned long from, unsigned long to, const char *name)
{
    g_autofree char *link = g_strdup_printf("%s/proc/%s/map_files/%lx-%lx", root, pid, from, to);
    g_autofree char *file = g_strdup_printf("%s/proc/%s/root%s", root, pid, name);
    char *number = gpuvm_inode_number(link);

    if (!number && was_denied())
        number = gpuvm_inode_number(file);
    if (number && g_str_has_prefix(number, GPUVM_INODE_FILE)) /* most often a library */
        g_clear_pointer(&number, g_free);
    return number;
}

/* The same of what it has mapped: a mapping outlives its file descriptor. Most processes map the same libraries. */
static void
read_mapped(holder_search *search, const char *pid, GHashTable *nodes)
{
    g_auto(GStrv) lines = gpuvm_file_lines(search->use.root, "/proc/%s/maps", pid);

    for (char **line = lines; line && *line; line++) {
        unsigned long from, to;
        int at = 0;
        gpointer number;

        if (sscanf(*line, "%lx-%lx %*s %*s %n", &from, &to, &at) < 2)
            continue;
        const char *file = *line + at, *name = strchr(file, '/'); /* "DEVICE INODE NAME" */
        if (!name)
            continue;
        if (!g_hash_table_lookup_extended(search->files, file, NULL, &number)) {
            number = number_of_mapping(search->use.root, pid, from, to, name);
            if (number || errno == 0) /* else it has ended, and says nothing about others */
                g_hash_table_insert(search->files, g_strdup(file), number);
        }
        if (is_news(search, nodes, number))
            add_node(nodes, number, g_strdup(name));
    }
}

/* The systemd unit of a process: the last part of its @cgroup that is one; NULL. */
static char *
unit_of(const char *cgroup)
{
    g_auto(GStrv) parts = cgroup ? g_strsplit_set(cgroup, "/\n", -1) : NULL;
    const char *unit = NULL;

    for (char **part = parts; part && *part; part++) {
        if (g_str_has_suffix(*part, ".service") || g_str_has_suffix(*part, ".scope"))
            unit = *part;
    }
    return g_strdup(unit);
}

static void
use_by_process(holder_search *search, const char *pid, GHashTable *nodes)
{
    gpuvm_use_context use = search->use;
    g_autofree char *command = gpuvm_file_text(use.root, "/proc/%s/comm", pid);
    g_autofree char *cgroup = gpuvm_file_text(use.root, "/proc/%s/cgroup", pid);
    g_autofree char *unit = unit_of(cgroup);
    /* below user@UID.service are the units of a user's own systemd, which the system's cannot stop */
    bool service = unit && g_str_has_suffix(unit, ".service") && !strstr(cgroup, "/user@");
    g_autofree char *remedy =
        service ? g_strdup_printf("sudo systemctl stop %s", unit) : g_strdup_printf("sudo kill %s", pid);
    GHashTableIter iter;
    const char *number, *name;
    bool found;

    use.remedy = remedy;
    use.ret_found = &found;
    g_hash_table_iter_init(&iter, nodes);
    while (g_hash_table_iter_next(&iter, (gpointer *)&number, (gpointer *)&name)) {
        g_autofree char *what =
            g_strdup_printf("is open as %s in process %s (%s)%s%s", name, pid, command ? command : "?",
                            unit ? " of " : "", unit ? unit : "");
        use.what = what;
        found = false;
        use.not_disks = g_str_has_prefix(number, READS);
        gpuvm_use_number(&use, use.not_disks ? number + strlen(READS) : number);
        if (!found)
            g_hash_table_add(search->idle, g_strdup(number));
    }
}

/*
 * Whether @root's /proc lists every process. The kernel's own second one is there only for who sees the first PID
 * namespace, not from within a container; nor, with hidepid (proc(5)), is any process of another user.
 */
static bool
lists_all(const char *root)
{
    g_autofree char *second = gpuvm_file_text(root, "/proc/2/comm");

    return g_strcmp0(second, "kthreadd") == 0;
}

void
gpuvm_uses_read_holders(const char *root, gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", "/proc");
    g_autoptr(GHashTable) idle = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    holder_search search = {.use = {.root = root, .facts = facts, .kind = GPUVM_USE_HOLDER},
                            .idle = idle,
                            .files = files,
                            .hidden = !lists_all(root)};

    for (guint i = 0; i < names->len; i++) {
        const char *pid = names->pdata[i];
        g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        if (!isdigit((unsigned char)pid[0]))
            continue;
        look_at(&search, pid, nodes);
        read_mapped(&search, pid, nodes);
        if (g_hash_table_size(nodes) > 0)
            use_by_process(&search, pid, nodes);
    }
    facts->processes_hidden = search.hidden;
}
