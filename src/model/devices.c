/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

const char *const gpuvm_functions_names[] = {"all", "requested", NULL};
const char *const gpuvm_group_mode_names[] = {"refuse", "include", "detach", NULL};

static const char *const topology_names[] = {"flat", "mirror", "nccl", NULL};
static const char *const p2p_names[] = {"none", "auto", NULL};

static const gpuvm_field passthrough_fields[] = {
    {GPUVM_FIELD(gpuvm_passthrough, address), .scalar = &gpuvm_scalar_pci_ref, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The function (0000:01:00.0, or 01:00.0 in domain 0) or the whole card (01:00)."},
    {GPUVM_FIELD(gpuvm_passthrough, rom_file), .scalar = &gpuvm_scalar_path, .flags = GPUVM_FIELD_HOST_PATH,
     .doc =
         "A file of the host with an option ROM, which the guest sees in place of the card's own; a relative "
         "path starts from the directory of the definition. When address is a whole card, it is for "
         "function 0."},
    {GPUVM_FIELD(gpuvm_passthrough, rom_bar), .scalar = &gpuvm_scalar_bool, .fallback = "true",
     .doc = "Whether the guest sees an option ROM at all."},
    {NULL},
};

static const gpuvm_table passthrough_table = {
    .name = "passthrough",
    .doc = "A device that the VM gets, by its address on the host.",
    .size = sizeof(gpuvm_passthrough),
    .fields = passthrough_fields,
    .scalar_key = "address",
};

static const gpuvm_field rule_fields[] = {
    {GPUVM_FIELD(gpuvm_rule, id), .scalar = &gpuvm_scalar_pci_pattern,
     .doc = "VENDOR:DEVICE (8086:56a0), VENDOR:* (10de:*), or *:* for everything, which only a policy may "
            "say."},
    {.key = "class",
     .offset = offsetof(gpuvm_rule, device_class),
     .scalar = &gpuvm_scalar_pci_class,
     .doc = "The beginning of the PCI class code, as 2, 4 or 6 hex digits: 03 for display controllers."},
    {GPUVM_FIELD(gpuvm_rule, address), .scalar = &gpuvm_scalar_pci_ref_optional,
     .doc = "Where the device is: a function (0000:01:00.0) or a whole card (01:00)."},
    {NULL},
};

static void
check_rule(const void *object, gpuvm_diags *diags)
{
    const gpuvm_rule *rule = object;

    if (!rule->id && !rule->device_class && !rule->address) {
        gpuvm_mark mark = rule->object.node->mark;

        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "this rule says nothing"),
                        "give it an id, a class or an address");
    }
}

const gpuvm_table gpuvm_rule_table = {
    .name = "rule",
    .doc = "Devices that a list names. Every part that is given must match.",
    .size = sizeof(gpuvm_rule),
    .fields = rule_fields,
    .json_check = "{\"minProperties\": 1}",
    .scalar_key = "id",
    .check = check_rule,
};

/* The same text for rules that say the same, however they are written. */
static char *
rule_key(const gpuvm_rule *rule)
{
    g_autofree char *id = rule->id ? gpuvm_pci_pattern_format(rule->id) : NULL;

    g_autofree char *address = rule->address ? gpuvm_pci_ref_format(rule->address) : NULL;

    return g_strdup_printf("%s/%s/%s", id ? id : "", rule->device_class ? rule->device_class : "",
                           address ? address : "");
}

void
gpuvm_rules_check(const GPtrArray *rules, gpuvm_diags *diags)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; rules && i < rules->len; i++) {
        const gpuvm_rule *rule = rules->pdata[i];
        g_autofree char *key = rule_key(rule);
        const gpuvm_rule *first = g_hash_table_lookup(seen, key);
        gpuvm_mark mark = rule->object.node->mark;

        if (first)
            gpuvm_diag_hint_first(
                gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "the same rule is in the list twice"),
                &first->object.node->mark, NULL);
        else
            g_hash_table_insert(seen, g_steal_pointer(&key), (gpointer)rule);
    }
}

static const gpuvm_field selector_fields[] = {
    {GPUVM_FIELD(gpuvm_selector, id), .scalar = &gpuvm_scalar_pci_pattern,
     .doc = "VENDOR:DEVICE (10de:2204) or VENDOR:* (10de:*). When absent, any id matches."},
    {.key = "class",
     .offset = offsetof(gpuvm_selector, device_class),
     .scalar = &gpuvm_scalar_pci_class,
     .doc = "The beginning of the PCI class code, as 2, 4 or 6 hex digits. When absent, display controllers"
            " (03), processing accelerators (12) and co-processors (0b40) match."},
    {GPUVM_FIELD(gpuvm_selector, numa_node), .scalar = &gpuvm_scalar_numa_node, .max = GPUVM_NUMA_NODE_MAX,
     .doc = "The NUMA node of the host that the card must be on. When absent, any will do."},
    {GPUVM_FIELD(gpuvm_selector, count), .scalar = &gpuvm_scalar_integer, .fallback = "1", .min = 1,
     .max = 64, .doc = "How many such cards."},
    {NULL},
};

static const gpuvm_table selector_table = {
    .name = "selector",
    .doc =
        "Cards that are chosen: among those that match, may be passed and are named by no other domain, in "
        "the order of their addresses, from one NUMA node if one has enough.",
    .size = sizeof(gpuvm_selector),
    .fields = selector_fields,
    .scalar_key = "id",
};

/*
 * Adds an error when @item names a function that is named already; a card named whole names all of its
 * functions. @slots has for function 0 of each slot an array: which item named each of its functions first.
 */
