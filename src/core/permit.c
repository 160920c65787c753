/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/permit.h"

#include <string.h>

bool
gpuvm_rule_match(const gpuvm_rule *rule, const gpuvm_device *device)
{
    if (rule->id && !gpuvm_pci_pattern_match(rule->id, device->vendor_id, device->device_id))
        return false;
    if (rule->device_class && !gpuvm_pci_class_match(rule->device_class, device->class_code))
        return false;
    if (!rule->address)
        return true;
    return rule->address->whole_card ? gpuvm_pci_addr_same_slot(&rule->address->addr, &device->addr)
                                     : gpuvm_pci_addr_equal(&rule->address->addr, &device->addr);
}

char *
gpuvm_rule_describe(const gpuvm_rule *rule)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (rule->id) {
        g_autofree char *id = gpuvm_pci_pattern_format(rule->id);
        g_string_append(text, id);
    }
    if (rule->device_class)
        g_string_append_printf(text, "%sclass %s", text->len > 0 ? " of " : "", rule->device_class);
    if (rule->address) {
        g_autofree char *address = gpuvm_pci_ref_format(rule->address);
        g_string_append_printf(text, "%sat %s", text->len > 0 ? " " : "", address);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const gpuvm_rule *
matching_rule(const GPtrArray *rules, const gpuvm_device *device)
{
    for (guint i = 0; rules && i < rules->len; i++) {
        if (gpuvm_rule_match(rules->pdata[i], device))
            return rules->pdata[i];
    }
    return NULL;
}

/* A policy without an allowlist allows what people call GPUs. */
static bool
allows(const gpuvm_policy *policy, const gpuvm_device *device)
{
    return policy->allowlist ? matching_rule(policy->allowlist, device) != NULL : gpuvm_device_is_gpu(device);
}

/* Whether @rules, the list of a VM or of its plugin, lets @device pass. */
static bool
lets_pass(const GPtrArray *rules, const gpuvm_device *device)
{
    return !rules || rules->len == 0 || matching_rule(rules, device);
}

bool
gpuvm_permit_device(const gpuvm_admission *admission, const gpuvm_device *device)
{
    for (unsigned i = 0; i < admission->policies->n; i++) {
        const gpuvm_policy *policy = admission->policies->of[i].spec->policy;

        if (matching_rule(policy->denylist, device) || !allows(policy, device))
            return false;
    }
    return admission->policies->n > 0 && lets_pass(admission->vm_allowlist, device) &&
           lets_pass(admission->plugin_allowlist, device);
}

static char *
describe_rules(const GPtrArray *rules)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < rules->len; i++) {
        g_autofree char *rule = gpuvm_rule_describe(rules->pdata[i]);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", rule);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *
describe_allowlist(const gpuvm_policy *policy)
{
    if (!policy->allowlist)
        return g_strdup("display controllers, accelerators and co-processors (classes 03, 12, 0b40)");
    return policy->allowlist->len > 0 ? describe_rules(policy->allowlist) : g_strdup("nothing");
}

static void
hint_list(gpuvm_diag *diag, const char *whose, const GPtrArray *list, const gpuvm_device *device)
{
    if (lets_pass(list, device))
        return;
    g_autofree char *rules = describe_rules(list);
    gpuvm_diag_hint(diag, "devices.allowlist of the %s has %s: add '%04x:%04x' or '%04x:*'", whose, rules,
                    device->vendor_id, device->device_id, device->vendor_id);
}

/* Says of each list that stands in the way what it allows and what to add. */
static void
hint_lists(gpuvm_diag *diag, const gpuvm_admission *admission, const gpuvm_device *device)
{
    for (unsigned i = 0; i < admission->policies->n; i++) {
        const gpuvm_policy *policy = admission->policies->of[i].spec->policy;
        const char *name = admission->policies->of[i].name;
        const gpuvm_rule *denied = matching_rule(policy->denylist, device);

        if (denied) {
            g_autofree char *rule = gpuvm_rule_describe(denied);
            gpuvm_diag_hint(diag, "the denylist of %s has it: %s", name, rule);
        } else if (!allows(policy, device)) {
            g_autofree char *rules = describe_allowlist(policy);
            gpuvm_diag_hint(diag, "%s allows %s; its class is %06x (%s)", name, rules, device->class_code,
                            gpuvm_pci_class_name(device->class_code));
            gpuvm_diag_hint(
                diag, "to allow it, add '- %04x:%04x' to the allowlist of %s%s", device->vendor_id,
                device->device_id,
                g_str_equal(name, GPUVM_POLICY_BUILTIN)
                    ? "/etc/gpuvm/policy.yaml, which takes that policy's place"
                    : name,
                policy->allowlist ? "" : " (with '- class: \"03\"' for GPUs: a list allows nothing else)");
        }
    }
    hint_list(diag, "VM", admission->vm_allowlist, device);
    hint_list(diag, "plugin", admission->plugin_allowlist, device);
}

static bool
on_card(const gpuvm_plan_function *function)
{
    return (function->role == GPUVM_ROLE_REQUESTED || function->role == GPUVM_ROLE_CARD) &&
           !function->device->virtual_function;
}

static bool
denied(const gpuvm_admission *admission, const gpuvm_device *device)
{
    for (unsigned i = 0; i < admission->policies->n; i++) {
        if (matching_rule(admission->policies->of[i].spec->policy->denylist, device))
            return true;
    }
    return false;
}

/*
 * Whether @function may be passed: by itself, or along with a permitted function of its card. A card that may
 * not is reported once, for the first of its functions: @ret_first.
 */
static bool
permitted(const gpuvm_admission *admission, const gpuvm_plan_function *function, bool *ret_first)
{
    *ret_first = true;
    if (denied(admission, function->device))
        return false;
    if (gpuvm_permit_device(admission, function->device))
        return true;
    if (!on_card(function))
        return false;

    const gpuvm_plan_function *first = NULL;
    for (guint i = 0; i < admission->functions->len; i++) {
        const gpuvm_plan_function *other = admission->functions->pdata[i];

        if (!on_card(other) || !gpuvm_pci_addr_same_slot(&other->device->addr, &function->device->addr))
            continue;
        if (gpuvm_permit_device(admission, other->device))
            return true;
        if (!first && !denied(admission, other->device))
            first = other;
    }
    *ret_first = first == function;
    return false;
}

/* Host bridges and ISA bridges are not bridges to VFIO (their header type is 0), yet the host cannot do without them. */
static bool
is_chipset(const gpuvm_device *device)
{
    return gpuvm_pci_class_match("0600", device->class_code) ||
           gpuvm_pci_class_match("0601", device->class_code);
}

void
gpuvm_permit_rule(const gpuvm_admission *admission)
{
    const GPtrArray *functions = admission->functions;
    gpuvm_diags *diags = admission->diags;

    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];
        const gpuvm_device *device = function->device;
        gpuvm_diag *diag;
        bool first;

        if (device->bridge) {
            diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, &function->mark,
                                     "device %s is a PCI bridge, which is never passed",
                                     GPUVM_PCI(&device->addr));
            gpuvm_diag_hint(diag, "name the device behind it: see gpuvm devices");
        } else if (is_chipset(device)) {
            diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, &function->mark,
                                     "device %s (%s) is part of the host's chipset, which is never passed",
                                     GPUVM_PCI(&device->addr), gpuvm_pci_class_name(device->class_code));
            gpuvm_diag_hint(diag, "to pass another function of its slot alone, set 'functions: requested'");
        } else if (!permitted(admission, function, &first) && first) {
            diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, &function->mark,
                                     "device %s (%04x:%04x) not in allowlist", GPUVM_PCI(&device->addr),
                                     device->vendor_id, device->device_id);
            hint_lists(diag, admission, device);
        }
    }
}
