/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.h: one run against one host: where facts come from, what is known so far, what was found wrong
 *
 * Facts come from a host file (--host FILE, or the file of a test:///FILE connection), else from libvirt.
 * Nothing is asked twice, unless a VM was started or stopped in between. Functions that return false have put the
 * reason into the session's diagnostics.
 */
#pragma once

#include "core/need.h"
#include "core/permit.h"
#include "host/connection.h"
#include "host/domain.h"
#include "model/guest.h"

#define GPUVM_POOL "gpuvm" /* the storage pool for images, when nobody says another */

/** How far something is that takes its time. */
typedef struct gpuvm_progress {
    const char *doing, *what; /* "fetching", "https://…" */
    uint64_t done, total;     /* bytes; total 0: unknown */
    bool counts;              /* things, not bytes */
    bool ended;               /* well or not */
} gpuvm_progress;

/** What is waited for. */
typedef struct gpuvm_pending {
    const char *what;
    gint64 begun;       /* of g_get_monotonic_time */
    unsigned seconds;   /* that it may take; 0: not limited, or not known */
    const char *remedy; /* what ends it; NULL */
} gpuvm_pending;

typedef struct gpuvm_session {
    /* set before use; borrowed */
    void (*progress)(const gpuvm_progress *progress); /* called now and then; NULL: not reported */
    void (*say)(const char *text);                    /* called with what is being done; NULL: not reported */
    void (*wait)(const char *text);                   /* called with what is waited for; NULL: not reported */
    void (*pending)(
        const gpuvm_pending *pending); /* the same, now and then, and with NULL at its end; NULL */
    bool (*interrupted)(
        void); /* whether the user wants no more of it: what is begun is left as it is; NULL: never */
    void (*lost)(void); /* called by another thread: libvirtd does not answer; to end the process; NULL */
    const char *uri, *host_file, *policy_file;
    const char *defaults_file; /* NULL: the host's own; "": none */
    const char *plugin_dir;    /* NULL: the user's own, see gpuvm_plugin_directory */
    const char
        *pool; /* the storage pool for images, by name; NULL: what the defaults say, when they are read */
    /* filled when first needed */
    gpuvm_connection *connection; /* stays NULL with host_file */
    gpuvm_facts *facts;
    gpuvm_policies policies;
    gpuvm_spec *defaults; /* what lies below every VM; NULL: nothing */
    bool defaults_read;
    GHashTable *locks; /* directory → gpuvm_spec: the lock there, or NULL */
    gpuvm_need *need;
    GBytes *key;     /* that digests of secrets are sealed with (core/secret.h); NULL: none was needed yet */
    char *pool_path; /* the directory of the storage pool; NULL: not asked yet */
    bool every_device;   /* the facts hold every device of the host */
    bool every_claim;    /* … and every domain's claim */
    GHashTable *leaving; /* char *, owned: domains that are going to be removed, and claim nothing in plans */
    gpuvm_diags *diags;
} gpuvm_session;

gpuvm_session *gpuvm_session_new(void);
void gpuvm_session_free(gpuvm_session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_session, gpuvm_session_free)

/** Connects to libvirt, unless that is done. With host_file it is an error (exit code 2): nothing runs there. */
bool gpuvm_session_connect(gpuvm_session *session);

/**
 * Puts the key into the session when there are secrets in @root, which @table decodes. A host file needs none: nobody compares
 * with what is made for it.
 */
bool gpuvm_session_need_key(gpuvm_session *session, const gpuvm_table *table, const gpuvm_node *root);

/** Whether what it is to connect to, or would have, is this machine. */
bool gpuvm_session_is_here(const gpuvm_session *session);

/** The file, when the host is, or will be when it is connected to, a machine in one: what that says is all there is. NULL; g_malloc. */
char *gpuvm_session_file(const gpuvm_session *session);

/** Whether there is one. */
bool gpuvm_session_has_file(const gpuvm_session *session);

/* Reads the policies, for what needs no facts: the host's own and policy_file. One that is wrong leaves none. */
bool gpuvm_session_policies(gpuvm_session *session);

/** Puts what every decision needs into the facts: capabilities; and reads the policies. */
bool gpuvm_session_gather(gpuvm_session *session);

/*
 * Forgets the facts, to be gathered anew: a VM was started or stopped, which may have taken minutes and changes drivers
 * and claims. What was borrowed from them is no longer there.
 */
void gpuvm_session_forget(gpuvm_session *session);

/* The directory of the storage pool, there or to be made; NULL: see the diagnostics. */
const char *gpuvm_session_pool_path(gpuvm_session *session);

/*
 * From now on the domains @names (char *; NULL: none) have no devices, as far as plans go: they are going to be removed or
 * stopped.
 */
void gpuvm_session_leave(gpuvm_session *session, const GPtrArray *names);

/* Puts every device that @vm's plan needs into the facts. */
bool gpuvm_session_gather_vm(gpuvm_session *session, const gpuvm_vm *vm);

/** Puts the functions at @addrs (gpuvm_pci_addr), their slots and groups into the facts. */
bool gpuvm_session_gather_functions(gpuvm_session *session, const GArray *addrs);

/** Puts every domain's claims, with the CPUs that they are pinned to, into the facts. */
bool gpuvm_session_gather_claims(gpuvm_session *session);

/** Fills in what is known of @guest's assets, and puts who else writes to its disks into the facts. */
bool gpuvm_session_gather_guest(gpuvm_session *session, gpuvm_guest *guest);

/** Puts every device of the host into the facts. */
bool gpuvm_session_gather_all(gpuvm_session *session);

/**
 * Puts every domain's claims, and all that is known of the host itself, into the facts; *@ret_whole says whether libvirt
 * answered everything.
 */
bool gpuvm_session_gather_host(gpuvm_session *session, bool *ret_whole);

/** Looks anew at what changes without libvirt: a local host's files, and what the host does with its devices. */
void gpuvm_session_look(gpuvm_session *session);

/* Adds @error (taken) to the diagnostics: its first line is the message, further lines are hints. Returns false. */
bool gpuvm_session_fail(gpuvm_session *session, GError *error);

/* The same, with a place. */
bool gpuvm_session_fail_at(gpuvm_session *session, const gpuvm_mark *mark, GError *error);

/* Tells session->say, if any, what is being done; session->wait, what is waited for. */
void gpuvm_session_say(const gpuvm_session *session, const char *format, ...) G_GNUC_PRINTF(2, 3);
void gpuvm_session_wait(const gpuvm_session *session, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Tells session->pending; the same with @pending's what left out, which @format stands for. */
void gpuvm_session_pend(const gpuvm_session *session, gpuvm_pending pending, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Tells it that nothing is waited for any more. */
void gpuvm_session_settle(const gpuvm_session *session);

bool gpuvm_session_interrupted(const gpuvm_session *session);
