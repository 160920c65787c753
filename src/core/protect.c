/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/protect.h"

/* The word behind those of gpuvm_use_names: devices whose use cannot be seen. */
#define UNSEEN "unseen"

static bool
policy_protects(const gpuvm_policy *policy, const char *word)
{
    if (!gpuvm_object_has(&policy->object, "protect"))
        return !g_str_equal(word, UNSEEN);
    for (guint i = 0; i < policy->protect->len; i++) {
        if (g_str_equal(policy->protect->pdata[i], word))
            return true;
    }
    return false;
}

static bool
protects(const gpuvm_permit *permit, const char *word)
{
    for (size_t i = 0; i < permit->n_policies; i++) {
        if (policy_protects(permit->policies[i].policy, word))
            return true;
    }
    return false;
}

static bool
host_display_allowed(const gpuvm_permit *permit)
{
    for (size_t i = 0; i < permit->n_policies; i++) {
        if (!permit->policies[i].policy->allow_host_display)
            return false;
    }
    return true;
}

static void
check_display(const gpuvm_permit *permit, const gpuvm_plan_function *function, gpuvm_diags *diags)
{
    gpuvm_diag *diag;

    if (function->device->boot_vga != 1 || host_display_allowed(permit))
        return;
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, &function->mark,
                             "device %s is the host's boot display: its console would go dark",
                             GPUVM_PCI(&function->device->addr));
    gpuvm_diag_hint(
        diag, "on a host that needs no display, set 'allow_host_display: true' in /etc/gpuvm/policy.yaml");
}

/* Of @addr: the function itself, or one of its virtual functions, which go away when it is passed. */
/* A device that a running domain has is held by that domain's emulator: core/claim.h has the word on it. */
static bool
held_by_domain(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, addr, NULL);

    return claims->len > 0 && ((const gpuvm_claim *)claims->pdata[0])->active;
}

static void
check_uses(const gpuvm_permit *permit, const gpuvm_plan_function *function, const gpuvm_pci_addr *addr,
           const gpuvm_facts *facts, gpuvm_diags *diags)
{
    const GPtrArray *uses = gpuvm_facts_uses(facts, addr);
    g_autofree char *of =
        gpuvm_pci_addr_equal(addr, &function->device->addr)
            ? g_strdup("")
            : g_strdup_printf(", a virtual function of %s,", GPUVM_PCI(&function->device->addr));

    for (guint i = 0; uses && i < uses->len; i++) {
        const gpuvm_use *use = uses->pdata[i];
        gpuvm_diag *diag;

        if ((!use->root && !protects(permit, gpuvm_use_names[use->kind])) ||
            (use->kind == GPUVM_USE_HOLDER && held_by_domain(facts, addr)))
            continue;
        diag = gpuvm_diags_error(diags, use->kind == GPUVM_USE_HOLDER ? GPUVM_EXIT_HOST : GPUVM_EXIT_REFUSED,
                                 &function->mark, "device %s%s is in use by the host: it %s", GPUVM_PCI(addr),
                                 of, use->what);
        if (use->remedy)
            gpuvm_diag_hint(diag, "to free it: %s", use->remedy);
    }
}

/* Says what could not be seen, once for all devices: @what, and what @remedy shows it. */
static void
report_unseen(const gpuvm_permit *permit, const char *what, const char *remedy, gpuvm_diags *diags)
{
    gpuvm_diag *diag;

    if (protects(permit, UNSEEN)) {
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, NULL, "%s", what);
        gpuvm_diag_hint(diag, "the policy protects what is unseen");
    } else {
        diag = gpuvm_diags_note(diags, NULL, "%s", what);
    }
    gpuvm_diag_hint(diag, "%s", remedy);
}

void
gpuvm_protect_check(const gpuvm_permit *permit, const GPtrArray *functions, const gpuvm_facts *facts,
                    gpuvm_diags *diags)
{
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];
        const GArray *virtual_functions = function->device->virtual_functions;

        check_display(permit, function, diags);
        check_uses(permit, function, &function->device->addr, facts, diags);
        for (guint v = 0; v < virtual_functions->len; v++)
            check_uses(permit, function, &g_array_index(virtual_functions, gpuvm_pci_addr, v), facts, diags);
    }
    if (functions->len > 0 && !facts->uses)
        report_unseen(
            permit,
            "whether the host uses these devices itself cannot be seen from here: gpuvm looked for no mounted "
            "disk, no network in use and no open GPU",
            "to see it, run gpuvm on the host itself", diags);
    else if (functions->len > 0 && facts->processes_hidden)
        report_unseen(permit, "whether processes of other users have these devices open could not be seen",
                      "to see it, run gpuvm as root", diags);
}
