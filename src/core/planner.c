/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/planner.h"

#include <string.h>

#include "core/admit.h"
#include "core/boot.h"
#include "core/cardlock.h"
#include "core/cloudinit.h"
#include "core/disk.h"
#include "core/guestpci.h"
#include "core/habits.h"
#include "core/health.h"
#include "core/image.h"
#include "core/nccl.h"
#include "core/nvidia.h"
#include "core/place.h"
#include "core/secret.h"
#include "core/select.h"
#include "core/window.h"
#include "core/workload.h"
#include "doc/emit.h"
#include "model/tables.h"

/* Names what one item asks for; the option ROM is of the first function. */
static void
name_item(const gpuvm_admission *admission, const gpuvm_passthrough *item, const gpuvm_locked_host *lock)
{
    const gpuvm_mark *mark = &item->object.node->mark;
    gpuvm_plan_function *first;
    const char *why;
    gpuvm_pci_ref ref;
    bool locked;

    if (!gpuvm_cardlock_resolve(lock, item, admission->facts, admission->diags, &ref, &locked))
        return;
    why = gpuvm_pci_addr_equal(&ref.addr, &item->address.addr) ? "named in the definition"
                                                               : "named in the definition, and moved";
    first = ref.whole_card ? gpuvm_admission_name_card(admission, &ref.addr, mark, why)
                           : gpuvm_admission_name(admission, &ref.addr, GPUVM_ROLE_REQUESTED, mark, why);
    if (first && locked && !first->locked)
        first->locked = gpuvm_cardid_of(first->device, admission->facts);
    if (first) {
        first->rom_file = item->rom_file;
        first->rom_bar = item->rom_bar;
    }
}

static int
compare_addresses(gconstpointer a, gconstpointer b)
{
    const gpuvm_plan_function *const *x = a, *const *y = b;

    return gpuvm_pci_addr_compare(&(*x)->device->addr, &(*y)->device->addr);
}

gpuvm_admission
gpuvm_planner_admission(const gpuvm_plan *plan, bool running, const gpuvm_facts *facts,
                        const gpuvm_policies *policies)
{
    const gpuvm_resources *resources = plan->vm->body.resources;
    const gpuvm_devices *devices = plan->vm->body.devices;
    bool takes_memory = resources->hugepages == GPUVM_HUGEPAGES_NONE && !running;

    return (gpuvm_admission){
        .occasion = GPUVM_PLAN,
        .domain = plan->vm->name,
        .deployment = plan->deployed ? plan->deployed->name : NULL,
        .facts = facts,
        .policies = policies,
        .vm_allowlist = devices->allowlist,
        .plugin_allowlist = plan->plugin ? plan->plugin->body.devices->allowlist : NULL,
        .functions_mode = devices->functions,
        .group_mode = devices->iommu_group,
        .pinned_kib = takes_memory ? resources->memory_mb * 1024 : 0,
        .functions = plan->functions,
    };
}

static void
decide_devices(const gpuvm_plan_input *input, const gpuvm_plan *plan, gpuvm_diags *diags)
{
    const gpuvm_devices *devices = input->vm->body.devices;
    GPtrArray *functions = plan->functions;
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    unsigned errors = diags->errors;
    gpuvm_admission admission = gpuvm_planner_admission(plan, input->running, input->facts, input->policies);

    admission.absent = absent;
    admission.diags = diags;
    admission.together = input->together;
    for (guint i = 0; i < devices->pci_passthrough->len; i++)
        name_item(&admission, devices->pci_passthrough->pdata[i], input->lock);
    gpuvm_select(&admission, devices->gpus, input->record);
    if (!input->lock)
        gpuvm_cardlock_check_former(input->record, functions, input->facts, diags);
    g_ptr_array_sort(functions, compare_addresses); /* reasons name the first */
    gpuvm_admit(&admission);
    if (diags->errors == errors)
        gpuvm_habits_note(functions, input->vm, input->facts, diags);
}

/* Of a deployment's VM, none is left. */
static void
check_per_replica(const gpuvm_devices *devices, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&devices->object, "per_replica");

    if (devices->per_replica->len > 0)
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "per_replica is for deployments"),
                        "a VM's devices are in pci_passthrough");
}

