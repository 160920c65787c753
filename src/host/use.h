/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * use.h: from a path in sysfs, or a device number, to the PCI functions and disks that are in use then (for all of
 * host/uses.h)
 */
#pragma once

#include "model/facts.h"

/** A use that is added to every PCI function and every disk found for it. */
typedef struct gpuvm_use_context {
    const char *root;
    gpuvm_facts *facts;
    gpuvm_use_kind kind;
    bool is_root;               /* the root file system */
    bool disks_only, not_disks; /* whether it is of no concern to PCI functions, or to disks */
    const char *disk;           /* that is in use itself; NULL: the one that is named */
    const char *what, *remedy;
    bool *ret_found; /* becomes true when something is found; NULL: not asked for */
} gpuvm_use_context;

/** Adds the use to each PCI function on the way to what the sysfs path @format (without root) leads to. */
void gpuvm_use_path(const gpuvm_use_context *use, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * Adds the use to block device @name ("dm-0", "nvme0n1p2", or its number where sysfs has no name for it) and to what is
 * under it: the disk of a partition, what a volume or an array is made of, the file that a loop device shows.
 */
void gpuvm_use_block(const gpuvm_use_context *use, const char *name);

/** Adds the use to the file that loop device @name shows alone. */
void gpuvm_use_loop_file(const gpuvm_use_context *use, const char *name);

/** Adds the use to the file that @path leads to, a disk. */
void gpuvm_use_file(const gpuvm_use_context *use, const char *path);

/** Adds the use to what @number (gpuvm_inode_number) is of: a device node or a file. Numbers of neither add nothing. */
void gpuvm_use_number(const gpuvm_use_context *use, const char *number);
