/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/topology.h"

#include "core/admit.h"

const char *const gpuvm_branch_kind_names[] = {"machine", "cell", "expander", "port",     "switch", "bridge",
                                               "gpu",     "nic",  "disk",     "nvswitch", "device", NULL};
const char *const gpuvm_branch_state_names[] = {NULL, "passable", "vm", "host", "denied", "unknown"};

gpuvm_branch *
gpuvm_branch_add(gpuvm_branch *parent, gpuvm_branch_kind kind)
{
    gpuvm_branch *branch = g_new0(gpuvm_branch, 1);

    branch->kind = kind;
    branch->number = GPUVM_UNKNOWN;
    branch->addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    branch->on_host = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    branch->groups = g_array_new(FALSE, FALSE, sizeof(int));
    branch->claims = g_ptr_array_new();
    branch->children = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_branch_free);
    if (parent)
        g_ptr_array_add(parent->children, branch);
    return branch;
}

void
gpuvm_branch_free(gpuvm_branch *branch)
{
    if (!branch)
        return;
    g_free(branch->name);
    g_array_unref(branch->addrs);
    g_array_unref(branch->on_host);
    g_array_unref(branch->groups);
    g_ptr_array_unref(branch->claims);
    g_free(branch->use);
    g_free(branch->reason);
    g_ptr_array_unref(branch->children);
    g_free(branch);
}

gpuvm_branch *
gpuvm_branch_cell(const gpuvm_branch *machine, int number)
{
    for (guint i = 0; i < machine->children->len; i++) {
        gpuvm_branch *cell = machine->children->pdata[i];

        if (cell->number == number)
            return cell;
    }
    return NULL;
}

char *
gpuvm_branch_label(const gpuvm_branch *branch)
{
    const char *kind = gpuvm_branch_kind_names[branch->kind];

    if (branch->kind == GPUVM_BRANCH_CELL)
        return branch->number == GPUVM_UNKNOWN ? g_strdup("no cell known")
                                               : g_strdup_printf("%s %d", kind, branch->number);
    if (branch->addrs->len == 0)
        return g_strdup(kind);
    const char *address = GPUVM_PCI(&g_array_index(branch->addrs, gpuvm_pci_addr, 0));
    return branch->virtual && branch->addrs->len > 1
               ? g_strdup_printf("%s %s +%u", kind, address, branch->addrs->len - 1)
               : g_strdup_printf("%s %s", kind, address);
}

bool
gpuvm_branch_is_had_by(const gpuvm_branch *branch, const gpuvm_claim *claim)
{
    for (guint i = 0; i < branch->addrs->len; i++) {
        if (gpuvm_claim_has(claim, &g_array_index(branch->addrs, gpuvm_pci_addr, i)))
            return true;
    }
    return false;
}

/* "llm (running) +1": those that have it when any has, else those that name it. */
static char *
name_domains(const gpuvm_branch *branch)
{
    const char *first = NULL;
    unsigned n = 0;

    for (guint i = 0; i < branch->claims->len; i++) {
        const gpuvm_claim *claim = branch->claims->pdata[i];

        if (branch->state == GPUVM_BRANCH_IN_VM && !gpuvm_branch_is_had_by(branch, claim))
            continue;
        if (!first)
            first = claim->domain;
        n++;
    }
    g_autofree char *more = n > 1 ? g_strdup_printf(" +%u", n - 1) : g_strdup("");
    return branch->state == GPUVM_BRANCH_IN_VM ? g_strdup_printf("%s (running)%s", first, more)
                                               : g_strdup_printf("for %s%s", first, more);
}

char *
gpuvm_branch_note(const gpuvm_branch *branch)
{
    switch (branch->state) {
    case GPUVM_BRANCH_IN_VM:
        return name_domains(branch);
    case GPUVM_BRANCH_PASSABLE:
        return branch->claims->len > 0 ? name_domains(branch) : NULL;
    case GPUVM_BRANCH_ON_HOST:
        return g_strdup(branch->use);
    default:
        return branch->reason ? gpuvm_admit_about(branch->reason,
                                                  GPUVM_PCI(&g_array_index(branch->addrs, gpuvm_pci_addr, 0)))
                              : NULL;
    }
}
