/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/recheck.h"

#include "core/claim.h"
#include "core/group.h"
#include "core/protect.h"

static const gpuvm_recorded *
find_recorded(const gpuvm_record *record, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < record->devices->len; i++) {
        const gpuvm_recorded *device = &g_array_index(record->devices, gpuvm_recorded, i);

        if (gpuvm_pci_addr_equal(&device->addr, addr))
            return device;
    }
    return NULL;
}

static void
check_identity(const gpuvm_device *device, const gpuvm_recorded *recorded, gpuvm_diags *diags)
{
    gpuvm_diag *diag;

    if (device->vendor_id == recorded->vendor_id && device->device_id == recorded->device_id)
        return;
    diag =
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL,
                          "device %s is now %04x:%04x; it was %04x:%04x at define", GPUVM_PCI(&device->addr),
                          device->vendor_id, device->device_id, recorded->vendor_id, recorded->device_id);
    gpuvm_diag_hint(diag,
                    "a card was added, moved or replaced: look with gpuvm devices, mend the definition, then "
                    "gpuvm define it again");
}

/* What libvirt would pass, as the rules take it; what is absent or changed is reported. */
static GPtrArray *
functions_now(const gpuvm_recheck_input *input, gpuvm_diags *diags)
{
    GPtrArray *functions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_plan_function_free);

    for (guint i = 0; i < input->hostdevs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(input->hostdevs, gpuvm_pci_addr, i);
        const gpuvm_device *device = gpuvm_facts_device(input->facts, addr);
        const gpuvm_recorded *recorded = find_recorded(input->record, addr);

        if (!device) {
            gpuvm_diag *diag =
                gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL, "PCI device not found: %s", GPUVM_PCI(addr));
            gpuvm_diag_hint(diag, "%s; see what the host has now: gpuvm devices",
                            recorded ? "it was there at define" : "it was added to the domain after define");
            continue;
        }
        if (recorded)
            check_identity(device, recorded, diags);
        else
            gpuvm_diags_note(diags, NULL, "device %s was added to the domain after define", GPUVM_PCI(addr));
        gpuvm_group_take(functions, device, recorded ? recorded->role : GPUVM_ROLE_REQUESTED,
                         &(gpuvm_mark){0}, NULL);
    }
    return functions;
}

/* A guest with passed devices has all its memory at once, and the kernel may kill anything to find it. */
static void
check_memory(const gpuvm_recheck_input *input, gpuvm_diags *diags)
{
    uint64_t available = input->facts->available_kib;
    gpuvm_diag *diag;

    if (input->hostdevs->len == 0 || available == 0 || input->pinned_kib <= available)
        return;
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL,
                             "the VM takes %" G_GUINT64_FORMAT " MiB, and %" G_GUINT64_FORMAT
                             " MiB of the host's memory are available now",
                             input->pinned_kib / 1024, available / 1024);
    gpuvm_diag_hint(
        diag, "stop something else, or give the VM less: a guest with passed devices has all its memory "
              "pinned from the start");
}

/* What libvirt would find out only after the devices were detached. */
static void
check_host(const gpuvm_recheck_input *input, gpuvm_diags *diags)
{
    const gpuvm_observations *seen = input->seen;
    gpuvm_diag *diag = NULL;

    if (input->hostdevs->len == 0 || !seen)
        return;
    if (seen->vfio_node == 0)
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL,
                                 "VFIO is not available: there is no /dev/vfio/vfio");
    else if (seen->interrupt_remapping == 0 && seen->unsafe_interrupts != 1)
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, NULL,
                                 "the host has no interrupt remapping: the kernel refuses to pass devices");
    if (diag)
        gpuvm_diag_hint(diag, "gpuvm check says what to do");
}

void
gpuvm_recheck(const gpuvm_recheck_input *input, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) functions = functions_now(input, diags);
    const gpuvm_permit permit = {.policies = input->policies,
                                 .n_policies = input->n_policies,
                                 .vm_allowlist = input->record->allowlist,
                                 .plugin_allowlist = input->record->plugin_allowlist};

    check_host(input, diags);
    check_memory(input, diags);
    gpuvm_group_close(functions, input->facts, GPUVM_GROUP_REFUSE, diags);
    gpuvm_permit_check(&permit, functions, diags);
    gpuvm_protect_check(&permit, functions, input->facts, diags);
    gpuvm_claim_check(functions, input->name, true, input->facts, diags);
}
