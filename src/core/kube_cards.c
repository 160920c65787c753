/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube_cards.c: cards by their models, which the cluster permits as far as the policy does */
#include <config.h>

#include "core/kube_vm.h"

#include "core/permit.h"
#include "model/tables.h"

/* A model of cards that a definition selects. */
typedef struct model {
    gpuvm_pci_pattern id;     /* none of it is any */
    const char *device_class; /* as far as the definition says; NULL: what people call GPUs */
} model;

static bool
is_model(const gpuvm_pci_pattern *id)
{
    return id->vendor >= 0 && id->device >= 0;
}

/* Whether a card of @class, a part of a class code or NULL, may be of @rule, another part. */
static bool
may_be(const char *rule, const char *class)
{
    static const char *const gpus[] = {"03", "12", "0b40"};

    for (size_t i = 0; !class && i < G_N_ELEMENTS(gpus); i++) {
        if (may_be(rule, gpus[i]))
            return true;
    }
    return class && (g_str_has_prefix(rule, class) || g_str_has_prefix(class, rule));
}

/* Whether @rule may be about a card of @of, wherever that is. */
static bool
matches(const gpuvm_rule *rule, const model *of)
{
    return (!rule->id ||
            gpuvm_pci_pattern_match(rule->id, (uint16_t)of->id.vendor, (uint16_t)of->id.device)) &&
           (!rule->device_class || may_be(rule->device_class, of->device_class));
}

/* Whether one of @rules is about all cards of @of. */
static bool
any_matches(const GPtrArray *rules, const model *of)
{
    for (guint i = 0; rules && i < rules->len; i++) {
        const gpuvm_rule *rule = rules->pdata[i];

        if (!rule->address && matches(rule, of))
            return true;
    }
    return false;
}

/* What of @policy, called @name, cannot be said of @of: a rule denies those at a place. */
static void
lose_places(const gpuvm_kube_vm *vm, const gpuvm_policy *policy, const model *of)
{
    for (guint i = 0; i < policy->denylist->len; i++) {
        const gpuvm_rule *rule = policy->denylist->pdata[i];
        g_autofree char *key = g_strdup_printf("denylist[%u]", i);

        if (rule->address && matches(rule, of))
            gpuvm_kube_lose(vm->kube, vm->kube->cluster, key, &rule->object.node->mark,
                            "KubeVirt permits all cards of a model, wherever they are");
    }
}

/* An error at @mark that @whose list does not allow @of. */
static bool
refuse(const gpuvm_kube_vm *vm, const model *of, const gpuvm_mark *mark, const char *whose)
{
    g_autofree char *id = gpuvm_pci_pattern_format(&of->id);
    gpuvm_diag *diag = gpuvm_diags_error(vm->kube->diags, GPUVM_EXIT_REFUSED, mark,
                                         "cards of the model %s are not allowed by %s", id, whose);

    gpuvm_diag_hint(diag, "KubeVirt permits a model, not a place: the list must have '%s' without an address",
                    id);
    if (!of->device_class)
        gpuvm_diag_hint(
            diag, "where a rule has a class, say beside the id which one the card has: class: \"0302\"");
    return false;
}

static bool
permitted(const gpuvm_kube_vm *vm, const model *of, const gpuvm_mark *mark)
{
    const gpuvm_policies *policies = vm->kube->policies;
    const GPtrArray *own = vm->body->devices->allowlist;
    const GPtrArray *base = vm->spec->base ? vm->spec->base->plugin->body.devices->allowlist : NULL;

    if (policies->n == 0)
        return refuse(vm, of, mark, "any policy");
    for (unsigned i = 0; i < policies->n; i++) {
        const gpuvm_policy *policy = policies->of[i].spec->policy;
        bool gpus = !policy->allowlist && (!of->device_class || may_be(of->device_class, NULL));

        if (any_matches(policy->denylist, of) || !(gpus || any_matches(policy->allowlist, of)))
            return refuse(vm, of, mark, policies->of[i].name);
    }
    if (own->len > 0 && !any_matches(own, of))
        return refuse(vm, of, mark, "the VM's own allowlist");
    if (base && base->len > 0 && !any_matches(base, of))
        return refuse(vm, of, mark, "its plugin's allowlist");
    return true;
}