static void
check_named_once(GHashTable *slots, const gpuvm_passthrough *item, gpuvm_diags *diags)
{
    const gpuvm_pci_ref *ref = &item->address;
    unsigned begin = ref->whole_card ? 0 : ref->addr.function;
    unsigned end = ref->whole_card ? GPUVM_PCI_FUNCTION_MAX : ref->addr.function;
    const gpuvm_passthrough **firsts, *first = NULL;
    gpuvm_pci_addr slot = ref->addr;

    slot.function = 0;
    firsts = g_hash_table_lookup(slots, &slot);
    if (!firsts) {
        firsts = g_new0(const gpuvm_passthrough *, GPUVM_PCI_FUNCTION_MAX + 1);
        g_hash_table_insert(slots, g_memdup2(&slot, sizeof(slot)), firsts);
    }
    for (unsigned i = begin; i <= end; i++) {
        if (!firsts[i])
            firsts[i] = item;
        else if (!first)
            first = firsts[i];
    }
    if (first) {
        gpuvm_mark mark = gpuvm_object_mark(&item->object, "address");
        gpuvm_mark before = gpuvm_object_mark(&first->object, "address");
        g_autofree char *named = gpuvm_pci_ref_format(ref), *as = gpuvm_pci_ref_format(&first->address);

        gpuvm_diag_hint_first(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "device %s is named twice", named), &before,
            as);
    }
}

static void
check_anything(const GPtrArray *allowlist, gpuvm_diags *diags)
{
    for (guint i = 0; i < allowlist->len; i++) {
        const gpuvm_rule *rule = allowlist->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(&rule->object, "id");

        if (rule->id && rule->id->vendor < 0 && !rule->device_class && !rule->address)
            gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                                              "the pattern *:* is allowed only in the host's policy"),
                            "name the vendors or devices, such as 10de:*, or leave the allowlist out");
    }
}

static void
check_devices(const void *object, gpuvm_diags *diags)
{
    const gpuvm_devices *devices = object;
    g_autoptr(GHashTable) slots =
        g_hash_table_new_full(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal, g_free, g_free);

    for (guint i = 0; i < devices->pci_passthrough->len; i++)
        check_named_once(slots, devices->pci_passthrough->pdata[i], diags);
    for (guint i = 0; i < devices->per_replica->len; i++) {
        const GPtrArray *replica = devices->per_replica->pdata[i];

        for (guint k = 0; k < replica->len; k++)
            check_named_once(slots, replica->pdata[k], diags);
    }
    gpuvm_rules_check(devices->allowlist, diags);
    check_anything(devices->allowlist, diags);
}

static const gpuvm_field devices_fields[] = {
    {GPUVM_FIELD(gpuvm_devices, pci_passthrough), .shape = GPUVM_OBJECTS, .table = &passthrough_table,
     .doc = "Devices by address. No device may be named twice. The order does not count: the guest sees the "
            "cards in the order of their addresses on the host."},
    {GPUVM_FIELD(gpuvm_devices, gpus), .shape = GPUVM_OBJECTS, .table = &selector_table,
     .doc =
         "Cards by what they are. Which ones is decided when the VM is defined; a VM that is defined again "
         "keeps its cards as long as they match."},
    {GPUVM_FIELD(gpuvm_devices, functions), .shape = GPUVM_ENUM, .choices = gpuvm_functions_names,
     .doc = "all: naming one function of a card means the whole card; an SR-IOV virtual function stands "
            "alone. requested: only what is named."},
    {GPUVM_FIELD(gpuvm_devices, iommu_group), .shape = GPUVM_ENUM, .choices = gpuvm_group_mode_names,
     .doc = "What happens to the other devices of an IOMMU group that the host uses. refuse: the VM is "
            "refused. include: they are passed to the guest too. detach: they are taken from the host and "
            "not shown to the guest. For include and detach the policy must allow each of them by itself."},
    {GPUVM_FIELD(gpuvm_devices, topology), .shape = GPUVM_ENUM, .choices = topology_names,
     .doc =
         "What the guest sees between its cards. flat: a root port for each. mirror: cards that share a PCI "
         "Express switch on the host share one in the guest. nccl: the same, and cloud-init writes a topology file for NCCL "
         "and RCCL, /etc/nccl/topo.xml, where there are several GPUs of NVIDIA's or AMD's: an emulated switch itself looks "
         "slower than the host's."},
    {GPUVM_FIELD(gpuvm_devices, p2p), .shape = GPUVM_ENUM, .choices = p2p_names,
     .doc = "auto: NVIDIA's driver in the guest is told which GPUs share a PCI Express switch of the host "
            "(their GPUDirect clique), so that it lets them read and write each other's memory. none: it is "
            "told nothing, and finds no such pair."},
    {GPUVM_FIELD(gpuvm_devices, allowlist), .shape = GPUVM_OBJECTS, .table = &gpuvm_rule_table,
     .flags = GPUVM_FIELD_NARROWS,
     .doc = "Devices that this VM may have. The list only narrows what the host's policy allows; when it is "
            "absent or empty, the policy alone decides."},
    {GPUVM_FIELD(gpuvm_devices, per_replica), .shape = GPUVM_LISTS, .table = &passthrough_table,
     .doc =
         "Of a deployment, in place of pci_passthrough: for each replica in turn, the devices that it gets."},
    {NULL},
};

const gpuvm_table gpuvm_devices_table = {
    .name = "devices",
    .doc = "The PCI devices that the VM gets.",
    .size = sizeof(gpuvm_devices),
    .fields = devices_fields,
    .check = check_devices,
};
