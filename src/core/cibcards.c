/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/cibcards.h"

#include "core/admit.h"
#include "core/select.h"

static void
add(GArray *cards, uint16_t vendor, uint16_t device, uint64_t count)
{
    for (guint i = 0; i < cards->len; i++) {
        gpuvm_cib_cards *of = &g_array_index(cards, gpuvm_cib_cards, i);

        if (of->vendor == vendor && of->device == device) {
            of->count += count;
            return;
        }
    }
    g_array_append_val(cards, ((gpuvm_cib_cards){vendor, device, count}));
}

/* Whether @node gives @device to VMs: one may have it now, or has it. */
static bool
is_offered(const gpuvm_cib_node *node, const gpuvm_device *device)
{
    const gpuvm_admission admission = {
        .occasion = GPUVM_SHOW, .domain = "", .facts = node->facts, .policies = node->policies};
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(node->facts, &device->addr, NULL);
    g_autofree char *why = claims->len > 0 ? NULL : gpuvm_admit_why_not(&admission, device);

    return !why;
}

/* The models of @node's cards that @selector may choose. */
static GArray *
models_on(const gpuvm_cib_node *node, const gpuvm_selector *selector)
{
    GArray *models = g_array_new(FALSE, FALSE, sizeof(gpuvm_cib_cards));
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(node->facts);

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (gpuvm_device_is_gpu(device) && gpuvm_select_matches(selector, device) && is_offered(node, device))
            add(models, device->vendor_id, device->device_id, 1);
    }
    return models;
}

/* "8 × 10de:2330, 2 × 10de:26b9", "none". */
static char *
describe(const GArray *models)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < models->len; i++) {
        const gpuvm_cib_cards *of = &g_array_index(models, gpuvm_cib_cards, i);

        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " of %04x:%04x", i > 0 ? ", " : "", of->count,
                               of->vendor, of->device);
    }
    return g_strdup(text->len > 0 ? text->str : "none");
}

/* Adds @selector's cards, whose model is the one that all of @nodes have. */
static void
add_common_model(GArray *cards, const gpuvm_selector *selector, const GPtrArray *nodes, gpuvm_diags *diags)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(gpuvm_cib_cards));
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    gpuvm_diag *diag;

    for (guint i = 0; i < nodes->len; i++) {
        GArray *models = models_on(nodes->pdata[i], selector);

        g_ptr_array_add(found, models);
        for (guint k = 0; k < models->len; k++)
            add(all, g_array_index(models, gpuvm_cib_cards, k).vendor,
                g_array_index(models, gpuvm_cib_cards, k).device, 1);
    }
    if (all->len == 1) {
        const gpuvm_cib_cards *model = &g_array_index(all, gpuvm_cib_cards, 0);

        add(cards, model->vendor, model->device, selector->count);
        return;
    }
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &selector->object.node->mark,
                             all->len == 0 ? "no node has a card that this selects"
                                           : "the nodes have cards of different models that this selects");
    for (guint i = 0; i < nodes->len; i++) {
        g_autofree char *text = describe(found->pdata[i]);

        gpuvm_diag_hint(diag, "%s: %s", ((const gpuvm_cib_node *)nodes->pdata[i])->name, text);
    }
    if (all->len > 0)
        gpuvm_diag_hint(diag, "Pacemaker counts each model by itself: name one, as in id: \"%04x:%04x\"",
                        g_array_index(all, gpuvm_cib_cards, 0).vendor,
                        g_array_index(all, gpuvm_cib_cards, 0).device);
}

static bool
selects_gpus(const gpuvm_selector *selector)
{
    static const char *const classes[] = {"03", "12", "0b40"};
    const char *class = selector->device_class;

    for (size_t i = 0; class && i < G_N_ELEMENTS(classes); i++) {
        if (g_str_has_prefix(class, classes[i]) || g_str_has_prefix(classes[i], class))
            return true;
    }
    return !class;
}

static void
add_selected(GArray *cards, const gpuvm_selector *selector, const GPtrArray *nodes, gpuvm_diags *diags)
{
    gpuvm_mark class = gpuvm_object_mark(&selector->object, "class");
    gpuvm_mark numa_node = gpuvm_object_mark(&selector->object, "numa_node");

    if (!selects_gpus(selector))
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &class,
                                          "devices of class %s are not counted in a cluster",
                                          selector->device_class),
                        "its nodes publish how many GPUs of each model they have, and nothing else");
    else if (selector->numa_node)
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &numa_node,
                                          "Pacemaker cannot be told which NUMA node a card must be on"),
                        "remove it: cards of one NUMA node are preferred anyway");
    else if (selector->id && selector->id->vendor >= 0 && selector->id->device >= 0)
        add(cards, (uint16_t)selector->id->vendor, (uint16_t)selector->id->device, selector->count);
    else if (nodes)
        add_common_model(cards, selector, nodes, diags);
    else
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &selector->object.node->mark,
                              "several models of cards may fit, and Pacemaker counts each by itself"),
            "name one, as in id: \"10de:2330\"; or give the nodes' host files with --hosts DIR");
}

/* Adds the GPUs of @named's card to @found (gpuvm_pci_addr), which are taken whichever of its functions is named. */
static void
find_named(GArray *found, const gpuvm_passthrough *named, const gpuvm_vm *vm, const gpuvm_cib_node *node,
           gpuvm_diags *diags)
{
    const gpuvm_pci_addr *addr = &named->address.addr;
    const gpuvm_device *device = gpuvm_facts_device(node->facts, addr);
    gpuvm_mark mark = gpuvm_object_mark(&named->object, "address");
    bool alone = device && !named->address.whole_card &&
                 (device->virtual_function || vm->body.devices->functions == GPUVM_FUNCTIONS_REQUESTED);
    g_autoptr(GPtrArray) card = alone ? g_ptr_array_new() : gpuvm_facts_card(node->facts, addr);

    if (alone)
        g_ptr_array_add(card, (gpointer)device);
    if (card->len == 0 || (!named->address.whole_card && !device))
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark, "node %s has no device %s", node->name,
                          GPUVM_PCI(addr));
    for (guint i = 0; i < card->len; i++) {
        const gpuvm_device *function = card->pdata[i];

        if (gpuvm_device_is_gpu(function)) {
            gpuvm_pci_addrs_add(found, &function->addr);
            return;
        }
    }
}

GArray *
gpuvm_cib_cards_of(const gpuvm_vm *vm, const GPtrArray *nodes, const gpuvm_cib_node *node, gpuvm_diags *diags)
{
    const gpuvm_devices *devices = vm->body.devices;
    GArray *cards = g_array_new(FALSE, FALSE, sizeof(gpuvm_cib_cards));
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    for (guint i = 0; node && i < devices->pci_passthrough->len; i++)
        find_named(found, devices->pci_passthrough->pdata[i], vm, node, diags);
    for (guint i = 0; i < found->len; i++) {
        const gpuvm_device *device =
            gpuvm_facts_device(node->facts, &g_array_index(found, gpuvm_pci_addr, i));

        add(cards, device->vendor_id, device->device_id, 1);
    }
    for (guint i = 0; i < devices->gpus->len; i++)
        add_selected(cards, devices->gpus->pdata[i], nodes, diags);
    return cards;
}
