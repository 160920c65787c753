/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/replicas.h"

#include "core/disk.h"
#include "core/merge.h"
#include "core/secret.h"
#include "doc/emit.h"
#include "model/scalars.h"

/* What is being expanded. */
typedef struct expansion {
    const gpuvm_spec *deployment, *template;
    const gpuvm_node *cards;  /* pci_passthrough, or per_replica, of the template; NULL: none are named */
    bool listed;              /* it is the latter */
    gpuvm_deployed *deployed; /* what each replica records */
    gpuvm_diags *diags;
} expansion;

/* Documents that link nodes of @from's: one whose root is @node … */
static gpuvm_doc *
part_of(gpuvm_doc *from, gpuvm_node *node)
{
    gpuvm_doc *part = gpuvm_doc_new(from->source);

    gpuvm_doc_keep(part, from);
    part->root = node;
    return part;
}

/* A new mapping of @doc's, of the keys of @node but for @except; NULL: for those that a VM's body does not have. */
static gpuvm_node *
copy_keys(gpuvm_doc *doc, const gpuvm_node *node, const char *const *except)
{
    gpuvm_node *copy = gpuvm_doc_mapping(doc, &node->mark);

    for (unsigned i = 0; i < node->n; i++) {
        const char *key = node->keys[i]->text;

        if (except ? !g_strv_contains(except, key) : gpuvm_table_field(&gpuvm_body_table, key) != NULL)
            gpuvm_doc_add(doc, copy, node->keys[i], node->values[i]);
    }
    return copy;
}

/* … and one whose root is such a copy of @from's. */
static gpuvm_doc *
copy_doc(gpuvm_doc *from, const char *const *except)
{
    gpuvm_doc *copy = part_of(from, from->root);

    copy->root = copy_keys(copy, from->root, except);
    return copy;
}

/* @doc, which is taken, with the mapping @key of @deployment laid over it, or below it; without that, as it is. */
static gpuvm_doc *
lay(gpuvm_doc *doc, const gpuvm_spec *deployment, const char *key, bool over)
{
    gpuvm_node *node = (gpuvm_node *)gpuvm_node_get(deployment->doc->root, key);
    g_autoptr(gpuvm_doc) part = node ? part_of(deployment->doc, node) : NULL;
    gpuvm_doc *result;

    if (!part)
        return doc;
    result = gpuvm_merge_docs(&gpuvm_body_table, over ? doc : part, over ? part : doc, false);
    gpuvm_doc_unref(doc);
    return result;
}

/* Sets @key of @mapping to @value; the key has the place that it has in @from, if it is there. */
static void
set(gpuvm_doc *doc, gpuvm_node *mapping, const gpuvm_node *from, const char *key, gpuvm_node *value)
{
    const gpuvm_node *name = gpuvm_node_get_key(from, key);

    gpuvm_doc_set(doc, mapping, name ? (gpuvm_node *)name : gpuvm_doc_scalar(doc, key, &value->mark), value);
}

/* Of the two ways to name cards, the one that a deployment has takes the place of the other one in its plugin. */
static void
displace(gpuvm_doc *doc)
{
    static const char *const ways[] = {"pci_passthrough", "per_replica"}, *const none[] = {NULL};
    const gpuvm_node *devices = gpuvm_node_get(doc->root, "devices");

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        const gpuvm_node *given = gpuvm_node_get(devices, ways[i]);
        gpuvm_node *own;

        if (!given || gpuvm_node_get(devices, ways[!i]))
            continue;
        own = copy_keys(doc, devices, none);
        set(doc, own, devices, ways[!i], gpuvm_doc_sequence(doc, &given->mark));
        set(doc, doc->root, doc->root, "devices", own);
        return;
    }
}

gpuvm_spec *
gpuvm_replicas_template(const gpuvm_spec *deployment, gpuvm_diags *diags)
{
    static const char *const own[] = {"name", "plugin", "runtime"};
    const gpuvm_node *root = deployment->doc->root;
    g_autoptr(gpuvm_doc) doc = copy_doc(deployment->doc, NULL);
    gpuvm_vm *vm;

    doc = lay(doc, deployment, "config", true);
    doc = lay(doc, deployment, "manifest", false);
    displace(doc);
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        gpuvm_node *value = (gpuvm_node *)gpuvm_node_get(root, own[i]);

        if (value)
            set(doc, doc->root, root, own[i], value);
    }
    vm = gpuvm_schema_decode(&gpuvm_vm_table, doc->root, diags);
    return vm ? gpuvm_spec_new(GPUVM_KIND_VM, doc, vm) : NULL;
}

