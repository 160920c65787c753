/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/nodes.h"

#include <string.h>

#include "host/aside.h"

#define SECONDS 15 /* that all answers together may take: a connection by ssh takes one or two */

#define NODE "{node}"
#define BY_SSH "qemu+ssh://" NODE "/system?no_tty=1"

/* What is asked of one node. */
typedef struct inquiry {
    guint index;
    char *uri;
    GHashTable *names; /* char * → none, a reference: the cluster's VMs */
    gpuvm_node_answer *answer;
} inquiry;

static void
free_inquiry(gpointer data)
{
    inquiry *asked = data;

    g_free(asked->uri);
    g_hash_table_unref(asked->names);
    g_clear_pointer(&asked->answer, gpuvm_node_answer_free);
    g_free(asked);
}

static gpuvm_node_answer *
new_answer(const char *node, const char *error)
{
    gpuvm_node_answer *answer = g_new0(gpuvm_node_answer, 1);

    answer->node = g_strdup(node);
    answer->error = g_strdup(error);
    answer->persistent = g_ptr_array_new_with_free_func(g_free);
    answer->autostart = g_ptr_array_new_with_free_func(g_free);
    return answer;
}

/* Adds those of the domains that @flags are for that are the cluster's VMs. */
static bool
list(gpuvm_connection *connection, unsigned flags, GHashTable *names, GPtrArray *found, GError **error)
{
    g_autoptr(GPtrArray) domains = gpuvm_connection_domains(connection, flags, error);

    for (guint i = 0; domains && i < domains->len; i++) {
        const char *name = gpuvm_virt.DomainGetName(domains->pdata[i]);

        if (g_hash_table_contains(names, name))
            g_ptr_array_add(found, g_strdup(name));
    }
    return domains != NULL;
}

static void
ask(gpointer data)
{
    inquiry *asked = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(gpuvm_connection) connection = gpuvm_connection_open(asked->uri, &error);

    if (connection && list(connection, VIR_CONNECT_LIST_DOMAINS_PERSISTENT, asked->names,
                           asked->answer->persistent, &error))
        list(connection, VIR_CONNECT_LIST_DOMAINS_PERSISTENT | VIR_CONNECT_LIST_DOMAINS_AUTOSTART,
             asked->names, asked->answer->autostart, &error);
    if (error)
        asked->answer->error = g_strndup(error->message, strcspn(error->message, "\n"));
}

/* A node's name comes to be a part of a URI, and a word of ssh's. */
static bool
is_host_name(const char *name)
{
    return g_regex_match_simple("^[A-Za-z0-9][A-Za-z0-9._-]*$", name, G_REGEX_DOLLAR_ENDONLY, 0);
}

static char *
uri_of(const gpuvm_cluster_node *node, const char *connect)
{
    g_auto(GStrv) parts = NULL;

    if (!connect && g_ascii_strcasecmp(node->name, g_get_host_name()) == 0)
        return g_strdup("qemu:///system");
    parts = g_strsplit(connect ? connect : BY_SSH, NODE, -1);
    return g_strjoinv(node->name, parts);
}

static GHashTable *
vm_names(const gpuvm_cluster *cluster)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        for (guint n = 0; resource->agent == GPUVM_AGENT_VM && n < resource->instances->len; n++)
            g_hash_table_add(names,
                             g_strdup(((const gpuvm_cluster_instance *)resource->instances->pdata[n])->name));
    }
    return names;
}

/* Has @node asked, or says why not in *@ret_answer. */
static bool
begin(gpuvm_aside *aside, guint index, const gpuvm_cluster_node *node, const char *connect, GHashTable *names,
      gpuvm_node_answer **ret_answer)
{
    inquiry *asked;

    if (node->state == GPUVM_NODE_OFFLINE || !is_host_name(node->name)) {
        *ret_answer = new_answer(
            node->name, node->state == GPUVM_NODE_OFFLINE ? "offline" : "its name is none of a host");
        return false;
    }
    asked = g_new0(inquiry, 1);
    asked->index = index;
    asked->uri = uri_of(node, connect);
    asked->names = g_hash_table_ref(names);
    asked->answer = new_answer(node->name, NULL);
    if (gpuvm_aside_begin(aside, asked))
        return true;
    *ret_answer = new_answer(node->name, "no thread is to be had to ask it");
    return false;
}

GPtrArray *
gpuvm_nodes_ask(gpuvm_session *session, const gpuvm_cluster *cluster, const char *connect)
{
    g_autoptr(GHashTable) names = vm_names(cluster);
    g_autoptr(gpuvm_aside) aside = gpuvm_aside_new(ask, free_inquiry);
    GPtrArray *answers = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_node_answer_free);
    guint left = 0, n = cluster->nodes->len;
    gint64 end = g_get_monotonic_time() + SECONDS * G_TIME_SPAN_SECOND;
    inquiry *asked;
    g_autoptr(GError) error = NULL;
    bool loaded = gpuvm_virt_load(&error);

    g_ptr_array_set_size(answers, (gint)n);
    gpuvm_session_pend(session,
                       (gpuvm_pending){.begun = end - SECONDS * G_TIME_SPAN_SECOND, .seconds = SECONDS},
                       "asking the nodes' libvirt");
    for (guint i = 0; i < n; i++) {
        const gpuvm_cluster_node *node = cluster->nodes->pdata[i];

        if (loaded)
            left += begin(aside, i, node, connect, names, (gpuvm_node_answer **)&answers->pdata[i]);
        else
            answers->pdata[i] = new_answer(node->name, error->message);
    }
    for (; left > 0 && (asked = gpuvm_aside_next(aside, end)); left--) {
        answers->pdata[asked->index] = g_steal_pointer(&asked->answer);
        free_inquiry(asked);
    }
    gpuvm_session_settle(session);
    for (guint i = 0; i < n; i++) {
        if (!answers->pdata[i])
            answers->pdata[i] =
                new_answer(((const gpuvm_cluster_node *)cluster->nodes->pdata[i])->name,
                           "its libvirt did not answer within " G_STRINGIFY(SECONDS) " seconds");
    }
    return answers;
}
