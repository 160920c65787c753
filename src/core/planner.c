/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/planner.h"

#include "core/claim.h"
#include "core/cloudinit.h"
#include "core/disk.h"
#include "core/group.h"
#include "core/guestpci.h"
#include "core/health.h"
#include "core/image.h"
#include "core/place.h"
#include "core/protect.h"
#include "core/select.h"
#include "core/workload.h"
#include "model/tables.h"

static void
not_found(const gpuvm_passthrough *item, gpuvm_diags *diags)
{
    gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &item->object.node->mark,
                                         "PCI device not found: %s", GPUVM_PCI(&item->address.addr));

    gpuvm_diag_hint(diag,
                    "addresses change when cards are added or moved; see what the host has: gpuvm devices");
}

static void
take_named(GPtrArray *functions, const gpuvm_passthrough *item, const gpuvm_device *device, bool first)
{
    const gpuvm_mark *mark = &item->object.node->mark;
    gpuvm_plan_function *function =
        gpuvm_group_take(functions, device, GPUVM_ROLE_REQUESTED, mark, g_strdup("named in the definition"));

    if (first) {
        function->rom_file = item->rom_file;
        function->rom_bar = item->rom_bar;
    }
}

/* The functions at @addr's slot, without virtual ones of a physical function there: these stand alone. */
static GPtrArray *
functions_of_card(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    GPtrArray *slot = gpuvm_facts_slot(facts, addr);

    for (guint i = slot->len; i-- > 0;) {
        const gpuvm_device *device = slot->pdata[i];

        if (device->virtual_function && gpuvm_pci_addr_same_slot(&device->physical_function, addr))
            g_ptr_array_remove_index(slot, i);
    }
    return slot;
}

static void
take_all_named(const gpuvm_plan_input *input, GPtrArray *functions, gpuvm_diags *diags)
{
    const GPtrArray *items = input->vm->body.devices->pci_passthrough;

    for (guint i = 0; i < items->len; i++) {
        const gpuvm_passthrough *item = items->pdata[i];

        if (item->address.whole_card) {
            g_autoptr(GPtrArray) card = functions_of_card(input->facts, &item->address.addr);
            for (guint s = 0; s < card->len; s++)
                take_named(functions, item, card->pdata[s], s == 0);
            if (card->len == 0)
                not_found(item, diags);
        } else {
            const gpuvm_device *device = gpuvm_facts_device(input->facts, &item->address.addr);
            if (device)
                take_named(functions, item, device, true);
            else
                not_found(item, diags);
        }
    }
}

static int
compare_addresses(gconstpointer a, gconstpointer b)
{
    const gpuvm_plan_function *const *x = a, *const *y = b;

    return gpuvm_pci_addr_compare(&(*x)->device->addr, &(*y)->device->addr);
}

static void
check_virtual_functions(const GPtrArray *functions, gpuvm_diags *diags)
{
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];
        const gpuvm_device *device = function->device;

        if (device->virtual_functions->len > 0)
            gpuvm_diags_warning(diags, &function->mark,
                                "device %s has %u virtual functions, which go away when it is passed",
                                GPUVM_PCI(&device->addr), device->virtual_functions->len);
        for (guint k = 0; device->virtual_function && k < functions->len; k++) {
            const gpuvm_plan_function *other = functions->pdata[k];

            if (!gpuvm_pci_addr_equal(&other->device->addr, &device->physical_function))
                continue;
            gpuvm_diag *diag =
                gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                                  "device %s is a virtual function of %s, and goes away when that is passed",
                                  GPUVM_PCI(&device->addr), GPUVM_PCI(&other->device->addr));
            gpuvm_diag_hint(diag, "pass the one or the other");
        }
    }
}

static void
decide_devices(const gpuvm_plan_input *input, GPtrArray *functions, gpuvm_diags *diags)
{
    const gpuvm_devices *devices = input->vm->body.devices;
    const gpuvm_permit permit = {.policies = input->policies,
                                 .n_policies = input->n_policies,
                                 .vm_allowlist = devices->allowlist,
                                 .plugin_allowlist =
                                     input->plugin ? input->plugin->body.devices->allowlist : NULL};
    const gpuvm_select_input select = {
        .vm = input->vm, .facts = input->facts, .permit = &permit, .record = input->record};

    take_all_named(input, functions, diags);
    gpuvm_select(&select, functions, diags);
    g_ptr_array_sort(functions, compare_addresses); /* reasons name the first */
    if (devices->functions == GPUVM_FUNCTIONS_ALL)
        gpuvm_group_add_cards(functions, input->facts);
    gpuvm_group_close(functions, input->facts, devices->iommu_group, diags);
    check_virtual_functions(functions, diags);
    gpuvm_permit_check(&permit, functions, diags);
    gpuvm_protect_check(&permit, functions, input->facts, diags);
    gpuvm_claim_check(functions, input->vm->name, false, input->facts, diags);
}

static void
check_boot(const gpuvm_body *body, gpuvm_diags *diags)
{
    static const char *const keys[] = {"initramfs", "kernel_cmdline"};

    for (size_t i = 0; !body->kernel && i < G_N_ELEMENTS(keys); i++) {
        gpuvm_mark mark = gpuvm_object_mark(&body->object, keys[i]);

        if (gpuvm_object_has(&body->object, keys[i]))
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s is of no use without a kernel", keys[i]);
    }
}

gpuvm_plan *
gpuvm_planner_make(const gpuvm_plan_input *input, gpuvm_diags *diags)
{
    const gpuvm_body *body = &input->vm->body;
    gpuvm_plan *plan = gpuvm_plan_new(input->vm);

    plan->plugin = input->plugin;
    gpuvm_schema_later(&gpuvm_vm_table, input->vm, diags);
    if (input->plugin) /* what each of them says was judged by itself only in part */
        gpuvm_network_check(body->network, diags);
    check_boot(body, diags);
    gpuvm_place_check(body->resources, input->facts, diags);
    decide_devices(input, plan->functions, diags);
    plan->root_ports = gpuvm_guestpci_layout(plan->functions);
    gpuvm_place(plan, input->facts, diags);

    plan->digest = gpuvm_node_digest(body->object.node);
    plan->source = g_strdup(input->source);
    plan->directory = g_strdup(input->directory);
    plan->uuid = g_strdup(input->uuid);
    plan->mac = g_strdup(body->network->mac ? body->network->mac : input->mac);
    plan->domain_type = g_strdup(input->facts->domain_type ? input->facts->domain_type : "kvm");
    plan->emulator = g_strdup(input->facts->emulator);
    plan->arch = g_strdup(input->facts->arch ? input->facts->arch : "x86_64");
    plan->pool = g_strdup(input->pool);
    plan->pool_path = g_strdup(input->pool_path);
    gpuvm_workload_plan(plan);
    gpuvm_health_plan(plan, diags);
    gpuvm_cloudinit_plan(plan, diags);
    gpuvm_image_plan(plan);
    gpuvm_disk_plan(plan);
    gpuvm_image_check(plan, input->policies, input->n_policies, diags);
    return plan;
}
