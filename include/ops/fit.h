/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fit.h: which VMs fit on which of many captured hosts, each by itself or all of them together
 */
#pragma once

#include "core/room.h"
#include "ops/draft.h"

/** A captured host. */
typedef struct gpuvm_fit_host {
    char *name; /* of its file, without .xml */
    char *file;
    gpuvm_session *session;
    guint index;     /* in gpuvm_fit.hosts */
    GHashTable *vms; /* a gpuvm_fit_vm's key → GPtrArray of gpuvm_draft, borrowed: with the host's defaults */
    GHashTable *
        checked; /* such a key → gpuvm_fit_reason, NULL: none; of the domain XML: hosts of one policy share it */
    gpuvm_room *room;
} gpuvm_fit_host;

/** The first reason why something does not fit, what to do about it, and what define would exit with. */
typedef struct gpuvm_fit_reason {
    char *message, *hint; /* hint: lines; NULL */
    enum gpuvm_exit exit;
} gpuvm_fit_reason;

/** A VM; or a deployment, whose replicas are on one host. */
typedef struct gpuvm_fit_vm {
    const gpuvm_draft *first; /* the VM, or the first replica, on a host that has it; borrowed */
    char *key;                /* "vm NAME", "deployment NAME" */
    const char *name;         /* borrowed */
    unsigned replicas;        /* 0: it is a VM */
    gpuvm_demand demand;
    GPtrArray
        *reasons; /* gpuvm_fit_reason, owned, of each host by index; NULL: it fits, or was not tried there */
    const gpuvm_fit_host *host; /* packed: that it is put on; NULL: on none */
    const gpuvm_fit_host *last; /* packed: that was tried last */
    GPtrArray *devices; /* char *, owned: the addresses that it gets on host, as far as it asked for them */
} gpuvm_fit_vm;

typedef struct gpuvm_fit {
    GPtrArray *hosts;  /* gpuvm_fit_host, by name, owned: those that could be read */
    GPtrArray *vms;    /* gpuvm_fit_vm, by name, owned */
    GMutex lock;       /* of what hosts share */
    GPtrArray *drafts; /* GPtrArray of gpuvm_draft, owned: of each of the hosts' defaults */
} gpuvm_fit;

/**
 * Plans every VM of @paths on every host whose file is in @directory (*.xml), by itself, as though nothing else was defined there
 * in this run. @session says the options; what is wrong with a file, with a definition, and what fits nowhere is in its
 * diagnostics. NULL: there is nothing to plan.
 */
gpuvm_fit *gpuvm_fit_each(gpuvm_session *session, const char *directory, char **paths);

/**
 * Puts them on the hosts together, to run all at once beside what is there: those with most cards first, of these with most
 * memory, each on the host that has fewest cards left and has room for it. A heuristic: it may leave one over that fits otherwise.
 */
gpuvm_fit *gpuvm_fit_pack(gpuvm_session *session, const char *directory, char **paths);

void gpuvm_fit_free(gpuvm_fit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_fit, gpuvm_fit_free)
