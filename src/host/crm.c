/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/crm.h"

#include <string.h>

#include "host/file.h"
#include "model/host.h"

static char *
find_program(const char *name, GError **error)
{
    char *path = g_find_program_in_path(name);
    g_autofree char *system = g_strconcat("/usr/sbin/", name, NULL);

    if (!path && g_file_test(system, G_FILE_TEST_IS_EXECUTABLE))
        path = g_steal_pointer(&system);
    if (!path)
        g_set_error(
            error, GPUVM_ERROR, GPUVM_EXIT_HOST,
            "this machine is no node of a Pacemaker cluster: there is no %s\nrun it on a node: ssh NODE gpuvm …\n"
            "where it only looks, give it what `cibadmin --query` prints on a node: --cib FILE",
            name);
    return path;
}

/* The lines of @said as one; @otherwise: there are none. */
static char *
join_lines(char *said, const char *otherwise)
{
    g_auto(GStrv) lines = g_strsplit(g_strchomp(said), "\n", -1);

    return lines[0] ? g_strjoinv("; ", lines) : g_strdup(otherwise);
}

static bool
run(const char *const *argv, char **ret_output, GError **error)
{
    g_autofree char *path = find_program(argv[0], error), *said = NULL;
    g_autoptr(GPtrArray) line = g_ptr_array_new();
    g_autoptr(GError) why = NULL;
    int status;

    if (!path)
        return false;
    g_ptr_array_add(line, path);
    for (const char *const *word = argv + 1; *word; word++)
        g_ptr_array_add(line, (char *)*word);
    g_ptr_array_add(line, NULL);
    if (!g_spawn_sync(NULL, (char **)line->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_output, &said,
                      &status, &why)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot run %s: %s", argv[0], why->message);
    } else if (!g_spawn_check_wait_status(status, &why)) {
        g_autofree char *words = join_lines(said, why->message);

        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "%s failed: %s\nis the cluster running here? systemctl status corosync pacemaker",
                    argv[0], words);
    } else {
        return true;
    }
    return false;
}

/* libqb's sockets are in the abstract namespace, where the kernel shows them after an "@". */
bool
gpuvm_crm_runs(void)
{
    g_autofree char *sockets = g_getenv("CIB_file") ? NULL : gpuvm_file_text("", "/proc/net/unix");

    return g_getenv("CIB_file") || (sockets && strstr(sockets, "@cib_ro"));
}

char *
gpuvm_crm_query(GError **error)
{
    static const char *const argv[] = {"cibadmin", "--query", NULL};
    g_autofree char *xml = NULL;

    return run(argv, &xml, error) ? g_steal_pointer(&xml) : NULL;
}

bool
gpuvm_crm_run(const char *const *argv, GError **error)
{
    g_autofree char *output = NULL;

    return run(argv, &output, error);
}

char *
gpuvm_crm_read(const char *file, gsize *ret_size, GError **error)
{
    GString *text = gpuvm_file_read(file, "CIB", GPUVM_CRM_MAX_SIZE, error);

    if (!text)
        return NULL;
    *ret_size = text->len;
    return g_string_free(text, FALSE);
}

/* corosync.conf(5) */
int
gpuvm_crm_quorum_device(void)
{
    g_autofree char *text = gpuvm_file_text("", "/etc/corosync/corosync.conf");

    if (!text)
        return GPUVM_UNKNOWN;
    return g_regex_match_simple("^[ \t]*device[ \t]*\\{", text, G_REGEX_MULTILINE, 0);
}
