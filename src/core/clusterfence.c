/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/clusterfence.h"

#include <string.h>

#include "core/waits.h"

/* Whether @device is for @node, as far as its parameters say: pacemaker-fenced(7), pcmk_host_list and so on. */
static bool
is_for(const gpuvm_cluster_resource *device, const gpuvm_cluster_node *node)
{
    static const char *const parameters[] = {"pcmk_host_list", "pcmk_host_map"};
    const char *check = g_hash_table_lookup(device->parameters, "pcmk_host_check");
    bool listed = false;

    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
        const char *text = g_hash_table_lookup(device->parameters, parameters[i]);
        g_auto(GStrv) words = g_strsplit_set(text ? text : "", " \t\n,;", -1);

        listed |= text != NULL;
        for (char **word = words; *word; word++) {
            (*word)[strcspn(*word, ":=")] = '\0';
            if (g_ascii_strcasecmp(*word, node->name) == 0)
                return true;
        }
    }
    return check ? !g_str_equal(check, "static-list") : !listed;
}

GPtrArray *
gpuvm_clusterfence_open(const gpuvm_cluster *cluster)
{
    GPtrArray *nodes = g_ptr_array_new();

    for (guint n = 0; n < cluster->nodes->len; n++) {
        const gpuvm_cluster_node *node = cluster->nodes->pdata[n];
        const char *why;
        bool fenced = false;

        for (guint i = 0; i < cluster->resources->len && !fenced; i++) {
            const gpuvm_cluster_resource *device = cluster->resources->pdata[i];

            fenced = device->agent == GPUVM_AGENT_FENCE && device->instances->len > 0 &&
                     !gpuvm_is_stopped(device->instances->pdata[0], &why) && is_for(device, node);
        }
        if (!fenced)
            g_ptr_array_add(nodes, node->name);
    }
    return nodes;
}