/* The definition that the replicas record: whatever it says but how many they are. */
static void
write_text(const gpuvm_spec *deployment, GBytes *key, gpuvm_deployed *deployed)
{
    static const char *const changing[] = {"replicas", NULL};
    g_autoptr(gpuvm_doc) kept = copy_doc(deployment->doc, changing);
    g_autoptr(gpuvm_doc) open = gpuvm_secret_digest(&gpuvm_deployment_table, kept->root,
                                                    deployment->deployment->name, key, &deployed->secrets);

    gpuvm_schema_arrange(&gpuvm_deployment_table, open->root);
    deployed->text = gpuvm_emit_yaml(open->root);
}

static char *
digest_common(const gpuvm_spec *template, GBytes *key)
{
    static const char *const named[] = {"name", NULL};
    static const char *const dealt[] = {"pci_passthrough", "per_replica", NULL};
    const gpuvm_node *root = template->doc->root, *devices = gpuvm_node_get(root, "devices");
    g_autoptr(gpuvm_doc) common = copy_doc(template->doc, named);

    if (devices)
        set(common, common->root, root, "devices", copy_keys(common, devices, dealt));
    g_autoptr(gpuvm_doc) open =
        gpuvm_secret_digest(&gpuvm_vm_table, common->root, template->vm->name, key, NULL);
    return gpuvm_node_digest(open->root);
}

static void
check_name(const expansion *work)
{
    const gpuvm_deployment *deployment = work->deployment->deployment;
    gpuvm_mark mark = gpuvm_object_mark(&deployment->body.object, "name");
    g_autofree char *last =
        g_strdup_printf("%s-%" G_GUINT64_FORMAT, deployment->name, deployment->replicas - 1);
    g_autofree char *name = NULL, *why = NULL, *hint = NULL;

    if (!gpuvm_scalar_name.parse(last, &name, &why, &hint))
        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark, "%s", why),
                        "this is the last replica's: give the deployment a shorter name");
}

/* What several VMs that run at once cannot have in common. */
static void
check_shared(const expansion *work)
{
    const gpuvm_body *body = &work->template->vm->body;

    if (work->deployed->replicas == 1)
        return;
    if (body->network->mac) {
        gpuvm_mark mark = gpuvm_object_mark(&body->network->object, "mac");

        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                          "several replicas cannot have one MAC address"),
                        "remove it: libvirt chooses one for each");
    }
    for (guint i = 0; i < body->disks->len; i++) {
        const gpuvm_disk *disk = body->disks->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(&disk->object, "source");

        gpuvm_diag *diag;

        if (!gpuvm_disk_is_written(disk))
            continue;
        diag = gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                 "several replicas cannot write to one disk: %s", disk->source);
        gpuvm_diag_hint(diag,
                        "set readonly: true, or give its checksum: then each has an overlay of its own");
        gpuvm_diag_hint(diag,
                        "or give name and size_gb in place of source: then each has a blank one of its own");
    }
}

/* Finds which cards there are to be dealt out. */
static void
find_cards(expansion *work)
{
    const gpuvm_node *devices = gpuvm_node_get(work->template->doc->root, "devices");
    const gpuvm_node *named = gpuvm_node_get(devices, "pci_passthrough");
    const gpuvm_node *listed = gpuvm_node_get(devices, "per_replica");
    const gpuvm_object *top = &work->deployment->deployment->body.object;
    gpuvm_mark mark = gpuvm_object_mark(top, "cards_per_replica");

    work->listed = listed && listed->n > 0;
    work->cards = work->listed ? listed : named && named->n > 0 ? named : NULL;
    if (work->listed && named && named->n > 0)
        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &listed->mark,
                                          "per_replica is given beside pci_passthrough"),
                        "give one of the two");
    if (gpuvm_object_has(top, "cards_per_replica") && (work->listed || !work->cards))
        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                          "cards_per_replica means nothing %s",
                                          work->listed ? "with per_replica" : "without pci_passthrough"),
                        "remove it");
}

static void
check_cards(const expansion *work)
{
    uint64_t replicas = work->deployed->replicas;
    uint64_t each = work->listed ? 1 : work->deployment->deployment->cards_per_replica;
    const char *what = work->listed ? "list of devices" : "card";
    const gpuvm_node *cards = work->cards;
    gpuvm_diag *diag;

    if (!cards || replicas * each <= cards->n)
        return;
    diag = gpuvm_diags_error(work->diags, GPUVM_EXIT_HOST, &cards->mark,
                             "%u %s%s for %" G_GUINT64_FORMAT " replica%s", cards->n,
                             work->listed && cards->n != 1 ? "lists of devices" : what,
                             !work->listed && cards->n != 1 ? "s" : "", replicas, replicas == 1 ? "" : "s");
    if (each > 1)
        gpuvm_diag_hint(diag, "each gets %" G_GUINT64_FORMAT, each);
    gpuvm_diag_hint(diag, "name more, or have fewer replicas: at most %" G_GUINT64_FORMAT, cards->n / each);
}

