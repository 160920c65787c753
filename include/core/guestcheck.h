/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guestcheck.h: what libvirt would find out about a domain, its PCI devices aside, only after these were detached
 *
 * Its files, networks, bridges and volumes are there, and no other running domain writes to its disks. An error (exit
 * code 5) when it is about to start, a warning or a note before: they may come, or go, until then. What define itself
 * needs, the image below an overlay, is an error before, too.
 *
 * What an image names besides itself lies beside it (core/chain.h), and the host does not use its disks (core/diskcheck.h):
 * else it is an error in any case.
 *
 * And what libvirt never says: that there is nothing to boot from, too little memory, or no KVM. Warnings.
 */
#pragma once

#include "core/admission.h"
#include "model/guest.h"

/**
 * What the domain of @plan and its @xml names, each asset with the place in the definition that asked for it. What
 * define makes is left out; what that needs is there: the images below overlays. Errors are as base/xml.h says.
 */
gpuvm_guest *gpuvm_guest_of_plan(const gpuvm_plan *plan, const char *xml, GError **error);

/** All borrowed. */
typedef struct gpuvm_guest_question {
    gpuvm_occasion occasion; /* GPUVM_PLAN or GPUVM_START */
    const gpuvm_guest *guest;
    const char *domain;         /* that it is to be */
    const GPtrArray *functions; /* gpuvm_plan_function: what it is passed */
    const gpuvm_body *body;     /* of its definition; NULL: its XML is all there is */
    const gpuvm_record *record; /* of the domain that starts; NULL */
    const char *pool_path;      /* where the record's volumes are; NULL: it is not known */
    const gpuvm_facts *facts;
    const gpuvm_policies *policies;
    gpuvm_diags *diags;
} gpuvm_guest_question;

/** Judges the guest; what is not known is no error. */
void gpuvm_guest_check(const gpuvm_guest_question *question);

/**
 * Of that only what the host does not give, whoever made the domain: disks that it uses, or that a policy does not allow, and
 * PCI functions that nobody has looked at.
 */
void gpuvm_guest_check_foreign(const gpuvm_guest_question *question);
