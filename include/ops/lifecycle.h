/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lifecycle.h: find, use and undefine the domains that gpuvm defined
 *
 * A domain of somebody else is refused (exit code 4): virsh is there for those. What went wrong is in the
 * session's diagnostics.
 */
#pragma once

#include "core/record.h"
#include "model/hardware.h"
#include "ops/session.h"

/** What became of a definition. */
typedef enum gpuvm_change { GPUVM_CREATED, GPUVM_UPDATED, GPUVM_UNCHANGED, GPUVM_REMOVED } gpuvm_change;

/** "created", "updated", "unchanged", "removed". */
extern const char *const gpuvm_change_names[];

/** What a call found to do. */
typedef enum gpuvm_outcome { GPUVM_DONE, GPUVM_NOTHING_TO_DO } gpuvm_outcome;

/**
 * Passes the console of @name to the terminal, as gpuvm_terminal_run does; one that is off is an error. To be called
 * before anything else connects. @connected is called when it begins.
 */
bool gpuvm_attach(gpuvm_session *session, const char *name, bool force, void (*connected)(const char *name));

typedef struct gpuvm_undefine_options {
    bool nvram;   /* its UEFI variables too */
    bool storage; /* the volumes of its own too: overlays and seed */
} gpuvm_undefine_options;

/** Removes the definition of @name, which must be off. Volumes that stay are named in a note. */
bool gpuvm_undefine(gpuvm_session *session, const char *name, const gpuvm_undefine_options *options);

/** The same when the VM's lock is held already. */
bool gpuvm_undefine_locked(gpuvm_session *session, const char *name, const gpuvm_undefine_options *options);

/**
 * Removes what the VM @name left in the storage pool when it was undefined: *@ret_removed are the names (char *, owned by the array),
 * none when there is a domain of that name, or nothing that is surely the VM's.
 */
bool gpuvm_undefine_left(gpuvm_session *session, const char *name, GPtrArray **ret_removed);

/** Adds the error (exit code 4) that the domain @name is not gpuvm's. */
void gpuvm_refuse_foreign(gpuvm_session *session, const char *name);

/** The domain @name that gpuvm manages, and its record; NULL: see the diagnostics. */
gpuvm_domain *gpuvm_find_managed(gpuvm_session *session, const char *name, gpuvm_record **ret_record);

/** What is recorded of the definition that @domain runs with; NULL: it is off, that is damaged, or see the diagnostics. */
gpuvm_record *gpuvm_running_record(gpuvm_session *session, gpuvm_domain *domain);

/** A domain that gpuvm manages. */
typedef struct gpuvm_instance {
    gpuvm_domain *domain;
    gpuvm_record *record;
    /* when it was looked at: */
    gpuvm_claim *claim;       /* its PCI devices, now and for its next start; NULL: it was not */
    gpuvm_hardware *hardware; /* of what it runs with; of one that is off, of its definition */
    bool pending; /* it runs, and its next start will be by another definition, or with other devices */
    int drifted;  /* whether it was changed outside gpuvm: as gpuvm_drift_look */
} gpuvm_instance;

/** The domain @name, with its record; NULL: see the diagnostics. */
gpuvm_instance *gpuvm_instance_find(gpuvm_session *session, const char *name);

/** "running", "shut off", … as virsh says it. */
const char *gpuvm_instance_state(const gpuvm_instance *instance);

/** Looks at it. */
bool gpuvm_instance_look(gpuvm_session *session, gpuvm_instance *instance);

void gpuvm_instance_free(gpuvm_instance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_instance, gpuvm_instance_free)

/**
 * Every domain that gpuvm manages (gpuvm_instance, by name, owned by the array); one that cannot be read is left out and
 * an error in the diagnostics. NULL: see there.
 */
GPtrArray *gpuvm_list_managed(gpuvm_session *session);

/** The same, but that one whose record is damaged is left out without a word: defining it again repairs that. */
GPtrArray *gpuvm_list_undamaged(gpuvm_session *session);

/**
 * The same, looked at; without @all only those that run, and only those that one of @names (NULL: any) is a pattern of, as fnmatch(3)
 * has them: of others nothing is asked.
 */
GPtrArray *gpuvm_list_looked_at(gpuvm_session *session, bool all, char **names);
