/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * judge.h: may this domain start? Every rule about it, for gpuvm's own start and for libvirt's hook alike
 *
 * Of a domain of gpuvm's all rules hold: the bounds of its XML, what is recorded of it, its devices, and what it names besides. Of
 * another one, only those about what the host does not give: its devices, and disks that the host uses.
 */
#pragma once

#include "core/admission.h"
#include "model/guest.h"

/** All borrowed. What of the host is not in the facts or the guest's assets is not known, and no error. */
typedef struct gpuvm_start_question {
    const gpuvm_claim *claim;
    const gpuvm_record *record; /* NULL: the domain is not gpuvm's */
    const char *pool_path;      /* where the record's volumes are; NULL: it is not known */
    /* that it had at define, and no domain has now: what was called so then is still its own; NULL */
    const char *former_name;
    const gpuvm_guest *guest; /* of a whole document */
    const gpuvm_facts *facts;
    const gpuvm_policies *policies;
} gpuvm_start_question;

/** Adds to @diags what stands in the way. */
void gpuvm_judge_start(const gpuvm_start_question *question, gpuvm_diags *diags);
