/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/clustercheck.h"

#include "base/text.h"
#include "base/url.h"
#include "core/capacity.h"
#include "core/clusterfence.h"
#include "core/disk.h"
#include "core/fitness_gpus.h"
#include "core/waits.h"

#define MOST_NAMES 5                    /* that a line has */
#define DEFINITIONS "gpuvm-definitions" /* a node attribute of ocf:gpuvm:host's; "none": it has no files */

#define SET(name, value) "sudo crm_attribute --type crm_config --name " name " --update " value

typedef const gpuvm_clustercheck_input input_type;

void
gpuvm_node_answer_free(gpuvm_node_answer *answer)
{
    g_free(answer->node);
    g_free(answer->error);
    g_ptr_array_unref(answer->persistent);
    g_ptr_array_unref(answer->autostart);
    g_free(answer);
}

/* "a, b and 3 more" */
static char *
join(const GPtrArray *names)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < MIN(names->len, MOST_NAMES); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (const char *)names->pdata[i]);
    if (names->len > MOST_NAMES)
        g_string_append_printf(text, " and %u more", names->len - MOST_NAMES);
    return g_string_free(text, FALSE);
}

static const char *
option(input_type *input, const char *name, const char *fallback)
{
    const char *value = g_hash_table_lookup(input->cluster->options, name);

    return value ? value : fallback;
}

/* Whether @resource, which is no clone of several, runs on @node; NULL: anywhere. */
static bool
runs(const gpuvm_cluster_resource *resource, const gpuvm_cluster_node *node)
{
    const gpuvm_cluster_instance *instance =
        resource->instances->len > 0 ? resource->instances->pdata[0] : NULL;
    const gpuvm_presence *presence = !instance ? NULL
                                     : node    ? gpuvm_cluster_presence(instance, node)
                                               : gpuvm_cluster_where(instance);

    return presence && presence->state == GPUVM_RUN_RUNNING;
}

static void
check_fencing(input_type *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new(), idle = g_ptr_array_new(),
                         open = gpuvm_clusterfence_open(input->cluster);
    bool renamed = g_hash_table_contains(input->cluster->options, GPUVM_FENCING_OPTION);

    for (guint i = 0; i < input->cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = input->cluster->resources->pdata[i];

        if (resource->agent != GPUVM_AGENT_FENCE)
            continue;
        g_ptr_array_add(devices, resource->id);
        if (!runs(resource, NULL))
            g_ptr_array_add(idle, resource->id);
    }
    g_autofree char *names = join(devices), *stopped = join(idle), *nodes = join(open);
    if (!gpuvm_cluster_fences(input->cluster))
        gpuvm_finding_add(findings, topic, GPUVM_FAIL,
                          renamed ? SET(GPUVM_FENCING_OPTION, "true") : SET("stonith-enabled", "true"),
                          "%s is false: VMs of a node that is cut off would run twice",
                          renamed ? GPUVM_FENCING_OPTION : "stonith-enabled");
    else if (devices->len == 0 && gpuvm_cluster_truth(input->cluster->options, "have-watchdog", false))
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "no fence device, but a watchdog: whether it ends a node, its timeout says");
    else if (devices->len == 0)
        gpuvm_finding_add(
            findings, topic, GPUVM_FAIL,
            "configure the power switches of the nodes: stonith_admin --list-installed, then pcs stonith "
            "create or crm configure primitive",
            "there is no fence device: Pacemaker starts nothing");
    else if (open->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL,
                          "name them in pcmk_host_list of a device, and start it if it is stopped",
                          "no fence device is for %s", nodes);
    else if (idle->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_WARN, "crm_mon -1 --inactive", "%s: not started", stopped);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "enabled, by %s", names);
}

static void
check_quorum(input_type *input, const char *topic, GPtrArray *findings)
{
    g_autofree char *nodes = gpuvm_text_count(input->cluster->nodes->len, "node");
    const char *remedy = "add a node, or a quorum device: corosync-qdevice(8)";

    if (!input->cluster->quorum)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "sudo corosync-quorumtool -s",
                          "the cluster has no quorum now");
    else if (input->cluster->nodes->len >= 3)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s", nodes);
    else if (input->quorum_device == 1)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s and a quorum device", nodes);
    else if (input->quorum_device == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, remedy,
                          "%s; whether there is a quorum device, corosync.conf on a node says", nodes);
    else
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, remedy, "%s and no quorum device", nodes);
}

static void
check_policy(input_type *input, const char *topic, GPtrArray *findings)
{
    const char *policy = option(input, "no-quorum-policy", "stop");

    if (gpuvm_cluster_ignores_quorum(input->cluster))
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, SET("no-quorum-policy", "stop"),
                          "ignore: each part of a cluster that falls apart would run all VMs");
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s", policy);
}

static void
check_placement(input_type *input, const char *topic, GPtrArray *findings)
{
    const char *strategy = option(input, "placement-strategy", "default");

    if (!gpuvm_cluster_counts(input->cluster))
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, SET("placement-strategy", "balanced"),
                          "%s: cards, memory and CPUs are not counted, and VMs start where there is no room",
                          strategy);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s", strategy);
}

