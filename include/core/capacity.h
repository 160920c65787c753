/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capacity.h: what a host offers to VMs, and what the parts of it are called
 *
 * A cluster takes from it what the VMs that run there have as their utilization. So what VMs of gpuvm's have counts as offered, and
 * what others have does not.
 */
#pragma once

#include "core/policies.h"
#include "model/facts.h"

/** What the utilization of nodes and VMs calls memory, in MiB, and CPUs. */
#define GPUVM_CAPACITY_MEMORY "memory_mb"
#define GPUVM_CAPACITY_CPUS "cpu"

/** What it calls cards of one model, "gpu_10de_2330", and what that begins with. g_malloc. */
#define GPUVM_CAPACITY_CARDS "gpu_"
char *gpuvm_capacity_model_name(uint16_t vendor_id, uint16_t device_id);

/** A card that is not offered. */
typedef struct gpuvm_capacity_out {
    gpuvm_pci_addr addr;
    char *why;
} gpuvm_capacity_out;

/** The GPUs of one model; a virtual function is a card of its own. Offered are those that are free and those in VMs. */
typedef struct gpuvm_capacity_model {
    char *name;
    const gpuvm_device *device; /* one of them; borrowed from the facts */
    unsigned free;              /* that a VM may have now, and no domain names for its next start */
    unsigned in_vms;            /* that running VMs of gpuvm's have, whatever a policy says of them now */
    GPtrArray *out;             /* gpuvm_capacity_out, by address, owned: the others */
} gpuvm_capacity_model;

/** Of the CPUs, or the memory in MiB. */
typedef struct gpuvm_capacity_amount {
    uint64_t total;     /* that the host has; 0: not known */
    uint64_t reserved;  /* of these, left to the host: what the policy says, and the kernel's isolated CPUs */
    uint64_t strangers; /* that running domains have which gpuvm does not manage */
} gpuvm_capacity_amount;

typedef struct gpuvm_capacity {
    GPtrArray *
        models; /* gpuvm_capacity_model, by name, owned: every model of the host, though it may have none to offer */
    gpuvm_capacity_amount memory_mb, cpus;
} gpuvm_capacity;

/** What the host of @facts, which have all its devices and claims, offers by @policies. */
gpuvm_capacity *gpuvm_capacity_make(const gpuvm_facts *facts, const gpuvm_policies *policies);
void gpuvm_capacity_free(gpuvm_capacity *capacity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_capacity, gpuvm_capacity_free)

/** How many are offered. */
uint64_t gpuvm_capacity_cards(const gpuvm_capacity_model *model);
uint64_t gpuvm_capacity_left(const gpuvm_capacity_amount *amount);
