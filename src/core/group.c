/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/group.h"

static gpuvm_plan_function *
find(const GPtrArray *functions, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < functions->len; i++) {
        gpuvm_plan_function *function = functions->pdata[i];

        if (gpuvm_pci_addr_equal(&function->device->addr, addr))
            return function;
    }
    return NULL;
}

gpuvm_plan_function *
gpuvm_group_take(GPtrArray *functions, const gpuvm_device *device, gpuvm_role role, const gpuvm_mark *mark,
                 char *why)
{
    gpuvm_plan_function *function = find(functions, &device->addr);

    if (function) {
        g_free(why);
        return function;
    }
    function = g_new0(gpuvm_plan_function, 1);
    function->device = device;
    function->role = role;
    function->mark = *mark;
    function->rom_bar = true;
    function->why = why;
    g_ptr_array_add(functions, function);
    return function;
}

void
gpuvm_group_add_cards(GPtrArray *functions, const gpuvm_facts *facts)
{
    guint n_requested = functions->len;

    for (guint i = 0; i < n_requested; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (function->device->virtual_function)
            continue;
        g_autoptr(GPtrArray) slot = gpuvm_facts_slot(facts, &function->device->addr);
        for (guint s = 0; s < slot->len; s++) {
            const gpuvm_device *sibling = slot->pdata[s];

            if (!sibling->virtual_function && !find(functions, &sibling->addr))
                gpuvm_group_take(functions, sibling, GPUVM_ROLE_CARD, &function->mark,
                                 g_strdup_printf("same card as %s", GPUVM_PCI(&function->device->addr)));
        }
    }
}

static bool
stands_in_the_way(const gpuvm_device *member)
{
    return !member || (!member->bridge && member->driver && !g_str_equal(member->driver, "vfio-pci") &&
                       !g_str_equal(member->driver, "pci-stub"));
}

/* The members of @of's group that are not in @functions and stand in the way, in address order. */
static GArray *
offenders_of(const gpuvm_device *of, const GPtrArray *functions, const gpuvm_facts *facts)
{
    GArray *offenders = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    for (guint m = 0; m < of->group_members->len; m++) {
        const gpuvm_pci_addr *addr = &g_array_index(of->group_members, gpuvm_pci_addr, m);

        if (!find(functions, addr) && stands_in_the_way(gpuvm_facts_device(facts, addr)))
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
refuse_group(const gpuvm_plan_function *function, const GArray *offenders, const gpuvm_facts *facts,
             gpuvm_diags *diags)
{
    bool same_card = false;
    gpuvm_diag *diag =
        gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                          "IOMMU group %d of device %s is not viable: it also holds %u device%s "
                          "in use by the host",
                          function->device->iommu_group, GPUVM_PCI(&function->device->addr), offenders->len,
                          offenders->len == 1 ? "" : "s");

    for (guint i = 0; i < offenders->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(offenders, gpuvm_pci_addr, i);
        const gpuvm_device *member = gpuvm_facts_device(facts, addr);

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

/* Takes the group's offenders along; an unknown one cannot be. */
static void
draw_in(GPtrArray *functions, const gpuvm_plan_function *function, const GArray *offenders,
        const gpuvm_facts *facts, gpuvm_role role, gpuvm_diags *diags)
{
    for (guint i = 0; i < offenders->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(offenders, gpuvm_pci_addr, i);
        const gpuvm_device *member = gpuvm_facts_device(facts, addr);

        if (member)
            gpuvm_group_take(functions, member, role, &function->mark,
                             g_strdup_printf("in IOMMU group %d of %s%s", function->device->iommu_group,
                                             GPUVM_PCI(&function->device->addr),
                                             role == GPUVM_ROLE_DETACHED ? ", kept from the guest" : ""));
        else
            gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                              "device %s of IOMMU group %d cannot be looked at", GPUVM_PCI(addr),
                              function->device->iommu_group);
    }
}

void
gpuvm_group_close(GPtrArray *functions, const gpuvm_facts *facts, int mode, gpuvm_diags *diags)
{
    guint n_functions = functions->len; /* what is drawn in belongs to the same groups */

    for (guint i = 0; i < n_functions; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (function->device->bridge || !first_of_group(functions, i))
            continue;
        if (function->device->iommu_group == GPUVM_UNKNOWN) {
            gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &function->mark,
                                                 "device %s has no IOMMU group (IOMMU may not be enabled)",
                                                 GPUVM_PCI(&function->device->addr));
            gpuvm_diag_hint(diag,
                            "enable VT-d or AMD-Vi in the firmware; on Intel, boot with intel_iommu=on");
            continue;
        }
        g_autoptr(GArray) offenders = offenders_of(function->device, functions, facts);
        if (offenders->len == 0)
            continue;
        if (mode == GPUVM_GROUP_REFUSE)
            refuse_group(function, offenders, facts, diags);
        else
            draw_in(functions, function, offenders, facts,
                    mode == GPUVM_GROUP_INCLUDE ? GPUVM_ROLE_GROUP : GPUVM_ROLE_DETACHED, diags);
    }
}
