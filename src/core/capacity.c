/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/capacity.h"

#include "core/admit.h"
#include "core/protect.h"
#include "core/ready.h"
#include "model/cpuset.h"

char *
gpuvm_capacity_model_name(uint16_t vendor_id, uint16_t device_id)
{
    return g_strdup_printf(GPUVM_CAPACITY_CARDS "%04x_%04x", vendor_id, device_id);
}

static void
free_out(gpointer data)
{
    gpuvm_capacity_out *out = data;

    g_free(out->why);
    g_free(out);
}

static void
free_model(gpointer data)
{
    gpuvm_capacity_model *model = data;

    g_free(model->name);
    g_ptr_array_unref(model->out);
    g_free(model);
}

void
gpuvm_capacity_free(gpuvm_capacity *capacity)
{
    if (!capacity)
        return;
    g_ptr_array_unref(capacity->models);
    g_free(capacity);
}

static gpuvm_capacity_model *
ensure_model(gpuvm_capacity *capacity, const gpuvm_device *device)
{
    gpuvm_capacity_model *model;

    for (guint i = 0; i < capacity->models->len; i++) {
        model = capacity->models->pdata[i];
        if (model->device->vendor_id == device->vendor_id && model->device->device_id == device->device_id)
            return model;
    }
    model = g_new0(gpuvm_capacity_model, 1);
    model->name = gpuvm_capacity_model_name(device->vendor_id, device->device_id);
    model->device = device;
    model->out = g_ptr_array_new_with_free_func(free_out);
    g_ptr_array_add(capacity->models, model);
    return model;
}

/* The running domain that has @device; NULL. */
static const gpuvm_claim *
holder_of(const gpuvm_facts *facts, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, &device->addr, NULL);

    for (guint i = 0; i < claims->len; i++) {
        if (gpuvm_claim_has(claims->pdata[i], &device->addr))
            return claims->pdata[i];
    }
    return NULL;
}

/* What on the host would have the start of any VM with @device refused; NULL. g_malloc. */
static char *
why_unfit(gpuvm_admission admission, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

    admission.occasion = GPUVM_START;
    admission.functions = functions;
    admission.diags = diags;
    gpuvm_functions_add(functions, device, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    gpuvm_ready_rule(&admission);
    gpuvm_protect_unseen_rule(&admission);
    return diags->errors > 0 ? g_strdup(((const gpuvm_diag *)diags->items->pdata[0])->message) : NULL;
}

/* Free is what a selector would find. */
static void
count(gpuvm_capacity_model *model, const gpuvm_device *device, const gpuvm_facts *facts,
      const gpuvm_policies *policies)
{
    const gpuvm_admission admission = {
        .occasion = GPUVM_CHOOSE, .domain = "", .facts = facts, .policies = policies};
    const gpuvm_claim *holder = holder_of(facts, device);
    gpuvm_capacity_out *out;
    char *why;

    if (holder && holder->metadata) {
        model->in_vms++;
        return;
    }
    why = holder ? g_strdup_printf("domain '%s', which gpuvm does not manage, has it", holder->domain)
                 : gpuvm_admit_why_not(&admission, device);
    if (!why)
        why = why_unfit(admission, device);
    if (!why) {
        model->free++;
        return;
    }
    out = g_new(gpuvm_capacity_out, 1);
    *out = (gpuvm_capacity_out){device->addr, why};
    g_ptr_array_add(model->out, out);
}

static bool
is_reserved(const gpuvm_policies *policies, const GArray *isolated, int cpu)
{
    for (unsigned i = 0; i < policies->n; i++) {
        if (gpuvm_cpuset_has(policies->of[i].spec->policy->reserved_cpus, cpu))
            return true;
    }
    return gpuvm_cpuset_has(isolated, cpu);
}

static uint64_t
reserved_cpus(const gpuvm_facts *facts, const gpuvm_policies *policies)
{
    const char *text = facts->host.isolated_cpus;
    g_autoptr(GArray) isolated = text ? gpuvm_cpuset_parse(text) : NULL;
    uint64_t n = 0;

    for (guint c = 0; c < facts->cells->len; c++) {
        const GArray *cpus = ((const gpuvm_cell *)facts->cells->pdata[c])->cpus;

        for (guint i = 0; i < cpus->len; i++)
            n += is_reserved(policies, isolated, g_array_index(cpus, gpuvm_cpu, i).id);
    }
    return n;
}

static int
compare_models(gconstpointer a, gconstpointer b)
{
    return g_strcmp0((*(const gpuvm_capacity_model *const *)a)->name,
                     (*(const gpuvm_capacity_model *const *)b)->name);
}

gpuvm_capacity *
gpuvm_capacity_make(const gpuvm_facts *facts, const gpuvm_policies *policies)
{
    gpuvm_capacity *capacity = g_new0(gpuvm_capacity, 1);
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    const gpuvm_device *last = NULL; /* that was counted: a card may have several GPUs */
    GHashTableIter iter;
    gpointer load;

    capacity->models = g_ptr_array_new_with_free_func(free_model);
    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];

        if (!gpuvm_device_is_gpu(device) || (last && gpuvm_device_same_card(last, device)))
            continue;
        count(ensure_model(capacity, device), device, facts, policies);
        last = device;
    }
    g_ptr_array_sort(capacity->models, compare_models);
    capacity->memory_mb =
        (gpuvm_capacity_amount){facts->memory_kib / 1024, gpuvm_policies_reserved_mib(policies), 0};
    capacity->cpus = (gpuvm_capacity_amount){facts->cpus, reserved_cpus(facts, policies), 0};
    g_hash_table_iter_init(&iter, facts->strangers);
    while (g_hash_table_iter_next(&iter, NULL, &load)) {
        capacity->memory_mb.strangers += ((const gpuvm_load *)load)->memory_kib / 1024;
        capacity->cpus.strangers += ((const gpuvm_load *)load)->cpus;
    }
    return capacity;
}

uint64_t
gpuvm_capacity_cards(const gpuvm_capacity_model *model)
{
    return model->free + model->in_vms;
}

uint64_t
gpuvm_capacity_left(const gpuvm_capacity_amount *amount)
{
    return amount->total - MIN(amount->total, amount->reserved + amount->strangers);
}
