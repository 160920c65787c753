/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/cib.h"

#include <string.h>

#include "core/capacity.h"
#include "core/cibcards.h"
#include "core/disk.h"
#include "core/image.h"
#include "model/cluster.h"

/* Seconds. A start chooses cards, makes disks, and has the kernel pin all of the guest's memory, some GiB a second. */
#define START 120
#define START_GIB_PER_SECOND 4
#define FETCH 900 /* of images that are not in the pool yet */
#define STOP 120  /* the guest is asked for 80, then its power is cut */
#define MONITOR 30
#define MONITOR_HEALTH 60
#define MONITOR_INTERVAL 10
#define PUBLISH_INTERVAL 30
#define RETRY "60s" /* how long a node is passed over on which a VM failed to start */

typedef struct making {
    const gpuvm_cib_input *input;
    GPtrArray *resources;
    GHashTable *ids;   /* char *, owned: of resources and clones */
    GHashTable *bound; /* of input->bindings: those that were of use */
    gpuvm_diags *diags;
} making;

/* How a VM, or a deployment, is called; which node it is bound to. */
typedef struct subject {
    const gpuvm_cib_vm *of;
    const gpuvm_vm *vm;
    const char *what, *name; /* "VM", "deployment" */
    const char *node;        /* NULL: none */
} subject;

static void G_GNUC_PRINTF(3, 4) add_pair(GPtrArray *pairs, const char *key, const char *format, ...)
{
    gpuvm_pair *pair = g_new0(gpuvm_pair, 1);
    va_list args;

    va_start(args, format);
    pair->key = g_strdup(key);
    pair->value = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(pairs, pair);
}

static GPtrArray *
new_pairs(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_pair_free);
}

static void
free_resource(gpointer data)
{
    gpuvm_cib_resource *resource = data;

    g_free(resource->id);
    g_free(resource->clone);
    g_free(resource->node);
    g_ptr_array_unref(resource->attributes);
    g_ptr_array_unref(resource->utilization);
    g_ptr_array_unref(resource->meta);
    g_free(resource);
}

static gpuvm_cib_resource *
new_resource(const making *work, char *id, char *clone, const char *agent)
{
    gpuvm_cib_resource *resource = g_new0(gpuvm_cib_resource, 1);

    resource->id = id;
    resource->clone = clone;
    resource->agent = agent;
    resource->attributes = new_pairs();
    resource->utilization = new_pairs();
    resource->meta = new_pairs();
    g_hash_table_add(work->ids, g_strdup(id));
    if (clone)
        g_hash_table_add(work->ids, g_strdup(clone));
    g_ptr_array_add(work->resources, resource);
    return resource;
}

bool
gpuvm_cib_is_plain(const char *text)
{
    if (!*text || !g_utf8_validate(text, -1, NULL))
        return false;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        if (!g_unichar_isgraph(c) || (c < 0x80 && strchr("\"'\\`$", (int)c)))
            return false;
    }
    return true;
}

static void
add_hosts(making *work)
{
    gpuvm_cib_resource *resource =
        new_resource(work, g_strdup("gpuvm-host"), g_strdup(GPUVM_CLUSTER_HOSTS), "host");
    /* a node whose capacity cannot be published goes on with what it has */
    const gpuvm_cib_operation operations[] = {
        {"start", 0, 60, NULL}, {"stop", 0, 20, "block"}, {"monitor", PUBLISH_INTERVAL, 60, NULL}};

    memcpy(resource->operations, operations, sizeof(operations));
    add_pair(resource->attributes, "uri", "%s", work->input->uri);
    add_pair(resource->attributes, "definitions", "%s", work->input->definitions);
    add_pair(resource->meta, "failure-timeout", RETRY);
}

/* The node that one of the bindings names for @of: by its name, or for all VMs that name devices. */
static const char *
find_node(const making *work, const subject *of)
{
    bool named = of->vm->body.devices->pci_passthrough->len > 0;
    const char *node = NULL;

    for (char *const *binding = work->input->bindings; binding && *binding; binding++) {
        const char *equals = strchr(*binding, '=');
        bool own =
            equals && strlen(of->name) == (size_t)(equals - *binding) && g_str_has_prefix(*binding, of->name);

        if (!own && (equals || !named))
            continue;
        g_hash_table_add(work->bound, *binding);
        if (own)
            return equals + 1;
        node = *binding;
    }
    return node;
}

static const gpuvm_cib_node *
known_node(const making *work, const char *name)
{
    const GPtrArray *nodes = work->input->nodes;

    for (guint i = 0; name && nodes && i < nodes->len; i++) {
        const gpuvm_cib_node *node = nodes->pdata[i];

        if (g_str_equal(node->name, name))
            return node;
    }
    return NULL;
}