static void
check_stickiness(input_type *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) loose = g_ptr_array_new();
    guint vms = 0;

    for (guint i = 0; i < input->cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = input->cluster->resources->pdata[i];

        if (resource->agent != GPUVM_AGENT_VM)
            continue;
        vms++;
        if (gpuvm_cluster_score(resource->meta, "resource-stickiness", 0) <= 0)
            g_ptr_array_add(loose, resource->id);
    }
    g_autofree char *names = join(loose), *all = gpuvm_text_count(vms, "resource");
    g_autofree char *remedy =
        loose->len > 0
            ? g_strdup_printf("sudo crm_resource --resource %s --meta --set-parameter resource-stickiness "
                              "--parameter-value 1000",
                              (const char *)loose->pdata[0])
            : NULL;
    if (loose->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_WARN, remedy,
                          "%s: without resource-stickiness VMs are moved, which restarts them", names);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s of VMs stay where they run", all);
}

static const gpuvm_cluster_resource *
find_hosts(const gpuvm_cluster *cluster)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        if (resource->agent == GPUVM_AGENT_HOST && resource->clone)
            return resource;
    }
    return NULL;
}

static void
check_capacity(input_type *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_cluster_resource *hosts = find_hosts(input->cluster);
    g_autoptr(GPtrArray) absent = g_ptr_array_new(), silent = g_ptr_array_new();
    guint online = 0;

    for (guint i = 0; hosts && i < input->cluster->nodes->len; i++) {
        const gpuvm_cluster_node *node = input->cluster->nodes->pdata[i];

        if (node->state != GPUVM_NODE_ONLINE)
            continue;
        online++;
        if (!runs(hosts, node))
            g_ptr_array_add(absent, node->name);
        if (gpuvm_amounts_get(node->capacity, GPUVM_CAPACITY_MEMORY) == 0 ||
            gpuvm_amounts_get(node->capacity, GPUVM_CAPACITY_CPUS) == 0)
            g_ptr_array_add(silent, node->name);
    }
    g_autofree char *without = join(absent), *nothing = join(silent),
                    *nodes = gpuvm_text_count(online, "node");
    if (!hosts)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "gpuvm export pacemaker DIR",
                          "there is no clone " GPUVM_CLUSTER_HOSTS
                          ", which is exported beside the VMs: nobody publishes what nodes have");
    if (absent->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "crm_mon -1 --inactive --failcounts",
                          "%s does not run on %s: what was published there may be of former times",
                          hosts->clone, without);
    if (silent->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "gpuvm capacity, on that node",
                          "memory and CPUs are not published of %s", nothing);
    if (hosts && absent->len + silent->len == 0)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "published of %s", nodes);
}

/* Of a node attribute of ocf:gpuvm:host's. */
static void
compare(input_type *input, const char *topic, const char *attribute, const char *remedy, GPtrArray *findings)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new(), other = g_ptr_array_new();
    const char *first = NULL, *where = NULL;

    for (guint i = 0; i < input->cluster->nodes->len; i++) {
        const gpuvm_cluster_node *node = input->cluster->nodes->pdata[i];
        const char *value = g_hash_table_lookup(node->attributes, attribute);

        if (!value)
            g_ptr_array_add(unknown, node->name);
        else if (first && !g_str_equal(value, first))
            g_ptr_array_add(other, node->name);
        else if (!first)
            first = value, where = node->name;
    }
    g_autofree char *silent = join(unknown), *unlike = join(other);
    if (other->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, remedy, "%s differs from %s", unlike, where);
    if (unknown->len > 0 || !first)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "not published of %s",
                          first ? silent : "any node");
    if (first && other->len + unknown->len == 0)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "the same on all nodes: %s", first);
}

static void
compare_versions(input_type *input, const char *topic, GPtrArray *findings)
{
    compare(input, topic, "gpuvm-version", "install the same gpuvm on all nodes", findings);
}

static void
compare_policies(input_type *input, const char *topic, GPtrArray *findings)
{
    compare(input, topic, "gpuvm-policy", "copy /etc/gpuvm/policy.yaml of one node to the others", findings);
}

static void
compare_definitions(input_type *input, const char *topic, GPtrArray *findings)
{
    const GPtrArray *nodes = input->cluster->nodes;
    bool none = nodes->len > 0;

    for (guint i = 0; i < nodes->len; i++) {
        const gpuvm_cluster_node *node = nodes->pdata[i];

        none &= g_strcmp0(g_hash_table_lookup(node->attributes, DEFINITIONS), "none") == 0;
    }
    if (none) {
        gpuvm_finding_add(findings, topic, GPUVM_FAIL,
                          "set definitions of " GPUVM_CLUSTER_HOSTS
                          " to where they are, as gpuvm export pacemaker DIR does",
                          "no node has any where ocf:gpuvm:host looks for them");
        return;
    }
    compare(input, topic, DEFINITIONS, "copy the definitions of one node to the others: rsync, git pull",
            findings);
}

