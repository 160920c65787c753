/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/clustervm.h"

#include <string.h>

#include "core/waits.h"
#include "host/crm.h"
#include "model/cluster.h"

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

/* The VM @name, if @cluster keeps it running; NULL. */
static const gpuvm_cluster_instance *
find_kept(const gpuvm_cluster *cluster, const char *name)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        for (guint k = 0; resource->agent == GPUVM_AGENT_VM && k < resource->instances->len; k++) {
            const gpuvm_cluster_instance *instance = resource->instances->pdata[k];

            if (g_str_equal(instance->name, name) && is_kept(cluster, instance))
                return instance;
        }
    }
    return NULL;
}

/* The command that has this machine's cluster leave VM @name alone, which it keeps running; NULL: it does not. g_malloc. */
static char *
find_remedy(const gpuvm_session *session, const char *name)
{
    g_autofree char *xml = NULL;
    g_autoptr(gpuvm_cluster) cluster = NULL;
    const gpuvm_cluster_instance *instance;

    if (!gpuvm_session_is_here(session) || g_getenv("OCF_RESOURCE_INSTANCE") || !gpuvm_crm_runs())
        return NULL;
    xml = gpuvm_crm_query(NULL);
    cluster = xml ? gpuvm_cluster_parse(xml, strlen(xml), "the CIB", NULL) : NULL;
    instance = cluster ? find_kept(cluster, name) : NULL;
    if (!instance)
        return NULL;
    return g_strdup_printf(
        "sudo crm_resource --resource %s --meta --set-parameter target-role --parameter-value Stopped",
        instance->resource->clone ? instance->resource->clone : instance->resource->id);
}

bool
gpuvm_clustervm_may_start(gpuvm_session *session, const char *name)
{
    g_autofree char *remedy = find_remedy(session, name);
    gpuvm_diag *diag;

    if (!remedy)
        return true;
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                             "'%s' is a VM of the cluster, which starts it by itself", name);
    gpuvm_diag_hint(diag, "`gpuvm cluster status %s` says where it runs, or why it does not", name);
    gpuvm_diag_hint(diag, "to have it here by hand, have the cluster stop it first: %s", remedy);
    return false;
}

void
gpuvm_clustervm_note_stop(gpuvm_session *session, const char *name)
{
    g_autofree char *remedy = find_remedy(session, name);

    if (remedy)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                         "'%s' is a VM of the cluster, which starts it again", name),
                        "to have it stay off: %s", remedy);
}
