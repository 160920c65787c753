/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/clustervm.h"

#include <string.h>

#include "core/waits.h"
#include "host/crm.h"
#include "model/cluster.h"

#define WHERE "`gpuvm cluster status %s` says where it runs, or why it does not"

/* Whether @cluster starts @instance where it does not run. */
static bool
is_kept(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    GHashTable *meta = instance->resource->meta;
    const char *why;

    return !gpuvm_is_stopped(instance, &why) && gpuvm_cluster_truth(meta, "is-managed", true) &&
           !gpuvm_cluster_truth(meta, "maintenance", false) &&
           !gpuvm_cluster_truth(cluster->options, "maintenance-mode", false);
}

static const gpuvm_cluster_instance *
find_vm(const gpuvm_cluster *cluster, const char *name)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        for (guint k = 0; resource->agent == GPUVM_AGENT_VM && k < resource->instances->len; k++) {
            const gpuvm_cluster_instance *instance = resource->instances->pdata[k];

            if (g_str_equal(instance->name, name))
                return instance;
        }
    }
    return NULL;
}

/* The cluster of this machine; NULL: it has none, or it is the cluster's agent that asks. */
static gpuvm_cluster *
ask_cluster(const gpuvm_session *session)
{
    g_autofree char *xml = NULL;

    if (!gpuvm_session_is_here(session) || g_getenv("OCF_RESOURCE_INSTANCE") || !gpuvm_crm_runs())
        return NULL;
    xml = gpuvm_crm_query(NULL);
    return xml ? gpuvm_cluster_parse(xml, strlen(xml), "the CIB", NULL) : NULL;
}

/* The command that has @cluster (NULL: there is none) leave VM @name alone, which it keeps running; NULL: it does not. g_malloc. */
static char *
find_remedy(const gpuvm_cluster *cluster, const char *name)
{
    const gpuvm_cluster_instance *instance = cluster ? find_vm(cluster, name) : NULL;

    if (!instance || !is_kept(cluster, instance))
        return NULL;
    return g_strdup_printf(
        "sudo crm_resource --resource %s --meta --set-parameter target-role --parameter-value Stopped",
        instance->resource->clone ? instance->resource->clone : instance->resource->id);
}

bool
gpuvm_clustervm_may_start(gpuvm_session *session, const char *const *names, guint n)
{
    g_autoptr(gpuvm_cluster) cluster = ask_cluster(session);
    bool may = true;

    for (guint i = 0; i < n; i++) {
        g_autofree char *remedy = find_remedy(cluster, names[i]);
        gpuvm_diag *diag;

        if (!remedy)
            continue;
        diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                                 "'%s' is a VM of the cluster, which starts it by itself", names[i]);
        gpuvm_diag_hint(diag, WHERE, names[i]);
        gpuvm_diag_hint(diag, "to have it here by hand, have the cluster stop it first: %s", remedy);
        may = false;
    }
    return may;
}

void
gpuvm_clustervm_note_stop(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_cluster) cluster = ask_cluster(session);
    g_autofree char *remedy = find_remedy(cluster, name);

    if (remedy)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                         "'%s' is a VM of the cluster, which starts it again", name),
                        "to have it stay off: %s", remedy);
}

void
gpuvm_clustervm_hint_where(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_cluster) cluster = ask_cluster(session);
    const GPtrArray *said = session->diags->items;

    if (cluster && find_vm(cluster, name))
        gpuvm_diag_hint(said->pdata[said->len - 1], "it is a VM of the cluster: " WHERE, name);
}
