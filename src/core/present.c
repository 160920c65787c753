/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/present.h"

#include "core/cardid.h"

/* Where the card of @recorded (NULL: none) is now, if it is found: nothing else is taken in its place. */
static bool
hint_moved(const gpuvm_admission *admission, const gpuvm_record_device *recorded, gpuvm_diag *diag)
{
    const gpuvm_device *moved = recorded ? gpuvm_cardid_find(&recorded->identity, admission->facts) : NULL;

    if (moved)
        gpuvm_diag_hint(diag, "the card moved from %s to %s; to have it there: gpuvm define FILE",
                        GPUVM_PCI(&recorded->addr), GPUVM_PCI(&moved->addr));
    return moved != NULL;
}

void
gpuvm_present_rule(const gpuvm_admission *admission)
{
    for (guint i = 0; i < admission->absent->len; i++) {
        const gpuvm_absent *absent = &g_array_index(admission->absent, gpuvm_absent, i);
        gpuvm_diag *diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &absent->mark,
                                             "PCI device not found: %s", GPUVM_PCI(&absent->addr));

        hint_moved(admission, gpuvm_record_find(admission->record, &absent->addr), diag);
        gpuvm_diag_hint(diag, "%s; see what the host has: gpuvm devices",
                        !admission->record ? "addresses change when cards are added or moved"
                        : gpuvm_record_find(admission->record, &absent->addr)
                            ? "it was there at define"
                            : "it was added to the domain after define");
    }
}

/* Whether a function of the card of the one at @i comes before it, and does not answer either. */
static bool
said_of_card(const GPtrArray *functions, guint i)
{
    const gpuvm_device *device = ((const gpuvm_plan_function *)functions->pdata[i])->device;

    for (guint k = 0; k < i; k++) {
        const gpuvm_device *other = ((const gpuvm_plan_function *)functions->pdata[k])->device;

        if (other->silent && gpuvm_device_same_card(other, device))
            return true;
    }
    return false;
}

void
gpuvm_answers_rule(const gpuvm_admission *admission)
{
    for (guint i = 0; i < admission->functions->len; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];
        const gpuvm_device *device = function->device;
        gpuvm_diag *diag;

        if (!device->silent || said_of_card(admission->functions, i))
            continue;
        diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                                 "device %s does not answer: its configuration space reads 0xff",
                                 GPUVM_PCI(&device->addr));
        gpuvm_diag_hint(diag, "to reset it: gpuvm release %s", GPUVM_PCI(&device->addr));
        /* drivers/vfio/pci/vfio_pci.c */
        if (gpuvm_driver_is_vfio(device->driver))
            gpuvm_diag_hint(
                diag, "if it falls silent whenever no VM has it: 'options vfio-pci disable_idle_d3=1' in "
                      "/etc/modprobe.d keeps it awake");
    }
}

void
gpuvm_identity_rule(const gpuvm_admission *admission)
{
    for (guint i = 0; admission->record && i < admission->functions->len; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];
        const gpuvm_device *device = function->device;
        const gpuvm_record_device *recorded = gpuvm_record_find(admission->record, &device->addr);
        g_autoptr(gpuvm_identity) identity = gpuvm_cardid_of(device, admission->facts);
        g_autofree char *now = NULL, *then = NULL;
        gpuvm_diag *diag;

        if (!recorded) {
            gpuvm_diags_note(admission->diags, &function->mark,
                             "device %s was added to the domain after define", GPUVM_PCI(&device->addr));
            continue;
        }
        if (gpuvm_cardid_same(identity, &recorded->identity))
            continue;
        now = gpuvm_cardid_text(identity, &recorded->identity, NULL);
        then = gpuvm_cardid_text(&recorded->identity, identity, NULL);
        diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                                 "device %s is now %s; it was %s at define", GPUVM_PCI(&device->addr), now,
                                 then);
        if (hint_moved(admission, recorded, diag))
            continue;
        gpuvm_diag_hint(diag, "a card was added, moved or replaced: look with gpuvm devices, correct the "
                              "definition, then gpuvm define it again");
    }
}

/* Whether a domain that is about to start has the function at @addr, on this host or not. */
static bool
is_named(const gpuvm_admission *admission, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < admission->absent->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(admission->absent, gpuvm_absent, i).addr, addr))
            return true;
    }
    return gpuvm_functions_find(admission->functions, addr) != NULL;
}

void
gpuvm_whole_rule(const gpuvm_admission *admission)
{
    const GArray *recorded = admission->record ? admission->record->devices : NULL;

    for (guint i = 0; recorded && i < recorded->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(recorded, gpuvm_record_device, i).addr;

        if (!is_named(admission, addr))
            gpuvm_diag_hint(gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, NULL,
                                              "device %s was removed from the domain after define",
                                              GPUVM_PCI(addr)),
                            "to have it again, define the VM from its file: gpuvm define FILE");
    }
}
