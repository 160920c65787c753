/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/protect.h"

/* The word behind those of gpuvm_use_names: devices whose use cannot be seen. */
#define UNSEEN "unseen"

static bool
policy_protects(const gpuvm_policy *policy, const char *word)
{
    return !policy->protect || g_ptr_array_find_with_equal_func(policy->protect, word, g_str_equal, NULL);
}

bool
gpuvm_protects(const gpuvm_policies *policies, const char *word)
{
    for (unsigned i = 0; i < policies->n; i++) {
        if (policy_protects(policies->of[i].spec->policy, word))
            return true;
    }
    return false;
}

static bool
host_display_allowed(const gpuvm_admission *admission)
{
    for (unsigned i = 0; i < admission->policies->n; i++) {
        if (!admission->policies->of[i].spec->policy->allow_host_display)
            return false;
    }
    return true;
}

static void
check_display(const gpuvm_admission *admission, const gpuvm_plan_function *function)
{
    gpuvm_diag *diag;

    if (function->device->boot_vga != 1 || host_display_allowed(admission))
        return;
    diag = gpuvm_diags_error(admission->diags, GPUVM_EXIT_REFUSED, &function->mark,
                             "device %s is the host's boot display: its console would go dark",
                             GPUVM_PCI(&function->device->addr));
    gpuvm_diag_hint(
        diag, "on a host that needs no display, set 'allow_host_display: true' in /etc/gpuvm/policy.yaml");
}

/* A device that a running domain has is held by that domain's emulator: core/claim.h has the word on it. */
static bool
held_by_domain(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, addr, NULL);

    for (guint i = 0; i < claims->len; i++) {
        if (gpuvm_claim_has(claims->pdata[i], addr))
            return true;
    }
    return false;
}

/* What does not answer is reset before it is released: whatever the host has on it is in the way. */
static bool
resets(const gpuvm_admission *admission)
{
    for (guint i = 0; i < admission->functions->len; i++) {
        if (((const gpuvm_plan_function *)admission->functions->pdata[i])->device->silent)
            return true;
    }
    return false;
}

static bool
counts(const gpuvm_admission *admission, const gpuvm_use *use, const gpuvm_pci_addr *addr)
{
    if (use->kind == GPUVM_USE_HOLDER && held_by_domain(admission->facts, addr))
        return false;
    if (admission->occasion == GPUVM_RELEASE)
        return use->kind == GPUVM_USE_HOLDER || resets(admission);
    return use->root || gpuvm_protects(admission->policies, gpuvm_use_names[use->kind]);
}

/* Of @addr: the function itself, or one of its virtual functions, which go away when it is passed. */
static void
check_uses(const gpuvm_admission *admission, const gpuvm_plan_function *function, const gpuvm_pci_addr *addr)
{
    const GPtrArray *uses = gpuvm_facts_uses(admission->facts, addr);
    g_autofree char *of =
        gpuvm_pci_addr_equal(addr, &function->device->addr)
            ? g_strdup("")
            : g_strdup_printf(", a virtual function of %s,", GPUVM_PCI(&function->device->addr));

    for (guint i = 0; uses && i < uses->len; i++) {
        const gpuvm_use *use = uses->pdata[i];
        gpuvm_diag *diag;

        if (!counts(admission, use, addr))
            continue;
        diag = gpuvm_diags_error(
            admission->diags, use->kind == GPUVM_USE_HOLDER ? GPUVM_EXIT_HOST : GPUVM_EXIT_REFUSED,
            &function->mark, "device %s%s is in use by the host: it %s", GPUVM_PCI(addr), of, use->what);
        if (use->remedy)
            gpuvm_diag_hint(diag, "to free it: %s", use->remedy);
    }
}

void
gpuvm_protect_rule(const gpuvm_admission *admission)
{
    for (guint i = 0; i < admission->functions->len; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];
        const GArray *virtual_functions = function->device->virtual_functions;

        check_display(admission, function);
        check_uses(admission, function, &function->device->addr);
        for (guint v = 0; v < virtual_functions->len; v++)
            check_uses(admission, function, &g_array_index(virtual_functions, gpuvm_pci_addr, v));
    }
}

void
gpuvm_protect_holder_rule(const gpuvm_admission *admission)
{
    if (resets(admission)) {
        gpuvm_protect_rule(admission);
        return;
    }
    for (guint i = 0; i < admission->functions->len; i++) {
        const gpuvm_plan_function *function = admission->functions->pdata[i];

        check_uses(admission, function, &function->device->addr);
    }
}

/* The word on what cannot be seen: planning changes nothing, and is as good from another machine. */
static gpuvm_diag *
report_unseen(const gpuvm_policies *policies, gpuvm_occasion occasion, gpuvm_diags *diags, const char *what)
{
    gpuvm_diag *diag;

    if (!gpuvm_protects(policies, UNSEEN))
        return gpuvm_diags_note(diags, NULL, "%s", what);
    diag = occasion == GPUVM_PLAN ? gpuvm_diags_warning(diags, NULL, "%s", what)
                                  : gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, NULL, "%s", what);
    gpuvm_diag_hint(diag, "to go without, have a policy whose 'protect' leaves 'unseen' out");
    return diag;
}

const gpuvm_diag *
gpuvm_protect_unseen(const gpuvm_policies *policies, gpuvm_occasion occasion, const gpuvm_facts *facts,
                     gpuvm_diags *diags)
{
    gpuvm_diag *diag = NULL;

    if (!facts->uses) {
        diag = report_unseen(
            policies, occasion, diags,
            "whether the host uses these devices itself cannot be seen from here: gpuvm looked for no "
            "mounted disk, no network in use and no open GPU");
        gpuvm_diag_hint(diag, "to see it, run gpuvm on the host itself");
    } else if (facts->processes_hidden) {
        diag = report_unseen(policies, occasion, diags,
                             "whether processes have these devices open cannot be seen: some are hidden");
        gpuvm_diag_hint(diag, "to see them all, run gpuvm as root (sudo), and not in a container");
    }
    return diag;
}

void
gpuvm_protect_unseen_rule(const gpuvm_admission *admission)
{
    if (admission->functions->len > 0)
        gpuvm_protect_unseen(admission->policies, admission->occasion, admission->facts, admission->diags);
}
