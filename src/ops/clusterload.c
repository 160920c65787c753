/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/clusterload.h"

#include <string.h>

#include "base/nearest.h"
#include "host/crm.h"

gpuvm_cluster *
gpuvm_cluster_load(gpuvm_session *session, const char *file)
{
    g_autofree char *xml = NULL;
    gpuvm_cluster *cluster = NULL;
    GError *error = NULL;
    gsize size = 0;

    if (session->host_file || session->uri) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "a cluster is asked for on one of its nodes, without %s",
                                          session->host_file ? "--host" : "--connect"),
                        "run it on a node: ssh NODE gpuvm …");
        return NULL;
    }
    xml = file ? gpuvm_crm_read(file, &size, &error) : gpuvm_crm_query(&error);
    if (xml && size > GPUVM_CRM_MAX_SIZE)
        g_set_error(&error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s: larger than a CIB may be (%d MiB)", file,
                    GPUVM_CRM_MAX_SIZE / 1024 / 1024);
    else if (xml)
        cluster = gpuvm_cluster_parse(xml, file ? size : strlen(xml), file ? file : "the CIB", &error);
    if (error)
        gpuvm_session_fail(session, error);
    return cluster;
}

/* Whether @name is the instance or its deployment. */
static bool
is_called(const gpuvm_cluster_instance *instance, const char *name)
{
    return g_str_equal(instance->name, name) || g_str_equal(instance->resource->id, name) ||
           g_strcmp0(instance->resource->clone, name) == 0;
}

static void
say_absent(gpuvm_session *session, const GPtrArray *all, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                                         "the cluster has no VM and no deployment named '%s'", name);
    const char *nearest;

    for (guint i = 0; i < all->len; i++)
        g_ptr_array_add(names, ((const gpuvm_cluster_instance *)all->pdata[i])->name);
    nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    if (nearest)
        gpuvm_diag_hint(diag, "did you mean '%s'?", nearest);
    else
        gpuvm_diag_hint(diag, "`gpuvm cluster status` names those there are");
}

static GPtrArray *
all_vms(const gpuvm_cluster *cluster)
{
    GPtrArray *vms = g_ptr_array_new();

    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        if (resource->agent == GPUVM_AGENT_VM)
            g_ptr_array_extend(vms, resource->instances, NULL, NULL);
    }
    return vms;
}

GPtrArray *
gpuvm_cluster_vms(gpuvm_session *session, const gpuvm_cluster *cluster, char **names)
{
    g_autoptr(GPtrArray) all = all_vms(cluster), vms = g_ptr_array_new();
    unsigned errors = session->diags->errors;

    for (guint i = 0; i < all->len; i++) {
        const gpuvm_cluster_instance *instance = all->pdata[i];
        bool wanted = !names[0];

        for (char **name = names; *name && !wanted; name++)
            wanted = is_called(instance, *name);
        if (wanted && (!instance->orphan || gpuvm_cluster_where(instance)))
            g_ptr_array_add(vms, all->pdata[i]);
    }
    for (; *names; names++) {
        bool there = false;

        for (guint i = 0; i < all->len && !there; i++)
            there = is_called(all->pdata[i], *names);
        if (!there)
            say_absent(session, all, *names);
    }
    return session->diags->errors == errors ? g_steal_pointer(&vms) : NULL;
}
