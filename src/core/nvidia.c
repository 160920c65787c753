/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/nvidia.h"

#include "core/switch.h"

#define NVIDIA 0x10de
#define CLASS_DISPLAY 0x03  /* base class */
#define CLASS_SWITCH 0x0680 /* other bridge: what an NVSwitch is */
#define CLIQUES 16

/* GPUs on boards with NVSwitches, by their PCI ids (pci-ids.ucw.cz/read/PC/10de). Blackwell's are no PCI functions. */
static const uint16_t switched[] = {
    0x1db8, /* V100 SXM3 32GB */
    0x20b0, /* A100 SXM4 40GB */
    0x20b2, /* A100 SXM4 80GB */
    0x20f3, /* A800 SXM4 80GB */
    0x2324, /* H800 SXM5 */
    0x2329, /* H20 */
    0x2330, /* H100 SXM5 80GB */
    0x2335, /* H200 SXM 141GB */
};

bool
gpuvm_nvidia_needs_switches(const gpuvm_device *device)
{
    for (size_t i = 0; device->vendor_id == NVIDIA && i < G_N_ELEMENTS(switched); i++) {
        if (switched[i] == device->device_id)
            return true;
    }
    return false;
}

/* The switch of the host that @function, a GPU that may be of a clique, is behind; NULL. */
static const gpuvm_device *
switch_of_gpu(const gpuvm_plan_function *function, const gpuvm_facts *facts)
{
    const gpuvm_device *device = function->device;

    return function->role != GPUVM_ROLE_DETACHED && device->vendor_id == NVIDIA &&
                   device->class_code >> 16 == CLASS_DISPLAY
               ? gpuvm_switch_of(facts, device)
               : NULL;
}

/* Gives @number to the GPUs from the @from-th function on that share its switch; whether there are several. */
static bool
number_clique(gpuvm_plan *plan, guint from, int number, const gpuvm_facts *facts)
{
    gpuvm_plan_function *first = plan->functions->pdata[from];
    const gpuvm_device *shared = switch_of_gpu(first, facts);
    unsigned members = 1;

    for (guint i = from + 1; shared && i < plan->functions->len; i++) {
        gpuvm_plan_function *other = plan->functions->pdata[i];

        if (switch_of_gpu(other, facts) == shared) {
            first->clique = other->clique = number;
            members++;
        }
    }
    if (members > 1)
        gpuvm_plan_decide(
            plan,
            g_strdup_printf("GPUDirect clique %d of %u GPUs from %s on", number, members,
                            GPUVM_PCI(&first->device->addr)),
            g_strdup_printf("p2p is auto, and they share switch %s of the host", GPUVM_PCI(&shared->addr)));
    return members > 1;
}

void
gpuvm_nvidia_cliques(gpuvm_plan *plan, const gpuvm_facts *facts)
{
    int number = 0;

    if (plan->vm->body.devices->p2p != GPUVM_P2P_AUTO)
        return;
    for (guint i = 0; i < plan->functions->len && number < CLIQUES; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->clique == GPUVM_UNKNOWN && number_clique(plan, i, number, facts))
            number++;
    }
}

/* The addresses of the host's NVSwitches that @plan does not pass, "" when there are none. g_malloc. */
static char *
missing_switches(const gpuvm_plan *plan, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        const gpuvm_plan_function *passed = gpuvm_functions_find(plan->functions, &device->addr);

        if (device->vendor_id == NVIDIA && device->class_code >> 8 == CLASS_SWITCH &&
            (!passed || passed->role == GPUVM_ROLE_DETACHED))
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", GPUVM_PCI(&device->addr));
    }
    return g_string_free(text, FALSE);
}

void
gpuvm_nvidia_check(const gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    const gpuvm_plan_function *first = NULL;
    g_autofree char *switches = NULL;
    gpuvm_diag *diag;

    for (guint i = 0; i < plan->functions->len && !first; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role != GPUVM_ROLE_DETACHED && gpuvm_nvidia_needs_switches(function->device))
            first = function;
    }
    switches = first ? missing_switches(plan, facts) : NULL;
    if (!switches || !*switches)
        return;
    diag = gpuvm_diags_note(
        diags, &first->mark,
        "CUDA will not initialise in the guest: GPU %s needs NVSwitches that are not passed: %s",
        GPUVM_PCI(&first->device->addr), switches);
    gpuvm_diag_hint(diag, "pass all GPUs and NVSwitches to one VM, and run nvidia-fabricmanager in it");
    gpuvm_diag_hint(diag,
                    "or run nvidia-fabricmanager on the host with FABRIC_MODE=1, and have it activate the "
                    "partition of these GPUs before the VM starts");
}