/* Has the cluster permit @of, as @resource; what only some definitions select is permitted for all. */
static void
permit(const gpuvm_kube_vm *vm, const model *of, const char *resource)
{
    gpuvm_kube *kube = vm->kube;
    g_autofree char *key = g_strconcat("PciHostDevice ", resource, NULL);
    g_autofree char *id = g_strdup_printf("%04X:%04X", (unsigned)of->id.vendor, (unsigned)of->id.device);
    JsonObject *devices;

    if (!kube->cluster) {
        kube->cluster = gpuvm_kube_manifest_add(kube, "kubevirt.io/v1", "KubeVirt", "kubevirt", NULL);
        g_ptr_array_insert(kube->manifests, 0,
                           g_ptr_array_steal_index(kube->manifests, kube->manifests->len - 1));
        json_object_set_string_member(gpuvm_kube_at(kube->cluster->json, "metadata"), "namespace",
                                      "kubevirt");
        gpuvm_kube_comment(kube->cluster,
                           "of the whole cluster: its pciHostDevices take the place of those that are there");
    }
    for (unsigned i = 0; i < kube->policies->n; i++)
        lose_places(vm, kube->policies->of[i].spec->policy, of);
    if (!g_hash_table_add(kube->names, g_steal_pointer(&key)))
        return;
    devices = gpuvm_kube_at(kube->cluster->json, "spec.configuration.permittedHostDevices");
    devices = gpuvm_kube_item(devices, "pciHostDevices", NULL);
    json_object_set_string_member(devices, "pciVendorSelector", id);
    json_object_set_string_member(devices, "resourceName", resource);
}

/* The only model that @policies name in a list of what is allowed, and that @pattern (NULL: any) matches; NULL. */
static const gpuvm_pci_pattern *
only_model(const gpuvm_policies *policies, const gpuvm_pci_pattern *pattern)
{
    const gpuvm_pci_pattern *only = NULL;

    for (unsigned i = 0; i < policies->n; i++) {
        const GPtrArray *list = policies->of[i].spec->policy->allowlist;

        for (guint k = 0; list && k < list->len; k++) {
            const gpuvm_pci_pattern *id = ((const gpuvm_rule *)list->pdata[k])->id;

            if (!id || !is_model(id) ||
                (pattern && !gpuvm_pci_pattern_match(pattern, (uint16_t)id->vendor, (uint16_t)id->device)))
                continue;
            if (only && (only->vendor != id->vendor || only->device != id->device))
                return NULL;
            only = id;
        }
    }
    return only;
}

/* Adds the cards of @selector, the one at @index; *@n counts them all. */
static void
add_cards(const gpuvm_kube_vm *vm, const gpuvm_selector *selector, guint index, unsigned *n)
{
    gpuvm_mark mark = gpuvm_object_mark(&selector->object, "id");
    g_autofree char *path = g_strdup_printf("devices.gpus[%u]", index), *resource = NULL;
    const gpuvm_pci_pattern *id;
    model of;

    id = selector->id && is_model(selector->id) ? selector->id : only_model(vm->kube->policies, selector->id);
    if (!id) {
        gpuvm_kube_lose(
            vm->kube, vm->manifest, path, &mark,
            "KubeVirt knows a card by its model alone, and the policy names not just one: write id: VENDOR:DEVICE, as gpuvm devices -o wide shows it");
        return;
    }
    of = (model){*id, selector->device_class};
    if (!permitted(vm, &of, &mark))
        return;
    resource = g_strdup_printf("gpuvm/gpu-%04x-%04x", (unsigned)of.id.vendor, (unsigned)of.id.device);
    permit(vm, &of, resource);
    for (uint64_t i = 0; i < selector->count; i++) {
        g_autofree char *name = g_strdup_printf("gpu%u", (*n)++);

        json_object_set_string_member(gpuvm_kube_item(vm->devices, "gpus", name), "deviceName", resource);
    }
}

void
gpuvm_kube_cards_add(const gpuvm_kube_vm *vm)
{
    const gpuvm_devices *devices = vm->body->devices;
    const char *key = gpuvm_object_has(&devices->object, "functions") ? "functions" : "gpus";
    unsigned n = 0;

    for (guint i = 0; i < devices->gpus->len; i++)
        add_cards(vm, devices->gpus->pdata[i], i, &n);
    if (n > 0 && devices->functions == GPUVM_FUNCTIONS_ALL)
        gpuvm_kube_vm_lose(
            vm, "devices.functions", &devices->object, key,
            "KubeVirt passes the function with this id alone, without the card's others (sound, USB): "
            "functions: requested says the same");
}