/* The cards that replica @number gets. */
static gpuvm_node *
deal(const expansion *work, gpuvm_doc *doc, unsigned number)
{
    unsigned each = (unsigned)work->deployment->deployment->cards_per_replica;
    gpuvm_node *hand;

    if (work->listed)
        return work->cards->values[number];
    hand = gpuvm_doc_sequence(doc, &work->cards->mark);
    for (unsigned i = number * each; i < (number + 1) * each; i++)
        gpuvm_doc_append(doc, hand, work->cards->values[i]);
    return hand;
}

static gpuvm_spec *
make_replica(const expansion *work, unsigned number)
{
    static const char *const none[] = {NULL}, *const lists[] = {"per_replica", NULL};
    gpuvm_doc *from = work->template->doc;
    const gpuvm_node *devices = gpuvm_node_get(from->root, "devices");
    gpuvm_mark mark = gpuvm_node_get(from->root, "name")->mark;
    g_autofree char *name = g_strdup_printf("%s-%u", work->deployed->name, number);
    g_autoptr(gpuvm_doc) doc = copy_doc(from, none);
    gpuvm_node *own = devices ? copy_keys(doc, devices, lists) : NULL;
    gpuvm_spec *replica;
    gpuvm_vm *vm;

    set(doc, doc->root, from->root, "name", gpuvm_doc_scalar(doc, name, &mark));
    if (work->cards)
        set(doc, own, devices, "pci_passthrough", deal(work, doc, number));
    if (own)
        set(doc, doc->root, from->root, "devices", own);
    vm = gpuvm_schema_decode(&gpuvm_vm_table, doc->root, work->diags);
    if (!vm)
        return NULL;
    replica = gpuvm_spec_new(GPUVM_KIND_VM, doc, vm);
    replica->base = work->template->base ? gpuvm_spec_ref(work->template->base) : NULL;
    replica->host_defaults =
        work->template->host_defaults ? gpuvm_spec_ref(work->template->host_defaults) : NULL;
    replica->deployed = gpuvm_deployed_ref(work->deployed);
    replica->replica = number;
    return replica;
}

GPtrArray *
gpuvm_replicas_expand(const gpuvm_spec *deployment, const gpuvm_spec *template, GBytes *key,
                      gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) replicas = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_spec_free);
    g_autoptr(gpuvm_deployed) deployed = gpuvm_deployed_new();
    expansion work = {.deployment = deployment, .template = template, .deployed = deployed, .diags = diags};
    unsigned errors = diags->errors;

    deployed->name = g_strdup(deployment->deployment->name);
    deployed->replicas = deployment->deployment->replicas;
    deployed->generation = 1;
    deployed->digest = digest_common(template, key);
    write_text(deployment, key, deployed);
    check_name(&work);
    check_shared(&work);
    find_cards(&work);
    check_cards(&work);
    for (unsigned i = 0; diags->errors == errors && i < deployed->replicas; i++) {
        gpuvm_spec *replica = make_replica(&work, i);

        if (replica)
            g_ptr_array_add(replicas, replica);
    }
    return diags->errors == errors ? g_steal_pointer(&replicas) : NULL;
}

/* What a guest takes from the host's memory for good, in MiB: nothing is pinned without devices, and hugepages are set aside. */
static uint64_t
pinned_mib(const gpuvm_plan *plan)
{
    const gpuvm_resources *resources = plan->vm->body.resources;

    return plan->functions->len > 0 && resources->hugepages == GPUVM_HUGEPAGES_NONE ? resources->memory_mb
                                                                                    : 0;
}

void
gpuvm_replicas_check_memory(const GPtrArray *plans, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = ((const gpuvm_plan *)plans->pdata[0])->vm->body.resources;
    gpuvm_mark mark = gpuvm_object_mark(&resources->object, "memory_mb");
    uint64_t host_mib = facts->memory_kib / 1024, wanted = 0;

    for (guint i = 0; i < plans->len; i++)
        wanted += pinned_mib(plans->pdata[i]);
    if (host_mib > 0 && wanted > host_mib && plans->len > 1)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark,
                              "%u replicas take %" G_GUINT64_FORMAT " MiB, the host has %" G_GUINT64_FORMAT
                              " MiB",
                              plans->len, wanted, host_mib),
            "a guest with a passed device has all its memory pinned: give each less, or have fewer");
}
