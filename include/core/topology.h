/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topology.h: where the devices of a host are, and what may be done with them; where a guest sees those that it has
 *
 * A tree: cells, in them root ports or expander buses, in these switches, in these devices. A device is a card with all its functions. The
 * downstream ports of a switch are not in it; nor is a bridge with nothing below it that is shown. The virtual functions of a card that
 * are alike are one device.
 */
#pragma once

#include "base/xml.h"
#include "core/admission.h"

typedef enum gpuvm_branch_kind {
    GPUVM_BRANCH_MACHINE, /* the root of the tree */
    GPUVM_BRANCH_CELL,
    GPUVM_BRANCH_EXPANDER, /* of a guest: the root of its buses in one cell */
    GPUVM_BRANCH_PORT,     /* a root port */
    GPUVM_BRANCH_SWITCH,   /* by its upstream port */
    GPUVM_BRANCH_BRIDGE,   /* any other */
    /* devices, what makes a card worth naming first */
    GPUVM_BRANCH_GPU,
    GPUVM_BRANCH_NIC,
    GPUVM_BRANCH_DISK,
    GPUVM_BRANCH_NVSWITCH,
    GPUVM_BRANCH_DEVICE,
} gpuvm_branch_kind;

/** "machine", "cell", "expander", "port" … "device". */
extern const char *const gpuvm_branch_kind_names[];

typedef enum gpuvm_branch_state {
    GPUVM_BRANCH_NO_STATE, /* it is no device of the host's */
    GPUVM_BRANCH_PASSABLE,
    GPUVM_BRANCH_IN_VM,   /* of a domain that runs */
    GPUVM_BRANCH_ON_HOST, /* not passable, and the host uses it */
    GPUVM_BRANCH_DENIED,  /* not passable for another reason */
    GPUVM_BRANCH_UNSEEN,  /* passable, unless the host uses it, which cannot be seen */
} gpuvm_branch_state;

/** NULL, "passable", "vm", "host", "denied", "unknown". */
extern const char *const gpuvm_branch_state_names[];

typedef struct gpuvm_branch {
    gpuvm_branch_kind kind;
    gpuvm_branch_state state;
    int number; /* of a cell; GPUVM_UNKNOWN: it stands for no cell in particular */
    char *
        name; /* of a device, what people call it; what a cell has: "1.0 TiB, CPUs 0-23"; of a guest its own; else NULL */
    bool virtual;    /* virtual functions, several of them may be in one */
    bool own;        /* the domain in question has it or names it */
    GArray *addrs;   /* gpuvm_pci_addr: its functions, or the bridge itself; empty of a cell */
    GArray *on_host; /* of a guest's device, the same on the host */
    GArray *groups;  /* int, ascending: their IOMMU groups */
    GPtrArray
        *claims;  /* gpuvm_claim, borrowed from the facts: by the domains that have one of them or name it */
    char *use;    /* what the host does with it, where that keeps it from being passed; NULL */
    char *reason; /* why it is not passable, or not known to be; NULL */
    GPtrArray *children; /* gpuvm_branch, owned */
} gpuvm_branch;

void gpuvm_branch_free(gpuvm_branch *branch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_branch, gpuvm_branch_free)

/** "cell 0", "port 0000:00:01.0", "gpu 0000:01:00.0", "nic 0000:17:02.0 +63" for so many more functions that are alike. g_malloc. */
char *gpuvm_branch_label(const gpuvm_branch *branch);

/** Who has a device, or why nobody may: "llm (running)", "for llm", or a reason, without its own address; NULL: nothing is to be said. g_malloc. */
char *gpuvm_branch_note(const gpuvm_branch *branch);

/** Whether one of its functions is in use by @claim's domain, which runs with it. */
bool gpuvm_branch_is_had_by(const gpuvm_branch *branch, const gpuvm_claim *claim);

/**
 * Of @facts, which have all devices and claims. @unseen: as gpuvm_admit_unseen has it; @domain: the one in question; NULL. @all: all
 * devices, not only GPUs, NICs, disks and NVSwitches.
 */
gpuvm_branch *gpuvm_topology_host(const gpuvm_facts *facts, const gpuvm_policies *policies,
                                  const char *unseen, const char *domain, bool all);

/** What the guest of @domain (<domain>) sees of the host's devices, which @facts name. NULL: see @error, as base/xml.h says. */
gpuvm_branch *gpuvm_topology_guest(const xmlNode *domain, const gpuvm_facts *facts, GError **error);

/** A child of @parent, which owns it; NULL: a root. */
gpuvm_branch *gpuvm_branch_add(gpuvm_branch *parent, gpuvm_branch_kind kind);

/** The cell @number of @machine; NULL. */
gpuvm_branch *gpuvm_branch_cell(const gpuvm_branch *machine, int number);

/** What a device or a card with @device in it is. */
gpuvm_branch_kind gpuvm_branch_kind_of(const gpuvm_device *device);
