/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * admission.h: the devices that one domain is to have, and everything that the rules about them look at
 *
 * A rule is a function that adds what stands in the way to the diagnostics; some draw further functions in: the other
 * functions of a card, the members of an IOMMU group. Which rules there are, and in what order: core/admit.h.
 */
#pragma once

#include "core/policies.h"
#include "model/plan.h"

/** When devices are judged. */
typedef enum gpuvm_occasion {
    GPUVM_PLAN = 1 << 0,    /* a definition asks for them, to run with them some day */
    GPUVM_CHOOSE = 1 << 1,  /* a selector looks for a card that no other domain names */
    GPUVM_SHOW = 1 << 2,    /* could a VM have it now? */
    GPUVM_START = 1 << 3,   /* libvirt is about to pass them */
    GPUVM_RELEASE = 1 << 4, /* the host is to have them back */
} gpuvm_occasion;

/** A device that was named and that the host does not have. */
typedef struct gpuvm_absent {
    gpuvm_pci_addr addr;
    gpuvm_mark mark;
} gpuvm_absent;

/** All borrowed. */
typedef struct gpuvm_admission {
    gpuvm_occasion occasion;
    const char *domain;     /* whose they are to be, whose own claims do not count; "": nobody's yet */
    const char *deployment; /* GPUVM_PLAN: whose replica that is; NULL */
    bool together;          /* GPUVM_PLAN: the domain is to run at once with whatever else names devices */
    const gpuvm_facts *facts;
    const gpuvm_policies *policies;
    const GPtrArray *vm_allowlist;     /* gpuvm_rule; NULL or empty: the VM has no list */
    const GPtrArray *plugin_allowlist; /* the same of its plugin */
    int functions_mode, group_mode;    /* enum gpuvm_functions, gpuvm_group_mode */
    uint64_t pinned_kib; /* memory that the guest takes from the host; 0: none, or reserved hugepages */
    const gpuvm_record *record; /* GPUVM_START: of what was defined; NULL: the domain is not gpuvm's */
    GPtrArray *functions;       /* gpuvm_plan_function: what was named and found, then what is drawn in */
    GArray *absent;             /* gpuvm_absent: what was named and is not there */
    gpuvm_diags *diags;
} gpuvm_admission;

/**
 * Names the function at @addr, which @mark asks for. Returns it; NULL when the host does not have it. One that was named
 * before stays as it was. @why may be NULL.
 */
gpuvm_plan_function *gpuvm_admission_name(const gpuvm_admission *admission, const gpuvm_pci_addr *addr,
                                          gpuvm_role role, const gpuvm_mark *mark, const char *why);

/** Names the functions of the card at @addr, as requested; returns the first. NULL: there is none. */
gpuvm_plan_function *gpuvm_admission_name_card(const gpuvm_admission *admission, const gpuvm_pci_addr *addr,
                                               const gpuvm_mark *mark, const char *why);

/** Names the PCI hostdevs of a domain (gpuvm_pci_addr), each in the role that the record has for it. */
void gpuvm_admission_name_hostdevs(const gpuvm_admission *admission, const GArray *hostdevs);