/* Whether the devices that @of names can be had in a cluster. */
static void
check_named(const making *work, const subject *of)
{
    const gpuvm_devices *devices = of->vm->body.devices;
    gpuvm_mark mark = gpuvm_object_mark(&devices->object, "pci_passthrough");
    gpuvm_diag *diag;

    if (devices->pci_passthrough->len == 0)
        return;
    if (of->of->spec->deployed) {
        mark = ((const gpuvm_passthrough *)devices->pci_passthrough->pdata[0])->object.node->mark;
        diag = gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                 "a deployment in a cluster cannot have devices by address");
        gpuvm_diag_hint(diag, "let each replica choose its cards: gpus in place of them");
    } else if (!of->node) {
        diag = gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                 "devices by address are those of one node");
        gpuvm_diag_hint(diag, "say which with --node %s=NODE --hosts DIR, or let it choose its cards: gpus",
                        of->name);
    } else if (!known_node(work, of->node)) {
        diag = gpuvm_diags_error(work->diags, GPUVM_EXIT_HOST, &mark,
                                 "it is not known which models of cards these are on node %s", of->node);
        gpuvm_diag_hint(diag, "run gpuvm capture -o DIR/%s.xml on it, and give --hosts DIR", of->node);
    }
}

static void
check_autostart(const making *work, const subject *of)
{
    gpuvm_mark mark = gpuvm_object_mark(&of->vm->body.object, "autostart");

    if (of->vm->body.autostart)
        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                          "libvirt would start %s '%s' beside Pacemaker", of->what, of->name),
                        "remove autostart: the cluster alone decides where it runs");
}

/* The nodes run a file, not what was given with it. */
static void
note_plugin(const making *work, const subject *of)
{
    const gpuvm_spec *spec = of->of->spec;
    gpuvm_mark mark = gpuvm_object_mark(&of->vm->body.object, "plugin");

    if (spec->base && g_strcmp0(spec->base->doc->source->name, spec->doc->source->name) != 0)
        gpuvm_diag_hint(gpuvm_diags_note(work->diags, &mark, "plugin '%s' must be installed on all nodes",
                                         spec->base->plugin->name),
                        "gpuvm plugin install on each of them");
}

static void
note_disk(const making *work, const subject *of, const gpuvm_disk *disk)
{
    gpuvm_mark mark = gpuvm_object_mark(&disk->object, disk->source ? "source" : "size_gb");

    if (gpuvm_disk_is_written(disk))
        gpuvm_diag_hint(gpuvm_diags_note(work->diags, &mark, "%s '%s' writes to this file: it does not move",
                                         of->what, of->name),
                        "put it on storage that all nodes have, or bind the VM with --node %s=NODE",
                        of->name);
    else if (!disk->source)
        gpuvm_diag_hint(gpuvm_diags_note(work->diags, &mark,
                                         "what %s '%s' writes to this disk does not move with it", of->what,
                                         of->name),
                        "it begins blank on each node; keep what must last elsewhere, or bind the VM with "
                        "--node %s=NODE",
                        of->name);
}

static void
set_operations(gpuvm_cib_resource *resource, const gpuvm_vm *vm)
{
    const gpuvm_health_check *health = vm->body.health_check;
    unsigned start = START + (unsigned)(vm->body.resources->memory_mb / 1024 / START_GIB_PER_SECOND);
    const gpuvm_cib_operation operations[] = {
        {"start", 0,
         start + (gpuvm_image_fetches(vm) ? FETCH : 0) +
             (health ? (unsigned)((health->timeout_ms + 999) / 1000) : 0),
         NULL},
        {"stop", 0, STOP, "fence"}, /* whoever may still run must not run elsewhere */
        {"monitor", MONITOR_INTERVAL, health ? MONITOR_HEALTH : MONITOR, NULL},
    };

    memcpy(resource->operations, operations, sizeof(operations));
}

static void
set_utilization(const making *work, gpuvm_cib_resource *resource, const subject *of)
{
    const gpuvm_resources *resources = of->vm->body.resources;
    const gpuvm_cib_node *node = of->of->spec->deployed ? NULL : known_node(work, of->node);
    g_autoptr(GArray) cards = gpuvm_cib_cards_of(of->vm, work->input->nodes, node, work->diags);
    uint64_t count = 0;

    for (guint i = 0; i < cards->len; i++) {
        const gpuvm_cib_cards *model = &g_array_index(cards, gpuvm_cib_cards, i);
        g_autofree char *name = gpuvm_capacity_model_name(model->vendor, model->device);

        add_pair(resource->utilization, name, "%" G_GUINT64_FORMAT, model->count);
        count += model->count;
    }
    add_pair(resource->utilization, GPUVM_CAPACITY_MEMORY, "%" G_GUINT64_FORMAT, resources->memory_mb);
    add_pair(resource->utilization, GPUVM_CAPACITY_CPUS, "%" G_GUINT64_FORMAT, resources->cpu_cores);
    /* those that want most are placed first: what remains is enough for small ones, and would not be the other way round */
    add_pair(resource->meta, "priority", "%" G_GUINT64_FORMAT, count);
    add_pair(resource->meta, "resource-stickiness", "1000");
    add_pair(resource->meta, "failure-timeout", RETRY);
}

