/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/clusterfit.h"

#include <string.h>

#include "host/crm.h"
#include "host/shared.h"
#include "ops/check.h"
#include "ops/clusterload.h"
#include "ops/compose.h"
#include "ops/nodes.h"

/* A session in which definitions are put together, and no host is asked anything: what is sealed with its key, nobody sees. */
static gpuvm_session *
new_session(const gpuvm_session *of)
{
    gpuvm_session *session = gpuvm_session_new();

    session->key = g_bytes_new_static("", 0);
    session->defaults_file = of->defaults_file;
    session->plugin_dir = of->plugin_dir;
    return session;
}

static void
add_unread(gpuvm_cluster_files *files, const char *file, const gpuvm_diags *diags)
{
    const char *why = "it defines no VM";

    for (guint i = diags->items->len; i-- > 0;) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_DIAG_ERROR)
            why = diag->message;
    }
    g_ptr_array_add(files->unread, strstr(why, file) ? g_strdup(why) : g_strdup_printf("%s: %s", file, why));
}

static void
read_file(const gpuvm_session *session, const char *file, gpuvm_cluster_files *files)
{
    g_autoptr(gpuvm_session) own = new_session(session);
    g_autoptr(GPtrArray) definitions = gpuvm_load_file(file, NULL, own->diags);
    bool right = own->diags->errors == 0 && gpuvm_compose(own, definitions) && own->diags->errors == 0 &&
                 definitions->len > 0;

    if (!right) {
        add_unread(files, file, own->diags);
        return;
    }
    files->definitions++;
    for (guint i = 0; i < definitions->len; i++)
        gpuvm_clustercheck_files(((const gpuvm_definition *)definitions->pdata[i])->spec->vm, file,
                                 gpuvm_is_shared, files);
}

/* Each file once. */
static void
read_files(const gpuvm_session *session, const gpuvm_cluster *cluster, gpuvm_cluster_files *files)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];
        char *file = g_hash_table_lookup(resource->parameters, "file");

        if (resource->agent != GPUVM_AGENT_VM)
            continue;
        if (!file)
            g_ptr_array_add(files->unread, g_strdup_printf("%s: the resource names no file", resource->id));
        else if (g_hash_table_add(seen, file))
            read_file(session, file, files);
    }
}

GPtrArray *
gpuvm_check_cluster(gpuvm_session *session, const char *cib, const char *connect)
{
    g_autoptr(gpuvm_cluster) cluster = gpuvm_cluster_load(session, cib);
    g_autoptr(GPtrArray) answers = NULL, unread = g_ptr_array_new_with_free_func(g_free),
                         unpinned = g_ptr_array_new_with_free_func(g_free),
                         written = g_ptr_array_new_with_free_func(g_free);
    gpuvm_cluster_files files = {.unread = unread, .unpinned = unpinned, .written = written};
    gpuvm_clustercheck_input input = {.cluster = cluster, .files = &files, .quorum_device = GPUVM_UNKNOWN};
    GPtrArray *findings;

    if (!cluster)
        return NULL;
    if (!cib)
        input.quorum_device = gpuvm_crm_quorum_device();
    if (connect || !cib)
        input.answers = answers = gpuvm_nodes_ask(session, cluster, connect);
    read_files(session, cluster, &files);
    findings = gpuvm_clustercheck(&input);
    gpuvm_check_judge(session, findings);
    return findings;
}