/* What of @answer is in the way of Pacemaker. */
static void
check_answer(const gpuvm_node_answer *answer, const char *topic, GPtrArray *findings)
{
    g_autofree char *starts = join(answer->autostart), *stored = join(answer->persistent), *remedy = NULL;

    if (answer->autostart->len > 0)
        remedy = g_strdup_printf("virsh autostart --disable %s, on %s",
                                 (const char *)answer->autostart->pdata[0], answer->node);
    else if (answer->persistent->len > 0)
        remedy = g_strdup_printf("gpuvm undefine %s, on %s, when it is off there",
                                 (const char *)answer->persistent->pdata[0], answer->node);
    if (answer->autostart->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, remedy, "%s starts %s by itself, beside Pacemaker",
                          answer->node, starts);
    else if (answer->persistent->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, remedy, "%s has definitions of its own of %s",
                          answer->node, stored);
}

static void
check_libvirt(input_type *input, const char *topic, GPtrArray *findings)
{
    guint before = findings->len;

    if (!input->answers) {
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "no node was asked: the CIB is in a file");
        return;
    }
    for (guint i = 0; i < input->answers->len; i++) {
        const gpuvm_node_answer *answer = input->answers->pdata[i];

        if (answer->error)
            gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE,
                              "run it on that node, or let root of this one log in there by ssh", "%s: %s",
                              answer->node, answer->error);
        else
            check_answer(answer, topic, findings);
    }
    if (findings->len == before)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL,
                          "no node has a definition of the cluster's VMs of its own");
}

static void
check_files(input_type *input, const char *topic, GPtrArray *findings)
{
    const GPtrArray *unread = input->files->unread;
    g_autofree char *n = gpuvm_text_count(input->files->definitions, "file");

    for (guint i = 0; i < unread->len; i++)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "%s", (const char *)unread->pdata[i]);
    if (unread->len == 0)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s can be read here", n);
}

/* Of @bad, things in files, and of which the others are @good. */
static void
check_things(input_type *input, const char *topic, const GPtrArray *bad, const char *what, const char *remedy,
             const char *good, GPtrArray *findings)
{
    g_autofree char *names = join(bad);

    if (bad->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_WARN, remedy, "%s: %s", what, names);
    else if (input->files->unread->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "not all definitions can be read here");
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s", good);
}

static void
check_images(input_type *input, const char *topic, GPtrArray *findings)
{
    check_things(input, topic, input->files->unpinned, "may differ from node to node",
                 "add checksum: sha256:…, as sha256sum prints it", "each has a checksum", findings);
}

static void
check_disks(input_type *input, const char *topic, GPtrArray *findings)
{
    check_things(input, topic, input->files->written, "stay behind when the VM moves",
                 "put them on storage that the nodes share, or bind the VM to a node",
                 "shared, read-only, or made anew from an image", findings);
}

static const struct {
    const char *topic;
    void (*check)(input_type *input, const char *topic, GPtrArray *findings);
} topics[] = {
    {"fencing", check_fencing},
    {"quorum", check_quorum},
    {"no-quorum-policy", check_policy},
    {"placement-strategy", check_placement},
    {"stickiness", check_stickiness},
    {"capacity", check_capacity},
    {"gpuvm", compare_versions},
    {"policy", compare_policies},
    {"definitions", compare_definitions},
    {"libvirt", check_libvirt},
    {"definition files", check_files},
    {"images", check_images},
    {"disks", check_disks},
};

GPtrArray *
gpuvm_clustercheck(const gpuvm_clustercheck_input *input)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_finding_free);

    for (size_t i = 0; i < G_N_ELEMENTS(topics); i++)
        topics[i].check(input, topics[i].topic, findings);
    return findings;
}

/* Replicas have the same; @what is taken. */
static void
add_once(GPtrArray *things, char *what)
{
    if (g_ptr_array_find_with_equal_func(things, what, g_str_equal, NULL))
        g_free(what);
    else
        g_ptr_array_add(things, what);
}

void
gpuvm_clustercheck_files(const gpuvm_vm *vm, const char *file, bool (*is_shared)(const char *path),
                         gpuvm_cluster_files *files)
{
    const gpuvm_body *body = &vm->body;
    const struct {
        const char *what;
        const gpuvm_media *media;
    } media[] = {{"kernel", body->kernel}, {"initramfs", body->initramfs}, {"rootfs", body->rootfs}};

    for (size_t i = 0; i < G_N_ELEMENTS(media); i++) {
        if (media[i].media && !media[i].media->checksum)
            add_once(files->unpinned, g_strdup_printf("%s: %s", file, media[i].what));
    }
    for (guint i = 0; i < body->disks->len; i++) {
        const gpuvm_disk *disk = body->disks->pdata[i];
        g_autofree char *what = g_strdup_printf("%s: disk %s", file, disk->name);
        bool written = !disk->source || gpuvm_disk_is_written(disk);

        if (written && !(disk->source && is_shared(disk->source)))
            add_once(files->written, g_steal_pointer(&what));
        else if (!written && !disk->checksum && !is_shared(disk->source))
            add_once(files->unpinned, g_steal_pointer(&what));
    }
}