/* Whether the ids of @of are its own; a clone's is beside it. */
static bool
check_ids(const making *work, const subject *of, const char *id, const char *clone)
{
    gpuvm_mark mark = gpuvm_object_mark(&of->vm->body.object, "name");
    const char *twice = g_hash_table_contains(work->ids, id)               ? id
                        : clone && g_hash_table_contains(work->ids, clone) ? clone
                                                                           : NULL;

    if (g_str_has_prefix(id, "vm-") && !g_str_equal(id, of->name))
        gpuvm_diags_note(work->diags, &mark, "%s '%s' is resource '%s': an id cannot begin with a digit",
                         of->what, of->name, id);
    if (twice)
        gpuvm_diag_hint(gpuvm_diags_error(work->diags, GPUVM_EXIT_INVALID, &mark,
                                          "there is a resource '%s' already", twice),
                        "give the %s another name", of->what);
    return !twice;
}

static void
add_vm(making *work, const gpuvm_cib_vm *vm)
{
    const gpuvm_deployed *deployed = vm->spec->deployed;
    subject of = {.of = vm,
                  .vm = vm->spec->vm,
                  .what = deployed ? "deployment" : "VM",
                  .name = deployed ? deployed->name : vm->spec->vm->name};
    g_autofree char *id = g_strconcat(g_ascii_isdigit(*of.name) ? "vm-" : "", of.name, NULL);
    g_autofree char *clone = deployed ? g_strconcat(id, "-clone", NULL) : NULL;
    gpuvm_cib_resource *resource;

    if (!check_ids(work, &of, id, clone))
        return;
    of.node = find_node(work, &of);
    check_named(work, &of);
    check_autostart(work, &of);
    note_plugin(work, &of);
    for (guint i = 0; !of.node && i < of.vm->body.disks->len; i++)
        note_disk(work, &of, of.vm->body.disks->pdata[i]);
    resource = new_resource(work, g_steal_pointer(&id), g_steal_pointer(&clone), "vm");
    resource->node = g_strdup(of.node);
    add_pair(resource->attributes, "file", "%s", vm->file);
    add_pair(resource->attributes, "name", "%s", of.name);
    add_pair(resource->attributes, "uri", "%s", work->input->uri);
    add_pair(resource->attributes, "wait", "%s", of.vm->body.health_check ? "true" : "false");
    if (deployed) {
        add_pair(resource->meta, "globally-unique", "true");
        add_pair(resource->meta, "clone-max", "%" G_GUINT64_FORMAT, deployed->replicas);
        add_pair(resource->meta, "clone-node-max", "64");
    }
    set_utilization(work, resource, &of);
    set_operations(resource, of.vm);
}

/* Whether the options are what they can be. */
static bool
are_bindings(char *const *bindings, gpuvm_diags *diags)
{
    unsigned errors = diags->errors;

    for (; bindings && *bindings; bindings++) {
        const char *equals = strchr(*bindings, '='), *node = equals ? equals + 1 : *bindings;

        if (!gpuvm_cib_is_plain(node) || *node == '-' || strchr(node, '='))
            gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--node takes NODE or VM=NODE, not '%s'",
                              *bindings);
    }
    return diags->errors == errors;
}

static void
check_bindings(const making *work)
{
    for (char *const *binding = work->input->bindings; binding && *binding; binding++) {
        if (!g_hash_table_contains(work->bound, *binding))
            gpuvm_diags_error(work->diags, GPUVM_EXIT_USAGE, NULL, "--node %s: %s", *binding,
                              strchr(*binding, '=') ? "there is no such VM"
                                                    : "no VM names devices by address");
    }
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    const gpuvm_spec *x = (*(const gpuvm_cib_vm *const *)a)->spec,
                     *y = (*(const gpuvm_cib_vm *const *)b)->spec;

    return strcmp(x->vm->name, y->vm->name);
}

GPtrArray *
gpuvm_cib_make(const gpuvm_cib_input *input, gpuvm_diags *diags)
{
    unsigned errors = diags->errors;
    g_autoptr(GPtrArray) resources = g_ptr_array_new_with_free_func(free_resource);
    g_autoptr(GPtrArray) vms = g_ptr_array_new();
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) bound = g_hash_table_new(NULL, NULL);
    making work = {.input = input, .resources = resources, .ids = ids, .bound = bound, .diags = diags};

    if (!are_bindings(input->bindings, diags))
        return NULL;
    g_ptr_array_extend(vms, (GPtrArray *)input->vms, NULL, NULL);
    g_ptr_array_sort(vms, compare_names);
    add_hosts(&work);
    for (guint i = 0; i < vms->len; i++)
        add_vm(&work, vms->pdata[i]);
    check_bindings(&work);
    if (diags->errors == 0)
        gpuvm_diag_hint(
            gpuvm_diags_note(diags, NULL,
                             "nothing starts before the cluster can fence its nodes: that is left to you"),
            "a node that does not answer may still run its VMs; only fencing ends them for certain");
    return diags->errors == errors ? g_steal_pointer(&resources) : NULL;
}
