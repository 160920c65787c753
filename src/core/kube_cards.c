/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube_cards.c: cards by their models, which the cluster permits as far as the policy does */
#include <config.h>

#include "core/kube_vm.h"

/* A model of cards that a definition selects. */
typedef struct model {
    gpuvm_pci_pattern id; /* none of it is any */
    char *device_class;   /* a part of its class code; NULL: what people call GPUs; owned */
    bool seen;            /* that is what such a card says, not the definition alone */
} model;

static void
model_clear(model *of)
{
    g_free(of->device_class);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(model, model_clear)

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

/* Whether one of @rules may be about all cards of @of; @certain: whether it is. */
static bool
any_matches(const GPtrArray *rules, const model *of, bool certain)
{
    for (guint i = 0; rules && i < rules->len; i++) {
        const gpuvm_rule *rule = rules->pdata[i];

        if (!rule->address && matches(rule, of) && (!certain || of->seen || !rule->device_class))
            return true;
    }
    return false;
}

/* What of @policy cannot be said of @of: a rule denies those at a place. */
static void
lose_places(const gpuvm_kube_vm *vm, const gpuvm_policy *policy, const model *of)
{
    for (guint i = 0; i < policy->denylist->len; i++) {
        const gpuvm_rule *rule = policy->denylist->pdata[i];
        g_autofree char *key = g_strdup_printf("denylist[%u]", i);

        if (rule->address && matches(rule, of) &&
            g_hash_table_add(vm->kube->names, g_strdup_printf("rule %p", (const void *)rule)))
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
    if (!of->seen)
        gpuvm_diag_hint(diag,
                        "where a rule has a class: give a host that has such a card with --host FILE, or say "
                        "beside the id which one it has, class: \"0302\"");
    return false;
}

/* Whether the lists allow @of; *@ret_guess: for a class that nobody has looked at. */
static bool
permitted(const gpuvm_kube_vm *vm, const model *of, const gpuvm_mark *mark, bool *ret_guess)
{
    const gpuvm_policies *policies = vm->kube->policies;
    const GPtrArray *own = vm->body->devices->allowlist;
    const GPtrArray *base = vm->spec->base ? vm->spec->base->plugin->body.devices->allowlist : NULL;

    *ret_guess = false;
    if (policies->n == 0)
        return refuse(vm, of, mark, "any policy");
    for (unsigned i = 0; i < policies->n; i++) {
        const gpuvm_policy *policy = policies->of[i].spec->policy;
        bool gpus = !policy->allowlist && (!of->device_class || may_be(of->device_class, NULL));

        if (any_matches(policy->denylist, of, false) || !(gpus || any_matches(policy->allowlist, of, false)))
            return refuse(vm, of, mark, policies->of[i].name);
        *ret_guess |= !of->seen && !any_matches(policy->allowlist, of, true);
    }
    if (own->len > 0 && !any_matches(own, of, false))
        return refuse(vm, of, mark, "the VM's own allowlist");
    if (base && base->len > 0 && !any_matches(base, of, false))
        return refuse(vm, of, mark, "its plugin's allowlist");
    return true;
}

/* Says at @mark that @of is permitted for the class that it is said to have. */
static void
warn_of_guess(gpuvm_kube *kube, const model *of, const gpuvm_mark *mark)
{
    g_autofree char *id = gpuvm_pci_pattern_format(&of->id);

    gpuvm_diag_hint(
        gpuvm_diags_warning(kube->diags, mark, "the policy allows classes: that of %s is not known here", id),
        "give a host that has such a card with --host FILE, or name the model in the policy");
    gpuvm_kube_comment(kube->cluster, "not looked at: whether %s is of a class that the policy allows", id);
}

/* Has the cluster permit @of, as @resource; whether it did not before. What only some definitions select is permitted for all. */
static bool
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
        return false;
    devices = gpuvm_kube_at(kube->cluster->json, "spec.configuration.permittedHostDevices");
    devices = gpuvm_kube_item(devices, "pciHostDevices", NULL);
    json_object_set_string_member(devices, "pciVendorSelector", id);
    json_object_set_string_member(devices, "resourceName", resource);
    return true;
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

/* The model @id of @selector, with the class of such a card if the facts have one. */
static model
make_model(const gpuvm_kube *kube, const gpuvm_pci_pattern *id, const gpuvm_selector *selector)
{
    g_autoptr(GPtrArray) devices = kube->facts ? gpuvm_facts_devices(kube->facts) : NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (gpuvm_pci_pattern_match(id, device->vendor_id, device->device_id))
            return (model){*id, g_strdup_printf("%06x", device->class_code), true};
    }
    return (model){*id, g_strdup(selector->device_class), false};
}

/* Adds the cards of @selector, the one at @index; *@n counts them all. */
static void
add_cards(const gpuvm_kube_vm *vm, const gpuvm_selector *selector, guint index, unsigned *n)
{
    gpuvm_mark mark = gpuvm_object_mark(&selector->object, "id");
    g_autofree char *path = g_strdup_printf("devices.gpus[%u]", index), *resource = NULL;
    const gpuvm_pci_pattern *id;
    bool guess;

    id = selector->id && is_model(selector->id) ? selector->id : only_model(vm->kube->policies, selector->id);
    if (!id) {
        gpuvm_kube_lose(
            vm->kube, vm->manifest, path, &mark,
            "KubeVirt knows a card by its model alone, and the policy names not just one: write id: VENDOR:DEVICE, as gpuvm devices -o wide shows it");
        return;
    }
    g_auto(model) of = make_model(vm->kube, id, selector);
    if (!permitted(vm, &of, &mark, &guess))
        return;
    resource = g_strdup_printf("gpuvm/gpu-%04x-%04x", (unsigned)id->vendor, (unsigned)id->device);
    if (permit(vm, &of, resource) && guess)
        warn_of_guess(vm->kube, &of, &mark);
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
