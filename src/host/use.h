/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * use.h: from a path in sysfs, or a device number, to the PCI functions that are in use then (for all of host/uses.h)
 */
#pragma once

#include "model/facts.h"

/** A use that is added to every PCI function found for it. */
typedef struct gpuvm_use_context {
    const char *root;
    gpuvm_facts *facts;
    gpuvm_use_kind kind;
    bool is_root; /* the root file system */
    const char *what, *remedy;
    bool *ret_found; /* becomes true when a PCI function is found; NULL: not asked for */
} gpuvm_use_context;

/** Adds the use to each PCI function on the way to what the sysfs path @format (without root) leads to. */
void gpuvm_use_path(const gpuvm_use_context *use, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Adds the use to what is under block device @name ("dm-0", "nvme0n1p2"). */
void gpuvm_use_block(const gpuvm_use_context *use, const char *name);

/** Adds the use to what device node @number ("char/226:0", "block/259:1") is of; numbers of no PCI device add nothing. */
void gpuvm_use_number(const gpuvm_use_context *use, const char *number);
