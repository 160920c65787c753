/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lockfile.h: gpuvm.lock: which cards the addresses of the definitions beside it mean, on each host
 */
#pragma once

#include "doc/schema.h"
#include "model/identity.h"
#include "model/pci.h"

#define GPUVM_LOCKFILE "gpuvm.lock"

/** The function that definitions name by @address. */
typedef struct gpuvm_locked_card {
    gpuvm_object object;
    gpuvm_pci_ref address;
    gpuvm_pci_pattern *id, *subsystem; /* without wildcards; the latter NULL: not known */
    char *serial, *path;               /* as in gpuvm_identity */
    char *slot;                        /* what the machine calls the slot; NULL: nothing */
    char *name;                        /* what people call it */
} gpuvm_locked_card;

typedef struct gpuvm_locked_host {
    gpuvm_object object;
    char *uuid; /* as libvirt's capabilities have it */
    char *name; /* for the reader; NULL */
    GPtrArray *cards;
} gpuvm_locked_host;

typedef struct gpuvm_lockfile {
    gpuvm_object object;
    int kind;
    GPtrArray *hosts;
} gpuvm_lockfile;

extern const gpuvm_table gpuvm_lockfile_table;

/** @card's identity, which borrows from it. */
gpuvm_identity gpuvm_locked_identity(const gpuvm_locked_card *card);
