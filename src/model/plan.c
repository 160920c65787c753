/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/plan.h"

const char *const gpuvm_role_names[] = {"requested", "same-card", "group-member", "detached", NULL};

static void
free_function(gpointer data)
{
    gpuvm_plan_function *function = data;

    g_free(function->why);
    gpuvm_identity_free(function->locked);
    g_free(function);
}

GPtrArray *
gpuvm_functions_new(void)
{
    return g_ptr_array_new_with_free_func(free_function);
}

gpuvm_plan_function *
gpuvm_functions_find(const GPtrArray *functions, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < functions->len; i++) {
        gpuvm_plan_function *function = functions->pdata[i];

        if (gpuvm_pci_addr_equal(&function->device->addr, addr))
            return function;
    }
    return NULL;
}

gpuvm_plan_function *
gpuvm_functions_add(GPtrArray *functions, const gpuvm_device *device, gpuvm_role role, const gpuvm_mark *mark,
                    char *why)
{
    gpuvm_plan_function *function = gpuvm_functions_find(functions, &device->addr);

    if (function) {
        g_free(why);
        return function;
    }
    function = g_new0(gpuvm_plan_function, 1);
    function->device = device;
    function->role = role;
    function->mark = *mark;
    function->rom_bar = true;
    function->clique = GPUVM_UNKNOWN;
    function->why = why;
    g_ptr_array_add(functions, function);
    return function;
}

void
gpuvm_plan_disk_free(gpuvm_plan_disk *disk)
{
    if (!disk)
        return;
    g_free(disk->source);
    g_free(disk->target);
    g_free(disk);
}

void
gpuvm_plan_image_free(gpuvm_plan_image *image)
{
    if (!image)
        return;
    g_free(image->path);
    g_free(image->url);
    g_free(image->volume);
    g_free(image->overlay);
    g_free(image);
}

void
gpuvm_plan_seed_free(gpuvm_plan_seed *seed)
{
    if (!seed)
        return;
    g_free(seed->user_data);
    g_free(seed->meta_data);
    g_free(seed->network_config);
    g_free(seed->volume);
    g_free(seed);
}

static void
free_decision(gpointer data)
{
    gpuvm_decision *decision = data;

    g_free(decision->what);
    g_free(decision->why);
    g_free(decision);
}

gpuvm_plan *
gpuvm_plan_new(const gpuvm_vm *vm)
{
    gpuvm_plan *plan = g_new0(gpuvm_plan, 1);

    plan->vm = vm;
    plan->functions = gpuvm_functions_new();
    plan->controllers = g_ptr_array_new_with_free_func(g_free);
    plan->decisions = g_ptr_array_new_with_free_func(free_decision);
    plan->disks = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_plan_disk_free);
    plan->images = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_plan_image_free);
    plan->place.numa_node = GPUVM_UNKNOWN;
    return plan;
}

void
gpuvm_plan_free(gpuvm_plan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->functions);
    g_ptr_array_unref(plan->controllers);
    g_ptr_array_unref(plan->decisions);
    g_ptr_array_unref(plan->disks);
    g_ptr_array_unref(plan->images);
    gpuvm_plan_seed_free(plan->seed);
    g_free(plan->kernel);
    g_free(plan->initrd);
    g_free(plan->cmdline);
    g_free(plan->manifest);
    g_free(plan->manifest_volume);
    g_free(plan->nccl_topology);
    g_free(plan->health_url);
    g_free(plan->pool);
    g_free(plan->pool_path);
    g_clear_pointer(&plan->place.cells, g_array_unref);
    g_clear_pointer(&plan->place.distances, g_array_unref);
    g_clear_pointer(&plan->place.cpus, g_array_unref);
    g_clear_pointer(&plan->place.pins, g_ptr_array_unref);
    g_clear_pointer(&plan->place.emulator, g_array_unref);
    g_free(plan->place.why);
    g_free(plan->place.cpus_why);
    g_free(plan->key_id);
    g_free(plan->digest);
    g_free(plan->definition);
    g_free(plan->uuid);
    g_free(plan->mac);
    g_free(plan->directory);
    g_free(plan->source);
    g_free(plan->domain_type);
    g_free(plan->emulator);
    g_free(plan->arch);
    g_free(plan);
}

void
gpuvm_plan_decide(gpuvm_plan *plan, char *what, char *why)
{
    gpuvm_decision *decision = g_new(gpuvm_decision, 1);

    *decision = (gpuvm_decision){what, why};
    g_ptr_array_add(plan->decisions, decision);
}

static void
free_rule(gpointer rule)
{
    gpuvm_schema_free(&gpuvm_rule_table, rule);
}

static void
free_image(gpointer data)
{
    gpuvm_record_image *image = data;

    g_free(image->what);
    g_free(image->volume);
    g_free(image);
}

static void
clear_device(gpointer device)
{
    gpuvm_identity_clear(&((gpuvm_record_device *)device)->identity);
}

gpuvm_record *
gpuvm_record_new(void)
{
    gpuvm_record *record = g_new0(gpuvm_record, 1);

    record->allowlist = g_ptr_array_new_with_free_func(free_rule);
    record->plugin_allowlist = g_ptr_array_new_with_free_func(free_rule);
    record->volumes = g_ptr_array_new_with_free_func(g_free);
    record->images = g_ptr_array_new_with_free_func(free_image);
    record->labels = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_pair_free);
    record->devices = g_array_new(FALSE, FALSE, sizeof(gpuvm_record_device));
    g_array_set_clear_func(record->devices, clear_device);
    return record;
}

void
gpuvm_record_free(gpuvm_record *record)
{
    if (!record)
        return;
    g_free(record->digest);
    g_free(record->key);
    g_free(record->definition);
    g_free(record->made);
    g_free(record->seen);
    g_free(record->source);
    g_free(record->plugin);
    g_free(record->set);
    gpuvm_deployed_unref(record->deployed);
    g_free(record->health_url);
    g_free(record->pool);
    g_ptr_array_unref(record->allowlist);
    g_ptr_array_unref(record->plugin_allowlist);
    g_ptr_array_unref(record->volumes);
    g_ptr_array_unref(record->images);
    g_ptr_array_unref(record->labels);
    g_array_unref(record->devices);
    g_free(record);
}

const gpuvm_record_device *
gpuvm_record_find(const gpuvm_record *record, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; record && i < record->devices->len; i++) {
        const gpuvm_record_device *device = &g_array_index(record->devices, gpuvm_record_device, i);

        if (gpuvm_pci_addr_equal(&device->addr, addr))
            return device;
    }
    return NULL;
}

const gpuvm_record_image *
gpuvm_record_find_image(const gpuvm_record *record, const char *what)
{
    for (guint i = 0; record && i < record->images->len; i++) {
        const gpuvm_record_image *image = record->images->pdata[i];

        if (g_str_equal(image->what, what))
            return image;
    }
    return NULL;
}
