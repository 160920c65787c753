/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/group.h"

void
gpuvm_card_rule(const gpuvm_admission *admission)
{
    GPtrArray *functions = admission->functions;
    guint n_requested = functions->len;

    if (admission->functions_mode != GPUVM_FUNCTIONS_ALL)
        return;
    for (guint i = 0; i < n_requested; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (function->device->virtual_function)
            continue;
        g_autoptr(GPtrArray) card = gpuvm_facts_card(admission->facts, &function->device->addr);
        for (guint s = 0; s < card->len; s++)
            gpuvm_functions_add(functions, card->pdata[s], GPUVM_ROLE_CARD, &function->mark,
                                g_strdup_printf("same card as %s", GPUVM_PCI(&function->device->addr)));
    }
}

static bool
stands_in_the_way(const gpuvm_device *member)
{
    return !member || (!member->bridge && member->driver && !gpuvm_driver_is_vfio(member->driver) &&
                       !g_str_equal(member->driver, "pci-stub"));
}

/* The members of @of's group that are not to be passed and stand in the way, in address order. */
static GArray *
offenders_of(const gpuvm_device *of, const gpuvm_admission *admission)
{
    GArray *offenders = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    for (guint m = 0; m < of->group_members->len; m++) {
        const gpuvm_pci_addr *addr = &g_array_index(of->group_members, gpuvm_pci_addr, m);

        if (!gpuvm_functions_find(admission->functions, addr) &&
            stands_in_the_way(gpuvm_facts_device(admission->facts, addr)))
            g_array_append_vals(offenders, addr, 1);
    }
    return offenders;
}

/*
 * Whether functions[i] is the first of its group, or of its card when it has none: each is looked at once.
 * Bridges are not looked at.
 */
static bool
first_of_group(const GPtrArray *functions, guint i)
{
    const gpuvm_plan_function *function = functions->pdata[i];

    for (guint k = 0; k < i; k++) {
        const gpuvm_plan_function *earlier = functions->pdata[k];

        if (!earlier->device->bridge && earlier->device->iommu_group == function->device->iommu_group &&
            (function->device->iommu_group != GPUVM_UNKNOWN ||
             gpuvm_pci_addr_same_slot(&earlier->device->addr, &function->device->addr)))
            return false;
    }
    return true;
}

static void
refuse_group(const gpuvm_admission *admission, const gpuvm_plan_function *function, const GArray *offenders)
{
    bool same_card = false;
    gpuvm_diag *diag =
        gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                          "IOMMU group %d of device %s is not viable: it also holds %u device%s "
                          "in use by the host",
                          function->device->iommu_group, GPUVM_PCI(&function->device->addr), offenders->len,
                          offenders->len == 1 ? "" : "s");

    for (guint i = 0; i < offenders->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(offenders, gpuvm_pci_addr, i);
        const gpuvm_device *member = gpuvm_facts_device(admission->facts, addr);

        if (member) {
            g_autofree char *what = gpuvm_device_describe(member);
            gpuvm_diag_hint(diag, "%s %s, %s, driver %s", GPUVM_PCI(addr), what,
                            gpuvm_pci_class_name(member->class_code), member->driver);
        } else {
            gpuvm_diag_hint(diag, "%s, of which the host says nothing", GPUVM_PCI(addr));
        }
        same_card |= gpuvm_pci_addr_same_slot(addr, &function->device->addr);
    }
    gpuvm_diag_hint(
        diag, "set 'iommu_group: include' to pass them to the guest too, or 'iommu_group: detach' to take "
              "them from the host without showing them to the guest; either way the host loses them");
    if (same_card)
        gpuvm_diag_hint(diag, "or pass the whole card, which 'functions: all' means");
    else
        gpuvm_diag_hint(diag, "or move the card to a slot with an IOMMU group of its own");
}

/* drivers/iommu/intel/iommu.c: device_rmrr_is_locked; drivers/iommu/iommu.c: require_direct */
static void
refuse_reserved(const gpuvm_admission *admission, const gpuvm_plan_function *function)
{
    gpuvm_diag *diag =
        gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                          "the kernel does not pass IOMMU group %d of device %s: the firmware wants memory "
                          "mapped for it (RMRR or IVMD)",
                          function->device->iommu_group, GPUVM_PCI(&function->device->addr));

    gpuvm_diag_hint(diag, GPUVM_GROUP_FREE);
}

/* Takes the group's offenders along; an unknown one cannot be. */
static void
draw_in(const gpuvm_admission *admission, const gpuvm_plan_function *function, const GArray *offenders)
{
    bool detached = admission->group_mode == GPUVM_GROUP_DETACH;

    for (guint i = 0; i < offenders->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(offenders, gpuvm_pci_addr, i);
        const gpuvm_device *member = gpuvm_facts_device(admission->facts, addr);

        if (member)
            gpuvm_functions_add(admission->functions, member,
                                detached ? GPUVM_ROLE_DETACHED : GPUVM_ROLE_GROUP, &function->mark,
                                g_strdup_printf("in IOMMU group %d of %s%s", function->device->iommu_group,
                                                GPUVM_PCI(&function->device->addr),
                                                detached ? ", kept from the guest" : ""));
        else
            gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                              "device %s of IOMMU group %d cannot be looked at", GPUVM_PCI(addr),
                              function->device->iommu_group);
    }
}

void
gpuvm_group_rule(const gpuvm_admission *admission)
{
    guint n_functions = admission->functions->len; /* what is drawn in belongs to the same groups */

    for (guint i = 0; i < n_functions; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];

        if (function->device->bridge || !first_of_group(admission->functions, i))
            continue;
        if (function->device->iommu_group == GPUVM_UNKNOWN) {
            gpuvm_diag *diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, &function->mark,
                                                 "device %s has no IOMMU group (IOMMU may not be enabled)",
                                                 GPUVM_PCI(&function->device->addr));
            gpuvm_diag_hint(diag,
                            "enable VT-d or AMD-Vi in the firmware; on Intel, boot with intel_iommu=on");
            continue;
        }
        if (function->device->reserved)
            refuse_reserved(admission, function);
        g_autoptr(GArray) offenders = offenders_of(function->device, admission);
        if (offenders->len == 0)
            continue;
        if (admission->group_mode == GPUVM_GROUP_REFUSE)
            refuse_group(admission, function, offenders);
        else
            draw_in(admission, function, offenders);
    }
}