/* For those who ask later what was applied; whoever may look at a domain can read it. */
static void
write_definition(gpuvm_plan *plan)
{
    const gpuvm_vm *vm = plan->vm;
    g_autoptr(gpuvm_doc) doc =
        gpuvm_secret_digest(&gpuvm_vm_table, vm->body.object.node, vm->name, plan->key, &plan->secrets);

    gpuvm_schema_arrange(&gpuvm_vm_table, doc->root);
    plan->digest = gpuvm_node_digest(doc->root);
    plan->definition = gpuvm_emit_yaml(doc->root);
    if (plan->secrets && plan->key)
        plan->key_id = gpuvm_secret_key_id(plan->key);
}

/* Each of its secrets looks like another one then. */
static void
note_other_key(const gpuvm_plan *plan, gpuvm_diags *diags)
{
    const gpuvm_record *former = plan->former;
    const char *definition = former ? former->definition : NULL;

    if (!plan->key_id || !definition || !strstr(definition, GPUVM_SPEC_HIDDEN) ||
        g_strcmp0(former->key, plan->key_id) == 0)
        return;
    gpuvm_diag_hint(gpuvm_diags_note(diags, NULL,
                                     "whether the secrets of VM '%s' are the same is not known: it was "
                                     "defined with another key, by another user, or by an older gpuvm",
                                     plan->vm->name),
                    "they count as changed until it is defined again: see \"Secrets\" in gpuvm(1)");
}

/* A replica that is defined by itself, as it is, stays one: what was exported says nothing of its deployment. */
static void
keep_deployment(gpuvm_plan *plan)
{
    const gpuvm_record *former = plan->former;

    if (plan->deployed || !former || !former->deployed || g_strcmp0(former->digest, plan->digest) != 0)
        return;
    plan->deployed = former->deployed;
    plan->replica = former->replica;
}

gpuvm_plan *
gpuvm_planner_make(const gpuvm_plan_input *input, gpuvm_diags *diags)
{
    const gpuvm_body *body = &input->vm->body;
    gpuvm_plan *plan = gpuvm_plan_new(input->vm);

    plan->plugin = input->plugin;
    plan->deployed = input->deployed;
    plan->replica = input->replica;
    plan->transient = input->transient;
    gpuvm_schema_later(&gpuvm_vm_table, input->vm, diags);
    gpuvm_network_check(body->network, diags); /* what each layer says was judged by itself only in part */
    check_per_replica(body->devices, diags);
    gpuvm_place_check(body->resources, input->facts, diags);
    decide_devices(input, plan, diags);
    gpuvm_place(plan, input->facts, input->policies, input->running, diags);
    gpuvm_guestpci_layout(plan, input->facts, diags);
    gpuvm_nvidia_cliques(plan, input->facts);
    gpuvm_nvidia_check(plan, input->facts, diags);

    plan->former = input->record;
    plan->set = input->set ? input->set : input->record ? input->record->set : NULL;
    plan->key = input->key;
    if (!input->unrecorded)
        write_definition(plan);
    note_other_key(plan, diags);
    keep_deployment(plan);
    plan->source = g_strdup(input->source);
    plan->directory = g_strdup(input->directory);
    plan->uuid = g_strdup(input->uuid);
    plan->mac = g_strdup(body->network->mac ? body->network->mac : input->mac);
    plan->domain_type = g_strdup(input->facts->domain_type ? input->facts->domain_type : "kvm");
    plan->emulator = g_strdup(input->facts->emulator);
    plan->arch = g_strdup(input->facts->arch ? input->facts->arch : "x86_64");
    gpuvm_nccl_plan(plan, input->facts);
    gpuvm_window_plan(plan, input->facts, diags);
    plan->pool = g_strdup(input->pool);
    plan->pool_path = g_strdup(input->pool_path);
    gpuvm_image_plan(plan);
    gpuvm_boot_kernel(plan, &input->facts->host, diags);
    gpuvm_workload_plan(plan);
    gpuvm_health_plan(plan, diags);
    gpuvm_cloudinit_plan(plan, diags);
    gpuvm_disk_plan(plan);
    gpuvm_boot_cmdline(plan);
    gpuvm_image_check(plan, input->policies, diags);
    return plan;
}
