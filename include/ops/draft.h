/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * draft.h: definition files → plans for this host
 *
 * What plan, render and define have in common: they stop at different points of this road.
 */
#pragma once

#include "model/plan.h"
#include "ops/load.h"
#include "ops/session.h"

/** What define would make of a definition. */
typedef struct gpuvm_draft {
    gpuvm_definition *definition;
    const char *set;      /* that the VM comes to belong to; NULL: the one that it belongs to; borrowed */
    bool transient;       /* gpuvm run makes it */
    gpuvm_plan *plan;     /* NULL: a second VM of a name, which is an error */
    gpuvm_domain *domain; /* as it is defined now; NULL: none, or no connection */
    char *before;         /* its persistent XML; NULL */
    bool managed;         /* it has gpuvm's metadata */
    gpuvm_record *record; /* of that; NULL when it is damaged */
    char *mac;            /* of its first NIC; NULL */
    GPtrArray *bases;     /* gpuvm_volume: of each of the plan's images; empty: not fetched yet */
    GPtrArray *made;      /* char *: volumes that this run made for it */
    char *xml;            /* what define would send; NULL when something stands in the way */
    gpuvm_guest *guest;   /* what that names besides PCI devices, when it was planned; NULL likewise */
} gpuvm_draft;

void gpuvm_draft_free(gpuvm_draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_draft, gpuvm_draft_free)

/* The text that the domain XML of @draft begins with, to be unreferenced; NULL: see the session's diagnostics. */
gpuvm_source *gpuvm_draft_template(gpuvm_session *session, const gpuvm_draft *draft);

/* Forgets what was planned; whether something was. */
bool gpuvm_draft_reset(gpuvm_draft *draft);

/** What is not as usual when a VM is planned. */
typedef enum gpuvm_draft_flags {
    GPUVM_DRAFT_TOGETHER = 1 << 0, /* as gpuvm_plan_input has it */
    GPUVM_DRAFT_BARE =
        1 << 1, /* the plan is all that is asked for: it is not recorded, and there is no XML */
} gpuvm_draft_flags;

/*
 * Plans the VM of @draft, which was not planned before, by @session's facts. What is wrong with it is in the session's
 * diagnostics, and then it has no XML. False: nothing could be planned.
 */
bool gpuvm_draft_plan(gpuvm_session *session, gpuvm_draft *draft, unsigned flags);

/* Makes the XML of the plan as it is now; what is wrong is in the session's diagnostics. */
void gpuvm_draft_make_xml(gpuvm_session *session, gpuvm_draft *draft);

/*
 * A draft (gpuvm_draft) of each of @definitions (gpuvm_definition; they are taken out of the array), not planned yet; NULL: see
 * the session's diagnostics.
 */
GPtrArray *gpuvm_drafts_new(gpuvm_session *session, GPtrArray *definitions);

/* The drafts among @all in the order that they are planned in (borrowed); a second one of a name is an error and left out. */
GPtrArray *gpuvm_drafts_order(gpuvm_session *session, const GPtrArray *all);

/*
 * Plans the VM of each draft, all errors of all of them in the session's diagnostics. VMs that name their devices are
 * planned before those that let gpuvm choose, each in the order of names, replicas by number, so that the order of files
 * does not count. False when nothing could be planned at all. A second time plans anew, with what the host is like then.
 */
bool gpuvm_drafts_plan(gpuvm_session *session, const GPtrArray *drafts);

/** The drafts of every VM of @paths, in the order given, planned. NULL when nothing could be planned at all. */
GPtrArray *gpuvm_plan_files(gpuvm_session *session, char **paths);
